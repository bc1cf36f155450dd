"""The runs of a panel grid with their colours and names, and the panels drawn over them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tracker.figures.colours import PALETTE, as_hex, colour_of
from tracker.figures.columns import RecordRun
from tracker.records import RunRecord
from tracker.report.fields import Field, value_of
from tracker.report.manuscript import Manuscript
from tracker.report.runset import PanelGrid, Runset, group_name
from tracker.report.source import Source
from tracker.store.files.objects import Objects


@dataclass(frozen=True, slots=True, eq=False)
class SceneRun:
    """A run as the panels of a grid draw it.

    Attributes
    ----------
    record : RunRecord
    source : Source
        Where it is read.
    runset : Runset
    colour : str
    group : str
        Name of its group; empty where the run set is not grouped.
    is_shown : bool
        Whether it is drawn at first.
    columns : RecordRun
        What columns say of it.
    """

    record: RunRecord
    source: Source
    runset: Runset
    colour: str
    group: str
    is_shown: bool
    columns: RecordRun

    @property
    def id(self) -> str:
        """What tells it apart, as drawings of runs know it."""
        return self.record.run_id

    def value(self, column: str) -> Any:
        """Return what a column, such as ``config.lr``, says of it."""
        return self.columns.value(column)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.record.name

    @property
    def run_id(self) -> str:
        """What tells it apart."""
        return self.record.run_id


@dataclass(slots=True, eq=False)
class Item:
    """A piece of media in a browser: safe HTML or a figure, and where it belongs.

    The colours of the classes that lie over an image are by their names; the index is that
    in a list of media that were logged together.
    """

    run: SceneRun
    key: str
    step: int
    html: str
    caption: str = ""
    figure: dict[str, Any] | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    index: int = 0


@dataclass(slots=True, eq=False)
class Drawn:
    """A panel, drawn.

    Attributes
    ----------
    title : str
        Not escaped.
    figure : dict or None
        What Plotly draws: ``{"data": …, "layout": …}`` with arrays; each trace has the id of
        its run as ``meta.run``, where it belongs to one.
    html : str
        Safe HTML, where there is no figure.
    controls : str
        Above `html`, where scripts run.
    items : list of Item
        Media, where there are.
    note : str
        Why there is nothing to see; not escaped.
    height : int
        Pixels.
    columns : int
        Of media, side by side; 0 for as many as have room.
    grid : (str, str) or None
        Media stand in a table: what goes down, and what across.
    """

    title: str
    figure: dict[str, Any] | None = None
    html: str = ""
    controls: str = ""
    items: list[Item] = field(default_factory=list)
    note: str = ""
    height: int = 0
    columns: int = 0
    grid: tuple[str, str] | None = None


class Scene:
    """A grid with its runs.

    Parameters
    ----------
    report : Manuscript
    grid : PanelGrid
    sources : list of Source
        One for each run set, see :func:`tracker.report.pinning.source_of`.
    """

    def __init__(self, report: Manuscript, grid: PanelGrid, sources: Sequence[Source]) -> None:
        self.report = report
        self.grid = grid
        self.sources = list(sources)
        self.group_colours: dict[str, str] = {}

    @property
    def objects(self) -> Objects:
        """The files of the store."""
        return self.report.objects

    @cached_property
    def runs(self) -> list[SceneRun]:
        """The runs of all run sets, each run once."""
        found: dict[int, tuple[RunRecord, Runset, Source]] = {}
        for runset, source in zip(self.grid.runsets, self.sources, strict=True):
            for record in source.runs():
                found.setdefault(record.run_key, (record, runset, source))
        groups = {
            key: group_of(record, runset.groupby) for key, (record, runset, _) in found.items()
        }
        self.group_colours = self.colours_of(groups.values())
        return [self._run(*each, groups[key]) for key, each in found.items()]

    def shown(self, limit: int | None = None) -> list[SceneRun]:
        """Return the runs that are drawn: all that are not switched off, at most `limit`."""
        drawn = [run for run in self.runs if run.is_shown]
        return drawn if limit is None else drawn[:limit]

    def colours_of(self, groups: Iterable[str]) -> dict[str, str]:
        """Return the colours of groups: the chosen ones, else by their names and apart.

        A group has the same colour wherever no other group has it.
        """
        sets = [runset.custom_run_colors for runset in self.grid.runsets]
        found: dict[str, str] = {}
        taken: set[str] = set()
        for name in sorted(filter(None, set(groups))):
            chosen = (each.get(name, "") for each in (self.grid.custom_run_colors, *sets))
            place = zlib.crc32(name.encode()) % len(PALETTE)
            turned = [*PALETTE[place:], *PALETTE[:place]]
            free = next((colour for colour in turned if colour not in taken), turned[0])
            found[name] = next(filter(None, map(as_hex, chosen)), free)
            taken.add(found[name])
        return found

    def _run(self, record: RunRecord, runset: Runset, source: Source, group: str) -> SceneRun:
        settings = runset.run_settings.get(record.run_id)
        colours = {**runset.custom_run_colors, **self.grid.custom_run_colors}
        chosen = [settings.color if settings else "", colours.get(record.run_id),
                  colours.get(record.name)]  # fmt: skip
        automatic = self.group_colours[group] if group else colour_of(record.run_key)
        colour = next((each for each in chosen if each), automatic)
        is_shown = not (settings and settings.disabled)
        return SceneRun(record, source, runset, colour, group, is_shown, RecordRun(record))


def group_of(record: RunRecord, fields: Sequence[Field]) -> str:
    """Return the name of a run's group; empty without fields."""
    return group_name((each, value_of(record, each)) for each in fields)


def differing_fields(runs: Sequence[RunRecord], limit: int = 8) -> list[str]:
    """Return the settings that are not the same in all runs, those that most runs have first."""
    from tracker.figures.summary import flat_items

    flat = [dict(flat_items(run.config)) for run in runs]
    keys = list(dict.fromkeys(key for each in flat for key in each if not key.startswith("_")))
    missing = object()
    varied = [key for key in keys if len({repr(each.get(key, missing)) for each in flat}) > 1]
    varied.sort(key=lambda key: -sum(key in each for each in flat))
    return [f"config.{key}" for key in varied[:limit]]
