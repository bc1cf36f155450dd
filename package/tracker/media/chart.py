"""A chart that is a table and a word for how to draw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import Find, Put
from tracker.media.table import Table
from tracker.media.table_file import TableSnapshot
from tracker.media.upstairs import Shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class CustomChartSpec:
    """How a table is drawn.

    Attributes
    ----------
    spec_name : str or dict
        One of the charts of ``tracker.plot``, by W&B's name, or a Vega-Lite specification in
        which ``${field:x}`` stands for a column and ``${string:title}`` for a text.
    fields : dict
        The chart's field to the table's column.
    string_fields : dict
        The chart's texts, such as its title.
    key : str
        What it was logged as.
    split_table : bool
        Show the table in a section of its own.
    """

    spec_name: str | dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    string_fields: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    split_table: bool = False

    @property
    def table_key(self) -> str:
        """The key under which the table is logged as well."""
        if not self.key:
            raise UsageError("Key for the custom chart spec is not set.")
        prefix = "Custom Chart Tables/" if self.split_table else ""
        return f"{prefix}{self.key}_table"


@dataclass(frozen=True, slots=True, eq=False)
class ChartSnapshot:
    """A chart as it was when it was logged."""

    facts: dict[str, Any]
    table: TableSnapshot
    is_quick: ClassVar[bool] = False

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept, roughly."""
        return self.table.held_bytes

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep the table and return the JSON that stands for the chart."""
        return {**self.facts, "table": self.table.to_reference(put_bytes)}


@dataclass(eq=False, repr=False)
class CustomChart(Shown):
    """A chart to log: ``run.log({"roc": tracker.plot.roc_curve(y_true, y_probas)})``.

    Attributes
    ----------
    table : Table
        What is drawn.
    spec : CustomChartSpec
        How.
    """

    table: Table
    spec: CustomChartSpec
    type_name: ClassVar[str] = "custom-chart"

    def set_key(self, key: str) -> None:
        """Say under which key the chart is logged."""
        self.spec.key = key

    def companions(self, key: str) -> dict[str, Table]:
        """Return what is logged beside a chart of this key: the table, under a key of its own."""
        self.set_key(key)
        return {self.spec.table_key: self.table}

    def snapshot(self) -> ChartSnapshot:
        """Return what to keep; nothing done to the chart's table changes it."""
        return ChartSnapshot(self._facts(), self.table.snapshot())

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep the table and return the JSON that stands for the chart."""
        return self.snapshot().to_reference(put_bytes)

    def _facts(self) -> dict[str, Any]:
        return {
            "_type": self.type_name,
            "spec": self.spec.spec_name,
            "fields": dict(self.spec.fields),
            "strings": dict(self.spec.string_fields),
            "split_table": self.spec.split_table,
        }

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> CustomChart:
        """Return what was logged."""
        spec = CustomChartSpec(
            reference["spec"],
            reference["fields"],
            reference["strings"],
            split_table=bool(reference.get("split_table")),
        )
        return cls(Table.restore(reference["table"], find), spec)

    def to_value(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame."""
        return self.table.get_dataframe()

    def __repr__(self) -> str:
        name = self.spec.spec_name
        kind = name if isinstance(name, str) else "a Vega-Lite specification"
        title = self.spec.string_fields.get("title")
        words = f"{kind} of {len(self.table.data):,} rows" + (f", {title:.60}" if title else "")
        return f"<tracker.CustomChart: {words}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CustomChart):
            return NotImplemented
        mine, theirs = (
            (s.spec_name, s.fields, s.string_fields, s.split_table) for s in (self.spec, other.spec)
        )
        return mine == theirs and self.table == other.table

    __hash__ = None  # type: ignore[assignment]


def make_chart(
    spec: str | Mapping[str, Any],
    table: Any,
    fields: Mapping[str, Any],
    strings: Mapping[str, Any] | None = None,
    split_table: bool = False,
) -> CustomChart:
    """Return a chart.

    Raises
    ------
    UsageError
        If `table` is no Table.
    """
    if not isinstance(table, Table):
        raise UsageError(
            f"Expected `data_table` to be `tracker.Table` type, instead got {type(table).__name__}"
        )
    name = spec if isinstance(spec, str) else dict(spec)
    chosen = CustomChartSpec(name, dict(fields), dict(strings or {}), split_table=split_table)
    return CustomChart(table, chosen)
