"""What a draft about a sweep says besides what it says of any runs."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from typing import Any, Final

from tracker.api import Api, Sweep
from tracker.errors import NotFoundError, TrackerWarning
from tracker.report.blocks import H1, H2, Block, CodeBlock, P, UnorderedList
from tracker.report.facts import Facts
from tracker.report.fields import SummaryMetric
from tracker.report.plots import BestSoFarPlot, Panel, ScatterPlot, TrialCurvesPlot
from tracker.report.report import PathLike
from tracker.report.runset import PanelGrid, Runset
from tracker.report.words import InlineCode
from tracker.sweep.config import parse_sweep
from tracker.sweep.handle import SweepHandle
from tracker.sweep.stopping import rungs

# Of one sweep: what a reader's browser draws as points, and as curves that can be told apart.
MOST_TRIALS: Final = 1000
MOST_CURVES: Final = 60
_LONGEST: Final = 1_000_000_000


def find_sweep(runs: Any, dir: PathLike | None) -> Sweep | None:
    """Return the sweep that a draft is asked for: one, or what names one and no run."""
    if isinstance(runs, Sweep):
        return runs
    if isinstance(runs, SweepHandle):
        return Api(dir).sweep(f"{runs.project}/{runs.id}")
    names = [runs] if isinstance(runs, str) else runs
    if not (isinstance(names, list) and len(names) == 1 and isinstance(names[0], str)):
        return None
    api = Api(dir)
    try:
        api.from_path(names[0])
    except NotFoundError:
        try:
            return api.sweep(names[0])
        except NotFoundError:
            return None
    return None


def trial_values(sweep: Sweep) -> dict[str, float]:
    """Return what the sweep compares the runs of its own trials by; of failed ones nothing."""
    return {
        trial.run_id: trial.value
        for trial in sweep.list_trials()
        if trial.is_sound
        and trial.run_id is not None
        and trial.value is not None
        and not math.isnan(trial.value)
    }


def search(sweep: Sweep, facts: Facts, runset: Runset) -> list[Block]:
    """Say how the sweep searched and how far it came, and draw its progress and its trials."""
    record, own = sweep.record, [t for t in sweep.list_trials() if not t.is_prior]
    counts = Counter(trial.state for trial in own)
    way = "lowest" if record.goal == "minimize" else "highest"
    several = list(sweep.metrics) if len(sweep.metrics) > 1 else []
    wanted = [f" for the {way} ", InlineCode(record.metric)] if record.metric else []
    if several:
        wanted = [" for ", ", ".join(f"{name} ({goal})" for name, goal in sweep.metrics.items())]
    expected = "" if record.expected is None else f" of {record.expected}"
    states = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    rows: list[Any] = [
        ["Sweep ", InlineCode(f"{sweep.project}/{sweep.id}"), f": {record.method} search",
         *wanted, f"; it is {record.state}."],
        f"Trials: {record.done}{expected} are over ({states}).",
    ]  # fmt: skip
    best = sweep.best_trial()
    if several:
        front = ", ".join(str(trial.number) for trial in sweep.best_trials())
        rows.append(f"Best trade-offs, which no other trial is better than: {front or 'none yet'}.")
    elif best is not None and facts.best is not None and best.run_id == facts.best.run.run_id:
        rows.append(["Best trial: ", InlineCode(facts.best.run.name), f", number {best.number}."])
    if not several and _differ(sweep, facts):
        rows.append(
            "Trials are compared by the best value that they had at any time; the table, bars and "
            "axes below show their last ones."
        )
    judged = _rungs(sweep)
    if judged:
        longest = max((len(trial.values) for trial in own), default=0)
        told = [rung for rung in judged if rung <= longest] or judged[:1]
        words = "iteration" if len(told) == 1 else "iterations"
        rows.append(
            f"Trials are judged, and may be stopped, at {words} {', '.join(map(str, told))}."
        )
    if several:
        drawings = _trade_offs(sweep.metrics, facts, runset)
    else:
        drawings = (
            _drawings(record.metric, record.goal, judged, facts, runset) if record.metric else []
        )
    return [
        H1("The search"),
        UnorderedList(rows),
        *drawings,
        H2("Its config", [CodeBlock(_as_yaml(sweep.config), language="yaml")]),
    ]


def _drawings(
    metric: str, goal: str, judged: list[int], facts: Facts, runset: Runset
) -> list[Block]:
    so_far = BestSoFarPlot(metric, goal, value="best")
    curves = TrialCurvesPlot(metric, judged)
    if len(facts.runs) <= MOST_CURVES:
        panels: list[Panel] = [so_far, curves]
        return [PanelGrid([runset.copy()], panels=panels, hide_run_sets=len(facts.runs) == 1)]
    fewer = best_first(facts, runset)
    fewer.limit = MOST_CURVES
    which = "best" if facts.best is not None else "newest"
    return [
        PanelGrid([runset.copy()], panels=[so_far], hide_run_sets=True),
        P(f"The curves of the {which} {MOST_CURVES} of {len(facts.runs)} trials:"),
        PanelGrid([fewer], panels=[curves], hide_run_sets=True),
    ]


def _trade_offs(metrics: dict[str, str], facts: Facts, runset: Runset) -> list[Block]:
    """Draw the trials over two metrics each, with the line that no trial is beyond."""
    (x, goal), *others = metrics.items()
    panels: list[Panel] = [
        # Where x is to be large the line would have to be drawn from the right.
        ScatterPlot(
            x=SummaryMetric(x), y=SummaryMetric(y),
            running_ymin=(goal, way) == ("minimize", "minimize"),
            running_ymax=(goal, way) == ("minimize", "maximize"),
        )
        for y, way in others
    ]  # fmt: skip
    return [PanelGrid([runset.copy()], panels=panels, hide_run_sets=len(facts.runs) == 1)]


def _differ(sweep: Sweep, facts: Facts) -> bool:
    """Say whether a trial had a better value than its last one."""
    values, metric = trial_values(sweep), sweep.record.metric or ""
    last = {run.run_id: run.summary.get(metric) for run in facts.runs}
    pairs = [(value, last.get(run_id)) for run_id, value in values.items()]
    return any(isinstance(end, int | float) and end != value for value, end in pairs)


def best_first(facts: Facts, runset: Runset) -> Runset:
    """Return the run set with the best runs first."""
    made = runset.copy()
    if facts.best is not None:
        way = "+" if facts.best.goal == "minimize" else "-"
        made.order = way + facts.best.column  # type: ignore[assignment]  # text is understood too
    return made


def _rungs(sweep: Sweep) -> list[int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrackerWarning)  # said when the sweep was made
        rule = parse_sweep(sweep.config).early_terminate
    found = [] if rule is None else rungs(rule)  # the first ones of an endless row
    return [rung for rung in found if rung < _LONGEST]


def _as_yaml(config: dict[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
