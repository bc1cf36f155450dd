"""What the panel of one run shows, read from the store."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tracker.figures.axes import x_axis
from tracker.figures.colours import PALETTE, colour_of
from tracker.figures.curve import Line
from tracker.figures.summary import flat_items
from tracker.figures.system import SystemGroup, in_unit, system_groups, y_range_of
from tracker.panels.curves.charts import (
    SYSTEM_SECTION,
    Ask,
    Chart,
    Drawing,
    split_key,
)
from tracker.panels.curves.project_curves import ProjectCurves
from tracker.panels.curves.wire import Parcel, plain
from tracker.panels.media.items import media_spec, shown_keys
from tracker.panels.page.client import Client
from tracker.panels.page.source import Source
from tracker.panels.runs.runset import Run, RunSet
from tracker.records import (
    AlertRecord,
    ConsoleRecord,
    Curve,
    MetricRule,
    RunRecord,
    Series,
    rule_for,
)
from tracker.store.database.connection import Connection
from tracker.store.reading import read
from tracker.store.reading.alerts import alerts
from tracker.store.reading.logged import MediaKey, media_keys, media_stamp

CONSOLE_LINES: Final = 200
_PAIRS = 500
_TEXT = 300
_MOST_ALERTS = 50
_LONGEST_ALERT = 2000
_TILE_WIDTH = 48
_TILES = ("cpu", "memory", "gpu", "gpu.memory", "gpu.power", "disk.io", "network")


class RunSource(Source):
    """Reads one run. Made for one panel; every read is given a connection that is open.

    Parameters
    ----------
    project, run_id : str
    """

    kind = "run"

    def __init__(self, project: str, run_id: str) -> None:
        self.project = project
        self.run_id = run_id
        self.record: RunRecord | None = None
        self._series: dict[tuple[str, str], Series] = {}
        self._rules: list[MetricRule] = []
        self._groups: list[SystemGroup] = []
        self._error = ""
        self._traceback = ""
        self._alerts: list[AlertRecord] = []
        self._runset = RunSet(project, spec={"first": "all"})
        self._media: list[MediaKey] = []
        self._media_stamp: Any = None
        self._curves = ProjectCurves()

    @property
    def runset(self) -> RunSet:
        """The run, as a set of one."""
        return self._runset

    @property
    def is_over(self) -> bool:
        """Whether the run will not change any more."""
        return self.record is not None and self.record.state != "running"

    def read(self, db: Connection) -> None:
        """Read what the run is and which series it has; everything else goes by that."""
        self.record = record = read.run(db, self.project, self.run_id)
        if record is None:
            return
        numbers = [s for s in read.series(db, [record.run_key]) if s.kind != "json"]
        self._series = {(s.stream, s.key): s for s in numbers}
        self._rules = read.metrics(db, [record.run_key]).get(record.run_key, [])
        if (stamp := media_stamp(db)) != self._media_stamp:
            self._media_stamp = stamp
            self._media = shown_keys(media_keys(db, [record.run_key]))
        self._runset.all = self._runset.runs = [Run(record, {}, {})]
        self._curves.catch_up(db)
        self._alerts = alerts(db, run_key=record.run_key, limit=_MOST_ALERTS)
        self._groups = system_groups(s.key for s in numbers if s.stream == "system")
        if record.state in ("failed", "crashed") and not self._error:
            self._read_error(db, record.run_key)

    def _read_error(self, db: Connection, run_key: int) -> None:
        errors = read.events(db, run_key, "error")
        if errors:
            payload = errors[-1].payload
            self._error = f"{payload.get('type', 'Error')}: {payload.get('message', '')}"
            self._traceback = str(payload.get("traceback", ""))

    # -- what it is

    def head(self) -> dict[str, Any]:
        """Return what stands above the charts, and changes while the run goes on."""
        record = self.record
        if record is None:
            return {"missing": True, "id": self.run_id, "project": self.project}
        ended = record.ended_at
        return {
            "id": record.run_id,
            "project": record.project,
            "name": record.name,
            "state": record.state,
            "exit_code": record.exit_code,
            "tags": list(record.tags[:50]),
            "created_ms": record.created_at.timestamp() * 1000,
            "updated_ms": record.updated_at.timestamp() * 1000,
            "ended_ms": ended.timestamp() * 1000 if ended else None,
            "runtime_s": record.runtime_s,
            "step": record.last_step,
            "colour": colour_of(record.run_key),
            "error": self._error[:2000],
            "traceback": self._traceback[-8000:],
        }

    def about(self) -> dict[str, Any]:
        """Return what is known of the run and rarely changes: its config, where it ran."""
        record = self.record
        if record is None:
            return {}
        return {
            "notes": (record.notes or "")[:2000],
            "group": record.group,
            "job_type": record.job_type,
            "config": plain(_shown(record.config), _PAIRS, _TEXT),
            "metadata": plain(_shown(record.metadata), _PAIRS, _TEXT),
        }

    def summary(self) -> list[list[str]]:
        """Return the names and values of the summary."""
        return plain(_shown(self.record.summary), _PAIRS, _TEXT) if self.record else []

    @property
    def error(self) -> str:
        """The last line of the traceback of a run that failed."""
        return self._error

    @property
    def media(self) -> list[MediaKey]:
        """The keys under which media were logged that have a panel."""
        return self._media

    def panels(self) -> Sequence[Mapping[str, Any]]:
        """Return a panel for each key under which media were logged."""
        return [media_spec(one) for one in self._media if not self._is_hidden(one.key)]

    def parts(self, client: Client) -> Iterable[tuple[str, dict[str, Any]]]:
        """Return the alerts, and the panels that are not charts."""
        if self._alerts:
            yield "alerts", {"alerts": [_alert(each) for each in self._alerts]}
        if views := self.panels():
            yield "views", {"views": views}

    # -- charts

    def charts(self) -> list[Chart]:
        """Return the run's charts: metrics in the order in which they appeared, then readings."""
        found = []
        for (stream, key), _ in sorted(self._series.items(), key=lambda item: item[1].series_key):
            if stream == "default" and not key.startswith("_") and not self._is_hidden(key):
                section, title = split_key(key)
                found.append(Chart(f"metric/{key}", section, title, (key,)))
        for group in self._groups:
            keys = tuple(line.key for line in group.lines)
            name = f"system/{group.name}"
            found.append(Chart(name, SYSTEM_SECTION, group.title, keys, True, group.unit))
        return found

    def drawings(
        self,
        db: Connection,
        charts: Sequence[Chart],
        ask: Ask,
    ) -> dict[str, Drawing]:
        """Read the lines of charts, by the names of the charts."""
        metrics = [chart for chart in charts if not chart.is_system]
        systems = [chart for chart in charts if chart.is_system]
        return self._metric_drawings(db, metrics, ask) | self._system_drawings(db, systems, ask)

    def curves(self, db: Connection, width: int) -> dict[str, Curve]:
        """Read all metrics that are not hidden, thinned, by key: for the static summary."""
        names = [name for name in self._series if name[0] == "default"]
        names = [name for name in names if not self._is_hidden(name[1])]
        found = self._read(db, {key: [(stream, key)] for stream, key in names}, Ask(width=width))
        return {key: curves[key] for key, curves in found.items() if key in curves}

    def _metric_drawings(
        self, db: Connection, charts: Sequence[Chart], ask: Ask
    ) -> dict[str, Drawing]:
        found = self._curves.drawings(db, self._runset, charts, ask, {})
        # One run needs no name beside its lines.
        return {
            name: replace(
                drawing,
                lines=[line._replace(label=line.curve.key) for line in drawing.lines],
                runs=(),
                options={},
            )
            for name, drawing in found.items()
            if drawing.lines
        }

    def _system_drawings(
        self, db: Connection, charts: Sequence[Chart], ask: Ask
    ) -> dict[str, Drawing]:
        ask = Ask("relative" if ask.x == "step" else ask.x, ask.width, ask.span)
        found = self._read(db, {c.name: [("system", key) for key in c.keys] for c in charts}, ask)
        groups = {f"system/{group.name}": group for group in self._groups}
        runtime_s = self.record.runtime_s if self.record else 0.0
        drawings = {}
        for chart in charts:
            group, curves = groups[chart.name], found[chart.name]
            lines = [
                Line(line.label, PALETTE[place % len(PALETTE)], in_unit(line, curves[line.key]))
                for place, line in enumerate(group.lines)
                if line.key in curves
            ]
            axis = x_axis(ask.x, runtime_s)
            drawings[chart.name] = Drawing(lines, axis, y_range_of(group))
        return drawings

    def _read(
        self, db: Connection, charts: Mapping[str, Sequence[tuple[str, str]]], ask: Ask
    ) -> dict[str, dict[str, Curve]]:
        """Read the curves of charts over steps or time, by chart and key."""
        if self.record is None:
            return {name: {} for name in charts}
        wanted = {
            name: [self._series[one] for one in keys if one in self._series]
            for name, keys in charts.items()
        }
        found = self._curves.shelf.read(db, wanted, {self.record.run_key: self.record}, ask)
        return {
            name: {reading.curve.key: reading.curve for reading in found[name].values()}
            for name in charts
        }

    def _is_hidden(self, key: str) -> bool:
        rule = rule_for(key, self._rules)
        return rule is not None and rule.hidden

    # -- the rest of the panel

    def tiles(self, db: Connection, parcel: Parcel) -> list[dict[str, Any]]:
        """Return the readings of the strip: their last values and small curves."""
        groups = [group for group in self._groups if group.name in _TILES]
        groups.sort(key=lambda group: _TILES.index(group.name))
        names = {group.name: [("system", line.key) for line in group.lines] for group in groups}
        found = self._read(db, names, Ask("relative", _TILE_WIDTH))
        tiles = []
        for group in groups:
            lines = []
            for line in group.lines:
                if line.key not in found[group.name]:
                    continue
                curve = in_unit(line, found[group.name][line.key])
                places = [parcel.add(curve.x), parcel.add(curve.y)]
                last = curve.y[-1].item() if len(curve.y) else math.nan
                shown = last if math.isfinite(last) else None
                lines.append({"label": line.label, "last": shown, "parts": places})
            top = y_range_of(group)
            tiles.append(
                {
                    "name": group.name,
                    "title": group.title,
                    "unit": group.unit,
                    "top": top[1] if top else None,
                    "lines": lines,
                }
            )
        return tiles

    def console(self, db: Connection) -> list[ConsoleRecord]:
        """Return the last lines that the run printed."""
        return read.console(db, self.record.run_key, CONSOLE_LINES) if self.record else []


def _alert(alert: AlertRecord) -> dict[str, Any]:
    return {
        "level": alert.level,
        "title": alert.title[:_TEXT],
        "text": alert.text[:_LONGEST_ALERT],
        "time_ms": alert.time.timestamp() * 1000,
    }


def _shown(tree: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    return (item for item in flat_items(tree) if not item[0].startswith("_"))
