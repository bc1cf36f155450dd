"""Where a report reads: the store as it is, or what was kept when it was pinned."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import msgspec

from tracker.errors import NotFoundError, QueryError
from tracker.figures.expressions import joined, parse
from tracker.records import CellRecord, Curve, MetricRule, RunRecord, Series
from tracker.report.expressions import is_expression, read_expression
from tracker.report.fields import path_of
from tracker.report.runset import Runset
from tracker.report.thinning import m4_places
from tracker.store.database.connection import Connection
from tracker.store.database.encode import load_json
from tracker.store.reading import read
from tracker.store.reading.filter_text import parse_text
from tracker.store.reading.filters import parse_filters
from tracker.store.reading.version_reads import code_of
from tracker.store.series import curves as stored
from tracker.store.series.buckets import shift_for
from tracker.store.series.cells import read_cells
from tracker.store.store import Store

# Pixel columns that curves are thinned by: a panel of a report is hardly ever wider.
WIDTH = 480
MEDIA_LIMIT = 5000
# So many pixel columns that a series of a million points is read whole.
_WHOLE = 250_000
# What is asked, and about what.
Question = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Shot:
    """Something logged that is no number: what, by which run, under which key, when."""

    run_key: int
    key: str
    step: int
    value: Any


class Source(ABC):
    """The runs of a run set, and what they logged."""

    @abstractmethod
    def _ask(self, question: str, *arguments: Any) -> Any:
        """Answer one of the questions below."""

    @abstractmethod
    def prepare(self, questions: Sequence[Question], db: Connection | None = None) -> None:
        """Answer several questions in one go; they are asked later.

        Parameters
        ----------
        questions : sequence
        db : connection, optional
            The store, if it is open already.
        """

    def runs(self) -> list[RunRecord]:
        """Return the runs, in the order of the run set."""
        found: list[RunRecord] = self._ask("runs")
        return found

    def series(self) -> list[Series]:
        """Return the series of the runs, in the order in which they were first logged."""
        found: list[Series] = self._ask("series")
        return found

    def rules(self) -> dict[int, list[MetricRule]]:
        """Return what ``define_metric`` said, by run."""
        found: dict[int, list[MetricRule]] = self._ask("rules")
        return found

    def curves(self, keys: Sequence[str], x: str) -> list[Curve]:
        """Return the curves of some metrics, of all runs.

        Parameters
        ----------
        keys : sequence of str
        x : str
            ``step``, ``relative``, ``time``, or the name of a metric after ``key:``.
        """
        found: list[Curve] = self._ask("curves", sorted(keys), x)
        return found

    def expression(self, text: str) -> list[Curve]:
        """Return a formula over metrics, over steps, for each run that has logged them."""
        found: list[Curve] = self._ask("expression", text)
        return found

    def columns(self, keys: Sequence[str]) -> dict[str, Any]:
        """Return what all runs logged of some metrics by columns of steps, every value counted.

        See :func:`tracker.store.series.cells.read_cells`; besides, ``known`` has the series and
        ``runs`` the run of each.
        """
        found: dict[str, Any] = self._ask("columns", sorted(keys))
        return found

    def media(self, keys: Sequence[str]) -> list[Shot]:
        """Return what was logged of some keys, or of all that are no numbers if none is named."""
        found: list[Shot] = self._ask("media", sorted(keys))
        return found

    def cells(self) -> dict[int, list[CellRecord]]:
        """Return the notebook cells that led to each run."""
        found: dict[int, list[CellRecord]] = self._ask("cells")
        return found

    def code(self) -> dict[int, dict[str, str]]:
        """Return the digests of the source files that each run logged, by their paths."""
        found: dict[int, dict[str, str]] = self._ask("code")
        return found


class LiveSource(Source):
    """The store as it is now."""

    def __init__(self, store: Store, project: str, runset: Runset) -> None:
        self._store = store
        self._project = project
        self._runset = runset
        self._known: dict[str, Any] = {}
        self._answers: Mapping[str, Callable[..., Any]] = {
            "runs": self._runs,
            "series": lambda db: read.series(db, self._keys()),
            "rules": lambda db: read.metrics(db, self._keys()),
            "curves": self._curves,
            "columns": self._columns,
            "expression": self._expression,
            "media": self._media,
            "cells": lambda db: {key: read.cells(db, key) for key in self._keys()},
            "code": lambda db: code_of(db, self._keys()),
        }

    def _ask(self, question: str, *arguments: Any) -> Any:
        name = naming(question, arguments)
        if name not in self._known:
            self.prepare([(question, *arguments)])
        return self._known[name]

    def prepare(self, questions: Sequence[Question], db: Connection | None = None) -> None:
        """Answer several questions while the store is open once: an opening takes a while."""
        wanted = {naming(question, rest): (question, rest) for question, *rest in questions}
        news = {name: asked for name, asked in wanted.items() if name not in self._known}
        if not news:
            return
        # All other questions are about the runs.
        first = naming("runs", ())
        with self._store.reading() if db is None else nullcontext(db) as opened:
            for name, (question, rest) in {first: ("runs", ()), **news}.items():
                if name not in self._known:
                    self._known[name] = self._answers[question](opened, *rest)

    @property
    def answers(self) -> dict[str, Any]:
        """What has been asked, with the answers."""
        return self._known

    def _keys(self) -> list[int]:
        return [run.run_key for run in self.runs()]

    def _runs(self, db: Connection) -> list[RunRecord]:
        wanted = self._runset
        parts: list[Mapping[str, Any]] = [_as_filter(wanted.filters)] if wanted.filters else []
        if wanted.query:
            parts.append({"display_name": {"$regex": f"(?i){re.escape(wanted.query)}"}})
        if wanted.runs is not None:
            parts.append({"name": {"$in": wanted.runs}})
        order = ",".join(
            ("+" if each.ascending else "-") + _order_field(path_of(each.name))
            for each in wanted.order
        )
        where = parse_filters({"$and": parts} if parts else None)
        if not read.names(db, self._project):
            known = ", ".join(name for name, *_ in read.projects(db)[:10]) or "none"
            raise NotFoundError(
                f"There is no project {self._project!r} in {self._store.root}; it has {known}."
            )
        found = read.runs(db, self._project, where, order or "-created_at", wanted.limit)
        if wanted.runs is not None and not order:
            place = {run_id: number for number, run_id in enumerate(wanted.runs)}
            found.sort(key=lambda run: place[run.run_id])
        return found

    def _curves(self, db: Connection, keys: Sequence[str], x: str) -> list[Curve]:
        runs = self._keys()
        if x.startswith("key:"):
            found = stored.curves_over(db, runs, keys, x.removeprefix("key:"), width=WIDTH)
        else:
            wanted = [
                each.series_key
                for each in read.series(db, runs)
                if each.key in keys and each.kind != "json"
            ]
            found = stored.curves(db, wanted, x=x, width=WIDTH)  # type: ignore[arg-type]
        place = {key: number for number, key in enumerate(runs)}
        order = {key: number for number, key in enumerate(keys)}
        return sorted(
            (curve for curve in found.values() if len(curve.x)),
            key=lambda curve: (place[curve.run_key], order[curve.key]),
        )

    def _expression(self, db: Connection, text: str) -> list[Curve]:
        """Work it out on every point, and thin what comes out."""
        expression = parse(text)
        runs = self._keys()
        keys: dict[int, dict[str, int]] = {run: {} for run in runs}
        for each in read.series(db, runs, "default"):
            if each.key in expression.keys and each.kind != "json":
                keys[each.run_key][each.key] = each.series_key
        whole = [own for own in keys.values() if len(own) == len(expression.keys)]
        points = stored.curves(db, [key for own in whole for key in own.values()], width=_WHOLE)
        found = []
        for run, own in keys.items():
            if own in whole and own:
                given = {name: points[key] for name, key in own.items()}
                steps = {n: (c.x.astype("int64"), c.y) for n, c in given.items()}
                found.append(_thinned(run, text, *joined(expression, steps)))
        return [curve for curve in found if len(curve.x)]

    def _columns(self, db: Connection, keys: Sequence[str]) -> dict[str, Any]:
        import numpy as np

        series = [
            each
            for each in read.series(db, self._keys(), "default")
            if each.key in keys and each.kind != "json"
        ]
        last = max((run.last_step for run in self.runs()), default=0)
        shift = 0 if last < 4 * WIDTH else shift_for(0, last, WIDTH)
        found, _ = read_cells(db, [each.series_key for each in series], shift)
        return {
            **found,
            "known": np.array([each.series_key for each in series], dtype=np.int64),
            "runs": np.array([each.run_key for each in series], dtype=np.int64),
        }

    def _media(self, db: Connection, keys: Sequence[str]) -> list[Shot]:
        rows = db.execute(
            "SELECT s.run_key, s.key, v.step, v.value FROM value v "
            "JOIN series s USING (series_key) "
            "WHERE s.run_key IN (SELECT unnest($runs)) AND s.stream = 'default' "
            "AND (len($keys) = 0 OR list_contains($keys, s.key)) "
            "AND (v.value ->> '$._type') IS NOT NULL ORDER BY s.series_key, v.step DESC, v.rowid "
            f"LIMIT {MEDIA_LIMIT}",
            {"runs": self._keys(), "keys": list(keys)},
        ).fetchall()
        return [Shot(run, key, step, load_json(value)) for run, key, step, value in reversed(rows)]


class PinnedSource(Source):
    """What was read when the run set was pinned."""

    def __init__(self, answers: dict[str, Any], when: str) -> None:
        self._known = answers
        self._when = when

    def prepare(self, questions: Sequence[Question], db: Connection | None = None) -> None:
        """Do nothing: the answers are known."""

    def code(self) -> dict[int, dict[str, str]]:
        """Return what was kept of source files; nothing in pins of before they were."""
        return super().code() if naming("code", ()) in self._known else {}

    def _ask(self, question: str, *arguments: Any) -> Any:
        name = naming(question, arguments)
        if name not in self._known:
            raise NotFoundError(
                f"The run set was pinned on {self._when[:10]} without what this panel draws: "
                "report.unpin() and report.pin() read it anew."
            )
        return self._known[name]


def _thinned(run_key: int, name: str, steps: Any, values: Any) -> Curve:
    x, total = steps.astype("float64"), len(steps)
    if total > 4 * WIDTH:
        places = m4_places(x, values, WIDTH)
        x, values = x[places], values[places]
    return Curve(-1, run_key, name, x, values, total, len(x) == total)


def naming(question: str, arguments: Sequence[Any]) -> str:
    """Return the name under which an answer is kept."""
    return msgspec.json.encode([question, *arguments]).decode()


def _as_filter(filters: Any) -> Mapping[str, Any]:
    if isinstance(filters, Mapping):
        return filters
    if is_expression(filters):
        return read_expression(filters)
    return parse_text(filters)


def _order_field(path: str) -> str:
    """Return a field as the store's orders name it."""
    if path.startswith(("config.", "summary.")):
        return path
    plain = path.lower().replace("_", "").replace(" ", "")
    names = {
        "createdat": "created_at", "createdtimestamp": "created_at", "created": "created_at",
        "name": "display_name", "displayname": "display_name", "state": "state", "id": "name",
        "duration": "duration", "runtime": "duration", "group": "group",
    }  # fmt: skip
    if not path:
        raise QueryError("An order has no field.")
    return names.get(plain, f"summary.{path}")
