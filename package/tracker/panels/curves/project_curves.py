"""The curves of a project: of each drawn run or group a line, for each chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from tracker.figures.axes import XAxis, XKind, x_axis
from tracker.figures.curve import Line
from tracker.figures.expressions import Expression
from tracker.panels.curves.charts import Ask, Chart, Drawing
from tracker.panels.curves.curve_options import CurveOptions, is_metric, options
from tracker.panels.curves.group_axis import Member
from tracker.panels.curves.grouping import GroupReader, over_metric
from tracker.panels.curves.readings import Reading, read_readings
from tracker.panels.curves.shelf import Shelf
from tracker.panels.runs.runset import Group, Run, RunSet
from tracker.records import Curve, MetricRule, Series, rule_for
from tracker.store.database.connection import Connection
from tracker.store.reading import read
from tracker.store.reading.run_rows import series_of
from tracker.store.series.curves import curves_over

_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash")
_FAINT: Final = 0.3
_WHOLE: Final = 2**20


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A line with what the page must know of it."""

    line: Line
    id: str
    base: Any = None
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """What is read at one push: the runs, and the series that they have."""

    db: Connection
    groups: Sequence[Group]
    shown: Mapping[int, Run]
    series: Mapping[str, Sequence[Series]]

    @property
    def records(self) -> dict[int, Any]:
        return {key: run.record for key, run in self.shown.items()}


class ProjectCurves:
    """Reads the curves of a project's charts, and remembers what does not change any more.

    Attributes
    ----------
    shelf : Shelf
        For lines that belong to no chart of a workspace.
    """

    def __init__(self) -> None:
        self.shelf = Shelf()
        self._groups = GroupReader(self.shelf)

    def catch_up(self, db: Connection) -> None:
        """Take in what was logged since; to be called once for every opening of the store."""
        self.shelf.catch_up(db)

    def drawings(
        self,
        db: Connection,
        runset: RunSet,
        charts: Sequence[Chart],
        ask: Ask,
        settings: Mapping[str, Any],
    ) -> dict[str, Drawing]:
        """Read the lines of charts, by the names of the charts.

        Parameters
        ----------
        db : connection
        runset : RunSet
            Whose visible runs, or groups, are drawn.
        charts : sequence of Chart
        ask : Ask
        settings : mapping
            The workspace's part ``curves``.
        """
        groups = runset.visible_groups
        runs = [run for group in groups for run in group.members] if groups else runset.visible
        shown = {run.key: run for run in runs}
        keys = list(dict.fromkeys(key for chart in charts for key in sorted(chart.needs)))
        look = _Look(db, groups, shown, series_of(db, list(shown), keys))
        rules = _step_metrics(db, list(shown))
        logged = _logged(db, list(shown), rules)
        found: dict[str, Drawing] = {}
        by_axis: dict[str, list[tuple[Chart, CurveOptions]]] = {}
        for chart in charts:
            chosen = options(settings, chart.options)
            x = chosen.x or ask.x
            if x == "step":
                own = _own_axis(chart, rules, shown)
                x = own if own in logged and own is not None else x
            by_axis.setdefault(x, []).append((chart, chosen))
        for x, group in by_axis.items():
            if is_metric(x):
                for chart, chosen in group:
                    drawn = self._over(look, chart, chosen, ask, x)
                    found[chart.name] = _drawing(drawn, x_axis("step", 0.0, x), chosen)
            else:
                found |= self._along(look, group, replace(ask, x=cast(XKind, x)))
        return {chart.name: found[chart.name] for chart in charts}

    # -- over steps and time

    def _along(
        self, look: _Look, charts: Sequence[tuple[Chart, CurveOptions]], ask: Ask
    ) -> dict[str, Drawing]:
        longest_s = max((run.record.runtime_s for run in look.shown.values()), default=0.0)
        axis = x_axis(ask.x, longest_s)
        single = {
            chart.name: [one for _, one in self._series(look, chart)]
            for chart, chosen in charts
            if not _is_grouped(look, chosen) or chosen.show_members
        }
        readings = self.shelf.read(look.db, single, look.records, ask)
        members = {
            chart.name: self._members(look, chart)
            for chart, chosen in charts
            if _is_grouped(look, chosen)
        }
        wanted = {
            _name(chart, place, ask): own
            for chart, _ in charts
            for place, own in members.get(chart.name, ())
        }
        self._groups.prepare(look.db, wanted, ask)
        found = {}
        for chart, chosen in charts:
            drawn = self._lines(look, chart, readings.get(chart.name, {}))
            if _is_grouped(look, chosen):
                drawn = [_faint(one) for one in drawn]
                drawn += self._grouped(look, chart, chosen, ask, members[chart.name])
            found[chart.name] = _drawing(drawn, axis, chosen)
        return found

    def _series(self, look: _Look, chart: Chart) -> list[tuple[int, Series]]:
        """Return all series of a chart, each with the place of its metric or expression."""
        found = [
            (place, one) for place, key in enumerate(chart.keys) for one in look.series.get(key, ())
        ]
        for place, expression in enumerate(chart.expressions, len(chart.keys)):
            found += [
                (place, self.shelf.derive(expression, operands))
                for operands in _operands(look, expression)
            ]
        return found

    def _lines(self, look: _Look, chart: Chart, readings: Mapping[int, Reading]) -> list[_Drawn]:
        is_mixed = len(chart.keys) + len(chart.expressions) > 1
        found = []
        for place, one in self._series(look, chart):
            reading = readings.get(one.series_key)
            if reading is None or not len(reading.curve.x):
                continue
            run = look.shown[one.run_key]
            label = f"{run.name} {one.key}" if is_mixed else run.name
            dash = _DASHES[place % len(_DASHES)]
            line = Line(label, run.colour, reading.curve, dash=dash)
            order = (run.record.created_at, run.key, place)
            found.append((order, _Drawn(line, run.id, reading.base)))
        return [drawn for _, drawn in sorted(found, key=lambda pair: pair[0])]

    def _grouped(
        self,
        look: _Look,
        chart: Chart,
        chosen: CurveOptions,
        ask: Ask,
        members: Iterable[tuple[int, list[Member]]],
    ) -> list[_Drawn]:
        found = []
        for place, own in members:
            name = _name(chart, place, ask)
            lines = self._groups.read(look.db, name, own, look.groups, ask, chosen)
            found += _as_drawn(chart, place, lines)
        return found

    def _members(self, look: _Look, chart: Chart) -> list[tuple[int, list[Member]]]:
        """Return the members of the groups, by the place of the metric or expression."""
        group_of = {run.key: n for n, group in enumerate(look.groups) for run in group.members}
        found: dict[int, list[Member]] = {}
        for place, one in self._series(look, chart):
            member = Member(one, look.shown[one.run_key], group_of[one.run_key])
            found.setdefault(place, []).append(member)
        return sorted(found.items())

    # -- over another metric

    def _over(
        self, look: _Look, chart: Chart, chosen: CurveOptions, ask: Ask, x: str
    ) -> list[_Drawn]:
        if not _is_grouped(look, chosen):
            return self._lines(look, chart, self._over_readings(look, chart, ask, x))
        found = []
        curves = _curves_over(look, chart, x, _WHOLE, None, None)
        for place, members in self._members(look, chart):
            lines = over_metric(curves, members, look.groups, ask, chosen)
            found += _as_drawn(chart, place, lines)
        return found

    def _over_readings(self, look: _Look, chart: Chart, ask: Ask, x: str) -> dict[int, Reading]:
        def read_between(low: float | None, high: float | None) -> dict[int, Curve]:
            return _curves_over(look, chart, x, ask.width, low, high)

        return read_readings(read_between, ask)


def _curves_over(
    look: _Look, chart: Chart, x: str, width: int, low: float | None, high: float | None
) -> dict[int, Curve]:
    if not look.shown or not chart.keys:
        return {}
    return curves_over(look.db, list(look.shown), chart.keys, x, width=width, lo=low, hi=high)


def _name(chart: Chart, place: int, ask: Ask) -> str:
    return f"{chart.name} {place} {ask.x} {ask.width}"


def _as_drawn(chart: Chart, place: int, lines: Iterable[tuple[Group, Line]]) -> list[_Drawn]:
    names = [*chart.keys, *(expression.text for expression in chart.expressions)]
    found = []
    for group, line in lines:
        label = f"{line.label} {names[place]}" if len(names) > 1 else line.label
        line = line._replace(label=label, dash=_DASHES[place % len(_DASHES)])
        found.append(_Drawn(line, group.id, members=tuple(run.id for run in group.members)))
    return found


def _is_grouped(look: _Look, chosen: CurveOptions) -> bool:
    return bool(look.groups) and chosen.grouped


def _faint(drawn: _Drawn) -> _Drawn:
    return replace(drawn, line=drawn.line._replace(opacity=_FAINT))


def _operands(look: _Look, expression: Expression) -> list[dict[str, Series]]:
    """Return the series that an expression needs, of each run that has all of them."""
    by_run: dict[int, dict[str, Series]] = {}
    for key in expression.keys:
        for one in look.series.get(key, ()):
            by_run.setdefault(one.run_key, {})[key] = one
    return [found for found in by_run.values() if len(found) == len(expression.keys)]


def _drawing(drawn: Sequence[_Drawn], axis: XAxis, chosen: CurveOptions) -> Drawing:
    is_grouped = any(one.members is not None for one in drawn)
    return Drawing(
        [one.line for one in drawn],
        axis,
        runs=[one.id for one in drawn],
        bases=[one.base for one in drawn],
        members=[one.members for one in drawn] if is_grouped else (),
        options=chosen.as_message(),
    )


def _step_metrics(db: Connection, runs: Sequence[int]) -> dict[int, list[MetricRule]]:
    """Return the rules of runs that gave a metric an x-axis."""
    found = read.metrics(db, runs) if runs else {}
    chosen = {run: [rule for rule in rules if rule.step_metric] for run, rules in found.items()}
    return {run: rules for run, rules in chosen.items() if rules}


def _logged(
    db: Connection, runs: Sequence[int], rules: Mapping[int, Sequence[MetricRule]]
) -> set[str]:
    """Return those of the x-axes that rules name which have been logged."""
    names = {str(rule.step_metric) for own in rules.values() for rule in own}
    found = series_of(db, runs, sorted(names)) if names else {}
    return {name for name, series in found.items() if series}


def _own_axis(
    chart: Chart, rules: Mapping[int, Sequence[MetricRule]], shown: Mapping[int, Run]
) -> str | None:
    """Return the x-axis that all drawn runs have defined for the chart's metrics, if they agree."""
    if not rules or chart.expressions or not chart.keys or len(rules) < len(shown):
        return None
    found = {_step_metric(key, rules[run]) for key in chart.keys for run in shown}
    (only,) = found if len(found) == 1 else (None,)
    return None if only in chart.keys else only


def _step_metric(key: str, rules: Sequence[MetricRule]) -> str | None:
    rule = rule_for(key, rules)
    return rule.step_metric if rule else None
