"""Charts of one's own: a table and the name, or the specification, of how to draw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.media.chart import CustomChart, make_chart
from tracker.media.table import Table


def plot_table(
    vega_spec_name: str | Mapping[str, Any],
    data_table: Table,
    fields: Mapping[str, Any],
    string_fields: Mapping[str, Any] | None = None,
    split_table: bool = False,
) -> CustomChart:
    """Return a chart of a table.

    Parameters
    ----------
    vega_spec_name : str or dict
        A chart of this module by W&B's name, such as ``"wandb/line/v0"``, or a Vega-Lite
        specification in which ``${field:x}`` stands for the column that `fields` gives for x
        and ``${string:title}`` for a text.
    data_table : Table
        What is drawn.
    fields : dict
        The chart's field to the table's column.
    string_fields : dict, optional
        The chart's texts.
    split_table : bool
        Show the table in a section of its own. Default False.

    Raises
    ------
    UsageError
        If `data_table` is no Table.
    """
    return make_chart(vega_spec_name, data_table, fields, string_fields, split_table)


def visualize(id: str, value: Table) -> CustomChart:
    """Return a chart of a table whose columns have the names that the chart expects.

    Parameters
    ----------
    id : str
        W&B's name of the chart, such as ``"wandb/elbow/v1"``.
    value : Table
        What is drawn.

    Raises
    ------
    UsageError
        If `value` is no Table.
    """
    return make_chart(id, value, {})
