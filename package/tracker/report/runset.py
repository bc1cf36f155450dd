"""Which runs the panels of a grid draw, in which order and colours, and as of when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.report import checks
from tracker.report.blocks import Block
from tracker.report.checks import Expected, checked, choice, flag, items, mapping, optional, text
from tracker.report.fields import Field, metric
from tracker.report.parts import Part
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


@dataclass(repr=False)
class Pin(Part):
    """What a pinned run set read, and when: an object of the store.

    Attributes
    ----------
    sha256 : str
        The object; its digest is that of the content.
    time : str
        When it was read, ISO 8601, UTC.
    run_ids : list of str
        The runs.
    """

    sha256: str = checks.needed(checks.digest)
    time: str = checked(text(40), "")
    run_ids: list[str] = checked(items(text()), [])


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
        Colours by run id, by run name or by the name of a group.
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
    """

    entity: str = checked(text(), "")
    project: str = checked(text(), "")
    name: str = checked(text(), "Run set")
    query: str = checked(text(), "")
    filters: Any = checked(_filters, "")
    groupby: list[Field] = checked(items(metric, "names to group by"), [])
    order: list[OrderBy] = checked(_order, [])
    custom_run_colors: dict[str, str] = checked(mapping(checks.colour), {})
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
    custom_run_colors: dict[str, str] = checked(mapping(checks.colour), {})

    def __post_init__(self) -> None:
        if not self.runsets:
            self.runsets = [Runset()]


WIDTHS = ("readable", "fixed", "fluid")
width = choice(*WIDTHS)
