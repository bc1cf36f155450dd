"""Which runs the panels of a grid draw, in which order and colours, and as of when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tracker.figures.formats import format_number
from tracker.report import checks
from tracker.report.blocks import Block
from tracker.report.checks import Expected, checked, choice, flag, items, mapping, optional, text
from tracker.report.fields import Field, label_of, metric, path_of
from tracker.report.parts import Part
from tracker.report.pin import Pin
from tracker.report.plots import Panel, panel


@dataclass(repr=False)
class RunSettings(Part):
    """How one run is drawn: its colour, and whether at all."""

    color: str = checked(lambda value: value and checks.colour(value), "")
    disabled: bool = checked(flag, False)


@dataclass(repr=False)
class OrderBy(Part):
    """An order of runs: ``OrderBy("summary.loss", ascending=True)``."""

    name: Field = checks.needed(metric)
    ascending: bool = checked(flag, False)


@dataclass(frozen=True, slots=True)
class RunsetGroupKey:
    """What the runs of a group have in common."""

    key: Field
    value: Any


@dataclass(frozen=True, slots=True)
class RunsetGroup:
    """A group of runs, to be given a colour: ``{RunsetGroup("Run set", (key,)): "teal"}``.

    Attributes
    ----------
    runset_name : str
        W&B's; a group has the same colour in all run sets of a grid.
    keys : sequence of RunsetGroupKey
        In the order of ``Runset.groupby``.
    """

    runset_name: str
    keys: Sequence[RunsetGroupKey]

    @property
    def name(self) -> str:
        """What the group is called in legends, and in ``custom_run_colors``."""
        return group_name((each.key, each.value) for each in self.keys)


def group_name(values: Iterable[tuple[Field, Any]]) -> str:
    """Return what tells a group: ``lr: 0.1, opt: adam``; empty without fields."""
    return ", ".join(
        f"{label_of(key)}: {'–' if value is None else format_number(value)}"
        for key, value in values
    )


def _colours(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        value = {
            key.name if isinstance(key, RunsetGroup) else key: colour
            for key, colour in value.items()
        }
    kept: dict[str, str] = mapping(checks.colour)(value)
    return kept


def _filters(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    raise Expected(
        "a filter such as {'config.lr': {'$gt': 0.1}} or \"Config('lr') > 0.1\"; '' for all runs"
    )


def _order(value: Any) -> list[OrderBy]:
    if isinstance(value, str):
        names = [part.strip() for part in value.split(",") if part.strip()]
        return [OrderBy(name.lstrip("+-"), not name.startswith("-")) for name in names]
    kept: list[OrderBy] = items(checks.instance(OrderBy))(value)
    return kept


@dataclass(repr=False)
class Runset(Part):
    """Runs of a project.

    Parameters
    ----------
    entity : str
        W&B's account; means nothing here.
    project : str
        Default: the report's.
    name : str
        What the legend calls the set. Default ``"Run set"``.
    query : str
        Only runs whose name has this text in it.
    filters : dict or str
        As for :meth:`tracker.Api.runs`; or text, ``config.lr > 0.1 and state = finished``, or as
        W&B writes it, ``Config('lr') > 0.1 and State == 'finished'``.
    groupby : list of str
        Line plots and bars have one mark for each value of these.
    order : list of OrderBy, or text such as ``"-summary.loss"``
        Default: the newest first.
    custom_run_colors : dict
        Colours by run id, by run name, or by :class:`RunsetGroup` or the name of a group.
    run_settings : dict of RunSettings
        By run id.
    runs : list of str
        Only the runs of these ids. Default: all.
    limit : int
        At most so many runs. Default 100.
    follow : bool
        Read the store each time that the report is opened. Otherwise the set is pinned: it
        shows for good what it read when the report was first saved. Default True.
    pin : Pin, optional
        What a pinned set read; :meth:`Report.pin` sets it.
    visible_columns, hidden_columns, pinned_columns, column_order : list of str
        Of the table of runs, in :class:`RunTable` and in the live workspace; a RunTable's own
        columns come before them.
    column_widths : dict of str to int
        Of the live workspace's table, in pixels.
    """

    entity: str = checked(text(), "")
    project: str = checked(text(), "")
    name: str = checked(text(), "Run set")
    query: str = checked(text(), "")
    filters: Any = checked(_filters, "")
    groupby: list[Field] = checked(items(metric, "names to group by"), [])
    order: list[OrderBy] = checked(_order, [])
    custom_run_colors: dict[str, str] = checked(_colours, {})
    run_settings: dict[str, RunSettings] = checked(mapping(checks.instance(RunSettings)), {})
    runs: list[str] | None = checked(optional(items(text())))
    limit: int = checked(checks.whole(1, 10_000), 100)
    follow: bool = checked(flag, True)
    pin: Pin | None = checked(optional(checks.instance(Pin)))
    pinned_columns: list[str] = checked(items(text()), [])
    visible_columns: list[str] = checked(items(text()), [])
    hidden_columns: list[str] = checked(items(text()), [])
    column_order: list[str] = checked(items(text()), [])
    column_widths: dict[str, int] = checked(mapping(checks.whole(1)), {})

    def set_filters_with_python_expr(self, expr: str) -> Self:
        """Set `filters`, in the words of W&B's first version of reports; return the set."""
        self.filters = expr
        return self


@dataclass(repr=False)
class PanelGrid(Block):
    """Panels over the runs of one or more run sets.

    Parameters
    ----------
    runsets : list of Runset
        Default: one with all runs of the report's project.
    panels : list of panels
    hide_run_sets : bool
        Leave out the list of runs above the panels.
    active_runset : int, optional
        W&B's: which set is shown open.
    custom_run_colors : dict
        As for :class:`Runset`, for all sets.
    """

    runsets: list[Runset] = checked(items(checks.instance(Runset)), [])
    hide_run_sets: bool = checked(flag, False)
    panels: list[Panel] = checked(items(panel), [])
    active_runset: int | None = checked(optional(checks.whole(0)), 0)
    custom_run_colors: dict[str, str] = checked(_colours, {})

    def __post_init__(self) -> None:
        if not self.runsets:
            self.runsets = [Runset()]


def table_columns(runset: Runset) -> list[str]:
    """Return the columns that a run set's table is told to have, in order; empty for the usual.

    The name and the state of a run are always there.
    """
    shown = dict.fromkeys([*runset.pinned_columns, *runset.visible_columns])
    hidden = set(runset.hidden_columns)
    order = {name: place for place, name in enumerate(runset.column_order)}
    kept = [name for name in shown if name not in hidden]
    kept.sort(key=lambda name: order.get(name, len(order)))
    paths = [path_of(name) for name in kept]
    return [path for path in paths if path.lower() not in ("name", "displayname", "state")]


WIDTHS = ("readable", "fixed", "fluid")
width = choice(*WIDTHS)
