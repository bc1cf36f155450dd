"""Runs in tables: a file or a data frame of metrics, wide or long, of one run or of many."""

from __future__ import annotations

import json
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from tracker.errors import UsageError
from tracker.exchange.choices import Choices
from tracker.exchange.columns import ENDINGS, Columns, ending_of, is_number, read_columns
from tracker.exchange.elsewhere import Elsewhere, Item, Row
from tracker.exchange.layouts import Layout, find_layout
from tracker.exchange.times import as_time_us
from tracker.exchange.words import as_project, as_run_id, made_id
from tracker.run.origin import default_project

FORMAT: Final = "table"
_STATES: Final = {
    "finished": "finished", "failed": "failed", "crashed": "crashed", "killed": "stopped",
    "running": "crashed",
}  # fmt: skip
# What programs put before the names of columns of a table of runs.
_CONFIG: Final = ("params.", "config.", "tags.")
_METRICS: Final = ("metrics.", "summary.")
_MICROSECONDS: Final = 1_000_000


def is_here(source: Path) -> bool:
    """Say whether a path leads to a table, or to a folder of tables."""
    return any(True for _ in _files(source))


def _files(source: Path) -> Iterator[Path]:
    paths = [source] if source.is_file() else sorted(source.iterdir())
    yield from (path for path in paths if path.is_file() and ending_of(path) in ENDINGS)


def find(source: Any, choices: Choices) -> Iterator[Elsewhere]:
    """Yield the runs of a table, of every table in a folder, or of a data frame.

    Raises
    ------
    UsageError
        If one cannot be read.
    """
    if isinstance(source, Path):
        for path in _files(source):
            yield from _Table(path, choices).runs()
    else:
        yield from _Table(source, choices).runs()


class _Table:
    """One table, and the runs in it."""

    def __init__(self, source: Any, choices: Choices) -> None:
        self._columns: Columns = read_columns(source)
        self._choices = choices
        self._layout: Layout = find_layout(self._columns, choices)
        self._length = max(map(len, self._columns.values()), default=0)
        if isinstance(source, Path):
            told = source.stat()
            self._origin = source.name
            self._name = source.name.split(".")[0]
            self._fingerprint = f"{told.st_size}-{told.st_mtime_ns}"
            self._time_us = int(told.st_mtime * 1e6)
        else:
            if choices.name is None and self._layout.run is None:
                raise UsageError(
                    "A DataFrame does not say which run it is of: give name=…, or run_column=…."
                )
            self._origin, self._name = "DataFrame", choices.name or ""
            self._fingerprint = _digest(self._columns)
            self._time_us = time.time_ns() // 1000

    def runs(self) -> Iterator[Elsewhere]:
        """Yield the runs, in the order in which they come."""
        layout = self._layout
        if layout.charted:
            charts: dict[str, dict[str, str]] = {}
            for column, (run, metric) in layout.charted.items():
                charts.setdefault(run, {})[column] = metric
            for run, metrics in charts.items():
                yield self._run(run, None, range(self._length), metrics)
            return
        metrics = {name: name for name in layout.metrics}
        if layout.run is None:
            found = self._run(self._name, None, range(self._length), metrics)
            found.name = self._choices.name or self._name
            yield found
            return
        projects = self._columns[layout.project] if layout.project else [None] * self._length
        places: dict[tuple[Any, Any], list[int]] = {}
        for place, run in enumerate(self._columns[layout.run]):
            if run is not None:
                places.setdefault((projects[place], run), []).append(place)
        is_of_runs = layout.step is None and all(len(each) == 1 for each in places.values())
        for (project, run), whose in places.items():
            yield self._run(str(run), project, whose, metrics, is_of_runs=is_of_runs)

    def _run(
        self,
        run: str,
        project: Any,
        places: Any,
        metrics: dict[str, str],
        *,
        is_of_runs: bool = False,
    ) -> Elsewhere:
        layout = self._layout
        read = partial(self._items, places=list(places), metrics=metrics, is_of_runs=is_of_runs)
        source = Elsewhere(
            FORMAT,
            f"{self._origin}: {run}",
            self._fingerprint,
            as_project(self._choices.project or project or default_project()),
            as_run_id(run) if layout.has_ids else made_id(FORMAT, self._origin, run),
            self._shown(run, places),
            read,
            started_us=self._time_us,
        )
        times = self._columns[layout.time] if layout.time else []
        known = [t for place in places if times and (t := as_time_us(times[place])) is not None]
        source.is_timeless = not known
        source.started_us = min(known, default=source.started_us)
        if is_of_runs:
            self._describe(source, places[0])
        if layout.dropped:
            source.remarks["Of a chart of W&B's only its curves are kept, and no bounds."] = None
        return source

    def _shown(self, run: str, places: Any) -> str:
        """Return what people read of a run: the first name in its rows, else what it is."""
        names = self._columns[self._layout.name] if self._layout.name else []
        return next((str(names[p]) for p in places if names and names[p] is not None), run)

    def _items(
        self, source: Elsewhere, places: list[int], metrics: dict[str, str], is_of_runs: bool
    ) -> Iterator[Item]:
        if is_of_runs:
            row, config = self._split(places[0], metrics)
            source.config.update(config)
            if row:
                yield Row(0, source.started_us, row)
            return
        for place, step, time_us in self._moments(source, places):
            row = self._values(place, metrics)
            if row:
                yield Row(step, time_us, row)

    def _moments(self, source: Elsewhere, places: list[int]) -> Iterator[tuple[int, int, int]]:
        """Yield place, step and time of each row."""
        layout = self._layout
        steps = self._columns[layout.step] if layout.step else None
        times = self._columns[layout.time] if layout.time else None
        keys = self._columns[layout.key] if layout.key else None
        counts: Counter[Any] = Counter()
        time_us = source.started_us
        for place in places:
            key = None if keys is None else keys[place]
            step = counts[key] if steps is None else steps[place]
            counts[key] += 1
            if not is_number(step) or step != int(step):
                source.lost["rows whose step is no whole number"] += 1
                continue
            if times is not None:
                told = as_time_us(times[place])
                time_us = time_us if told is None else told
            yield place, int(step), time_us

    def _values(self, place: int, metrics: dict[str, str]) -> dict[str, Any]:
        layout, columns = self._layout, self._columns
        if layout.key is not None:
            key, value = columns[layout.key][place], columns[self._value_column][place]
            if value is None and "json" in columns and isinstance(columns["json"][place], str):
                value = _parsed(columns["json"][place])  # as our own export has it
            return {} if key is None or value is None else {str(key): value}
        return {
            metric: value
            for name, metric in metrics.items()
            if (value := columns[name][place]) is not None
        }

    @property
    def _value_column(self) -> str:
        return next(name for name in self._columns if name.lower() == "value")

    # --- tables with a row for each run

    def _split(self, place: int, metrics: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what is a result, and what is a setting: all that is no number."""
        row: dict[str, Any] = {}
        config: dict[str, Any] = {}
        for name in metrics:
            value = self._columns[name][place]
            if value is None:
                continue
            if name.startswith(_CONFIG):
                config[name.removeprefix("params.").removeprefix("config.")] = value
            elif name.startswith(_METRICS):
                row[name.split(".", 1)[1]] = value
            elif isinstance(value, int | float) and not isinstance(value, bool):
                row[name] = value
            else:
                config[name] = value
        return row, config

    def _describe(self, source: Elsewhere, place: int) -> None:
        lower = {name.lower(): self._columns[name][place] for name in self._columns}
        state = str(lower.get("state") or lower.get("status") or "finished").lower()
        source.state = _STATES.get(state, "finished")
        source.notes = str(lower["notes"]) if lower.get("notes") else None
        for word in ("name", "run name", "tags.mlflow.runname"):
            if isinstance(lower.get(word), str):
                source.name = lower[word]
                break
        for word in ("start_time", "start time", "created", "created_at"):
            if (time_us := as_time_us(lower.get(word))) is not None:
                source.started_us, source.is_timeless = time_us, False
                break
        end_us = as_time_us(lower.get("end_time"))
        seconds = lower.get("runtime")
        if end_us is None and is_number(seconds):
            end_us = source.started_us + int(float(seconds) * _MICROSECONDS)
        source.ended_us = end_us


def _digest(columns: Columns) -> str:
    """Return what is different when a data frame has changed."""
    checksum = 0
    for name, values in columns.items():
        checksum = zlib.crc32(repr((name, values)).encode("utf-8", "replace"), checksum)
    return f"{checksum:08x}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
