"""Tables that runs logged, drawn as one of the charts of :mod:`tracker.plot`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.report.checks import Expected, checked, mapping, text
from tracker.report.plots import Panel

_KNOWN = "{'summaryTable': {'tableKey': 'the key of a logged table'}}"


def _query(value: Any) -> dict[str, Any]:
    """Allow queries for a logged table, as ``from_table`` makes them."""
    if not isinstance(value, Mapping) or not isinstance(_key_in(value), str | None):
        raise Expected(f"a query for a table, {_KNOWN}")
    return dict(value)


def _key_in(query: Mapping[str, Any]) -> Any:
    for name in ("summaryTable", "historyTable"):
        table = query.get(name)
        if isinstance(table, Mapping):
            return table.get("tableKey")
    return None


@dataclass(repr=False)
class CustomChart(Panel):
    """The last table that each run has logged under a key, drawn as a chart.

    Parameters
    ----------
    query : dict
        Which table: see :meth:`from_table`.
    chart_name : str
        One of W&B's charts that :mod:`tracker.plot` draws, such as ``"wandb/line/v0"`` or
        ``"wandb/scatter/v0"``.
    chart_fields : dict of str to str
        The chart's field to the table's column.
    chart_strings : dict of str to str
        The chart's texts, such as ``title``.
    """

    query: dict[str, Any] = checked(_query, {})
    chart_name: str = checked(text(), "")
    chart_fields: dict[str, str] = checked(mapping(text()), {})
    chart_strings: dict[str, str] = checked(mapping(text()), {})

    @classmethod
    def from_table(
        cls,
        table_name: str,
        chart_fields: Mapping[str, str] | None = None,
        chart_strings: Mapping[str, str] | None = None,
        chart_name: str = "wandb/line/v0",
    ) -> CustomChart:
        """Return the chart of the tables that were logged under a key."""
        return cls(
            query={"summaryTable": {"tableKey": table_name}},
            chart_name=chart_name,
            chart_fields=dict(chart_fields or {}),
            chart_strings=dict(chart_strings or {}),
        )

    @property
    def table_key(self) -> str:
        """The key under which the tables were logged; empty if none is named."""
        return str(_key_in(self.query) or "")
