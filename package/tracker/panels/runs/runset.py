"""The runs that a workspace is about: which pass its filter, in which order, in which groups.

Views and curves take their runs from here: :attr:`RunSet.visible` are those that are drawn, one
by one, and :attr:`RunSet.groups` say how they belong together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tracker.errors import FilterSyntaxError, QueryError
from tracker.figures.colours import PALETTE, colour_of
from tracker.figures.summary import flat_items, value_text
from tracker.panels.runs.columns import Column, columns_of, usual_columns
from tracker.records import RunRecord
from tracker.store.database.connection import Connection
from tracker.store.reading.filter_text import conditions, mongo_name, parse_text
from tracker.store.reading.filters import order_by, parse_filters
from tracker.store.reading.run_rows import Metrics, RunRows, project_metrics, run_keys

# How many runs, or groups, are drawn before anybody has chosen.
FIRST: Final = 10
DEFAULT_ORDER: Final = [["created_at", "desc"]]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run of the set.

    Attributes
    ----------
    record : RunRecord
        Without metadata.
    config, summary : dict
        Flat: nested keys are joined by dots. Keys that begin with an underscore are left out.
    """

    record: RunRecord
    config: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The run's id."""
        return self.record.run_id

    @property
    def key(self) -> int:
        """The run's number in the store."""
        return self.record.run_key

    @property
    def name(self) -> str:
        """The run's name."""
        return self.record.name

    @property
    def colour(self) -> str:
        """The run's colour, the same on every surface."""
        return colour_of(self.record.run_key)

    def value(self, column: str) -> Any:
        """Return what a column such as ``"config.lr"`` or ``"state"`` says; None if nothing."""
        head, dot, key = column.partition(".")
        if dot and head == "config":
            return self.config.get(key)
        if dot and head == "summary":
            return self.summary.get(key)
        read = _FIELDS.get(column)
        return None if read is None else read(self.record)


_FIELDS: Final[dict[str, Any]] = {
    "name": lambda run: run.name,
    "id": lambda run: run.run_id,
    "state": lambda run: run.state,
    "created_at": lambda run: run.created_at.timestamp(),
    "updated_at": lambda run: run.updated_at.timestamp(),
    "ended_at": lambda run: run.ended_at and run.ended_at.timestamp(),
    "duration": lambda run: run.runtime_s,
    "step": lambda run: run.last_step if run.last_step >= 0 else None,
    "tags": lambda run: list(run.tags),
    "notes": lambda run: run.notes,
    "group": lambda run: run.group,
    "job_type": lambda run: run.job_type,
    "sweep": lambda run: run.sweep_id,
}


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Runs that have the same values in the columns that the set is grouped by.

    Attributes
    ----------
    id : str
        The same for the same values, today and tomorrow.
    values : tuple
        One for each column.
    members : list of Run
        In the set's order, hidden ones among them.
    colour : str
        By its values, and unlike those of other groups as far as there are colours.
    """

    id: str
    values: tuple[Any, ...]
    members: list[Run]
    colour: str

    @property
    def name(self) -> str:
        """The values, as text."""
        return " · ".join(_shown(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a filter or an order was not used, and the place in the filter's text if known."""

    text: str
    place: tuple[int, int] | None = None


@dataclass
class RunSet:
    """The runs of a project as a workspace wants them; read anew at each push.

    Attributes
    ----------
    project : str
    all : list of Run
        Every run of the project, the oldest first.
    runs : list of Run
        Those that pass filter and search, in the set's order.
    groups : list of Group
        The same runs in their groups, in order; empty where the set is not grouped.
    problem : Problem or None
        What is wrong with the filter; then it is left out.
    rules : list or None
        The filter as (field, sign, value) rows, where it is that simple.
    spec : mapping
        The workspace's part ``runset``.
    objects_dir : Path
        Where the files are that runs logged.
    metrics : Metrics
        The keys of the numbers that the project's runs logged.
    """

    project: str
    all: list[Run] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    problem: Problem | None = None
    rules: list[tuple[str, str, Any]] | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    objects_dir: Path = Path("objects")
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self._rows = RunRows(self.project)
        self._made: dict[int, Run] = {}
        self._columns: tuple[list[Run], list[Any], list[Column]] | None = None
        self._fingerprint: tuple[Any, ...] | None = None

    def read(self, db: Connection, spec: Mapping[str, Any]) -> None:
        """Read the runs as a workspace's part ``runset`` wants them."""
        self.spec, self._fingerprint = spec, None
        self.metrics = project_metrics(db, self.project)
        self.all = [self._run(record) for record in self._rows.read(db)]
        self._made = {run.key: run for run in self.all}
        fit = searcher(str(spec.get("search") or ""))
        self.runs = [run for run in self._filtered(db) if fit(run)]
        self.groups = self._grouped([str(column) for column in spec.get("group_by") or ()])

    def _run(self, record: RunRecord) -> Run:
        known = self._made.get(record.run_key)
        if known is not None and known.record is record:
            return known
        is_same = known is not None and known.record.config is record.config
        config = known.config if known is not None and is_same else _flat(record.config)
        return Run(record, config, _flat(record.summary))

    def _filtered(self, db: Connection) -> list[Run]:
        text = str(self.spec.get("filter") or "")
        order = [(str(name), way == "desc") for name, way in self.order]
        self.problem, self.rules = None, []
        try:
            filters = parse_text(text)
            self.rules = conditions(filters)
            where = parse_filters(filters)
            by = order_by((mongo_name(name), is_down) for name, is_down in order)
            keys = run_keys(db, self.project, where, by)
        except QueryError as error:
            place = error.place if isinstance(error, FilterSyntaxError) else None
            self.problem, self.rules = Problem(str(error), place), None
            keys = [run.key for run in reversed(self.all)]
        # A run may have come between the two readings of one connection's snapshot.
        return [self._made[key] for key in keys if key in self._made]

    @property
    def order(self) -> list[list[str]]:
        """Columns with ``"asc"`` or ``"desc"``, the most important first."""
        return list(self.spec.get("order") or DEFAULT_ORDER)

    @property
    def group_by(self) -> list[str]:
        """Columns whose values make the groups."""
        return [str(column) for column in self.spec.get("group_by") or ()]

    def _grouped(self, columns: list[str]) -> list[Group]:
        if not columns:
            return []
        found: dict[tuple[str, ...], tuple[tuple[Any, ...], list[Run]]] = {}
        for run in self.runs:
            values = tuple(run.value(column) for column in columns)
            found.setdefault(tuple(map(_mark, values)), (values, []))[1].append(run)
        ids = {marks: group_id(columns, values) for marks, (values, _) in found.items()}
        colours = group_colours(ids.values())
        groups = [Group(ids[marks], *rest, colours[ids[marks]]) for marks, rest in found.items()]
        for column, way in reversed(self.order):
            groups = _sorted_groups(groups, column, is_down=way == "desc")
        return groups

    # -- what is drawn

    @property
    def first(self) -> int | None:
        """How many runs, or groups, are drawn unless somebody chose; None for all."""
        first = self.spec.get("first", FIRST)
        return None if first == "all" else int(first)

    def is_shown(self, name: str, place: int) -> bool:
        """Say whether the run or the group of this id is drawn, which stands at this place."""
        only = self.spec.get("only")
        if only is not None:
            return name in only
        if name in (self.spec.get("hidden") or ()):
            return False
        return self.first is None or place < self.first or name in (self.spec.get("shown") or ())

    @property
    def visible_groups(self) -> list[Group]:
        """The groups that are drawn, without their hidden members."""
        found = []
        for place, group in enumerate(self.groups):
            if self.is_shown(group.id, place):
                hidden = set(self.spec.get("hidden") or ())
                members = [run for run in group.members if run.id not in hidden]
                if members:
                    found.append(Group(group.id, group.values, members, group.colour))
        return found

    @property
    def visible(self) -> list[Run]:
        """The runs that are drawn, in order."""
        if self.groups:
            return [run for group in self.visible_groups for run in group.members]
        return [run for place, run in enumerate(self.runs) if self.is_shown(run.id, place)]

    @property
    def unhidden(self) -> list[Run]:
        """The runs that pass, in order, but for those that somebody chose not to see.

        What has room for all runs draws these, however many the first are.
        """
        if self.spec.get("only") is not None:
            return self.visible
        hidden = set(self.spec.get("hidden") or ())
        hidden |= {run.id for g in self.groups if g.id in hidden for run in g.members}
        return [run for run in self.runs if run.id not in hidden]

    @property
    def baseline(self) -> Run | None:
        """The run that others are compared with, if one was chosen."""
        name = self.spec.get("baseline")
        return next((run for run in self.all if run.id == name), None) if name else None

    @property
    def fingerprint(self) -> tuple[Any, ...]:
        """Return what changes when the drawn runs, their names, states or groups do."""
        if self._fingerprint is None:
            groups = tuple((group.id, len(group.members)) for group in self.visible_groups)
            runs = tuple((run.id, run.name, run.record.state) for run in self.visible)
            self._fingerprint = groups, runs, self.spec.get("baseline")
        return self._fingerprint

    # -- columns

    @property
    def columns(self) -> list[Column]:
        """Every column that the project's runs have values for, fixed ones first.

        The same list as before where no key came or went.
        """
        if self._columns is None or self._columns[0] is not self.all:
            stamp = [(run.config, run.summary) for run in self.all]
            known = self._columns
            is_same = known is not None and _are_same(known[1], stamp)
            found = known[2] if known is not None and is_same else columns_of(self.all)
            self._columns = (self.all, stamp, found)
        return self._columns[2]

    @property
    def shown_columns(self) -> list[str]:
        """The ids of the table's columns: those chosen, else what tells the runs apart."""
        chosen = self.spec.get("columns")
        return list(map(str, chosen)) if isinstance(chosen, list) else usual_columns(self.columns)


def group_id(columns: Sequence[str], values: Sequence[Any]) -> str:
    """Return the id of runs with these values; texts that look like numbers are other ones."""
    text = json.dumps([list(columns), [_mark(value) for value in values]])
    return f"group/{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def group_colours(ids: Iterable[str]) -> dict[str, str]:
    """Return a colour for each group: its own, or the next where another group has that."""
    found: dict[str, str] = {}
    taken: set[int] = set()
    for name in sorted(ids):
        place = int(name.removeprefix("group/"), 16) % len(PALETTE)
        while place in taken and len(taken) < len(PALETTE):
            place = (place + 1) % len(PALETTE)
        taken.add(place)
        found[name] = PALETTE[place]
    return found


def searcher(text: str) -> Any:
    """Return what says whether a run's name, id, state, tags or notes contain a text."""
    wanted = text.strip().casefold()

    def fits(run: Run) -> bool:
        record = run.record
        words = (record.name, record.run_id, record.state, *record.tags, record.notes or "")
        return wanted in "\n".join(words).casefold()

    return fits if wanted else lambda _run: True


def finite(values: Iterable[Any]) -> list[float]:
    """Return the numbers among values that are neither NaN nor infinite."""
    return [
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0
    ]


def _sorted_groups(groups: list[Group], column: str, *, is_down: bool) -> list[Group]:
    """Order groups by the mean of a column, else by its first text; what is missing comes last."""
    numbers, words, none = [], [], []
    for group in groups:
        values = [run.value(column) for run in group.members]
        found = finite(values)
        if found:
            numbers.append((sum(found) / len(found), group))
            continue
        text = next((_shown(value) for value in values if value not in (None, [])), None)
        if text is None:
            none.append(group)
        else:
            words.append((text, group))
    numbers.sort(key=lambda pair: pair[0], reverse=is_down)
    words.sort(key=lambda pair: pair[0], reverse=is_down)
    return [*(group for _, group in numbers), *(group for _, group in words), *none]


def _are_same(one: list[Any], other: list[Any]) -> bool:
    """Say whether runs have the same config and the same keys in their summaries.

    The values there change with every step that is logged; which columns there are does not.
    """
    return len(one) == len(other) and all(
        a is c and (b is d or b.keys() == d.keys())
        for (a, b), (c, d) in zip(one, other, strict=True)
    )


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in flat_items(tree) if not key.startswith("_")}


def _mark(value: Any) -> str:
    """Return the same text for values that belong together, and for no others."""
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    return repr(value) if isinstance(value, int) else json.dumps(value, sort_keys=True, default=str)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else value_text(value)
