"""A first draft of a report: what a person would look at first, in the order of looking."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tracker.api import Sweep
from tracker.errors import NotFoundError
from tracker.figures.formats import format_duration, format_number, format_time
from tracker.panels.media.items import LIGHT
from tracker.report.best import Best
from tracker.report.blocks import H1, H2, Block, CodeBlock, P, TableBlock, UnorderedList
from tracker.report.drawing.tables import common_columns_of, is_counter
from tracker.report.facts import RUN_LIMIT, Facts, chosen_runs, gather
from tracker.report.fields import Field
from tracker.report.plots import (
    BarPlot,
    BestSoFarPlot,
    LinePlot,
    Panel,
    ParallelCoordinatesPlot,
    ParallelCoordinatesPlotColumn,
    ParameterImportancePlot,
    ScatterPlot,
)
from tracker.report.report import PathLike, Report
from tracker.report.runset import PanelGrid, Runset
from tracker.report.search import MOST_TRIALS, best_first, find_sweep, search, trial_values
from tracker.report.viewers import MediaBrowser, RunComparer, RunTable
from tracker.report.words import InlineCode

MOST_CURVES = 12
MOST_COMPARED = 6
_CODE_LENGTH = 20_000
# Tables and figures of so many runs are shown beside each other.
_HEAVY_RUNS = 4
_Part = Callable[[Facts, Runset], list[Block]]


def draft(
    runs: Any = None,
    *,
    title: str | None = None,
    metric: str | None = None,
    goal: str | None = None,
    follow: bool = True,
    dir: PathLike | None = None,
) -> Report:
    """Write a first draft of a report about runs, not yet saved.

    It says what was run, what differs, which run is ahead and by what, draws the curves, what
    matters and the media, and says how to run the best one again. Every part is a block as
    any other: change, move, remove.

    Parameters
    ----------
    runs : str, run, sweep, or sequence of runs, optional
        A project, or runs: ids, ``"project/id"``, or runs of :meth:`tracker.Api.runs`; or a
        sweep, or what names one and no run: then its metric decides, by the best value that each
        trial had. Default: the project that was written last.
    title : str, optional
    metric : str, optional
        The result that decides. Default: what ``define_metric`` gave a goal, else a loss, an
        error, an accuracy or a score, of validation before that of training.
    goal : {"minimize", "maximize"}, optional
        Default: by ``define_metric``, else by the metric's name.
    follow : bool
        Follow the store; False pins the runs when the report is saved. Default True.
    dir : path-like, optional
        The directory that holds the store.

    Raises
    ------
    NotFoundError
        If there is no such project or run.
    UsageError
        If the runs are of several projects.
    """
    sweep = find_sweep(runs, dir)
    if sweep is not None:
        return _draft_of_sweep(sweep, title, metric, goal, dir, follow=follow)
    project, ids = chosen_runs(runs, dir)
    facts = gather(project, ids, metric, goal, dir)
    runset = Runset(runs=ids, follow=follow, limit=RUN_LIMIT)
    order = (_in_short, _so_far, _runs, _differences, _results, _curves, _media, _again)
    blocks = _parts(facts, runset, order)
    heading = title or (facts.runs[0].name if len(facts.runs) == 1 else project)
    return Report(project, heading[:128], _described(facts), blocks, dir=dir)


def _draft_of_sweep(
    sweep: Sweep,
    title: str | None,
    metric: str | None,
    goal: str | None,
    dir: PathLike | None,
    *,
    follow: bool,
) -> Report:
    ids = [run.id for run in sweep.runs]
    if not ids:
        raise NotFoundError(f"The sweep {sweep.id} has no runs to report on yet.")
    record, values = sweep.record, trial_values(sweep)
    if metric is None and (values or any(record.metric in run.summary for run in sweep.runs)):
        metric, goal = record.metric, goal or record.goal
    is_own = bool(values) and (metric, goal or record.goal) == (record.metric, record.goal)
    facts = gather(sweep.project, ids, metric, goal, dir, MOST_TRIALS, values if is_own else None)
    runset = Runset(filters=f"sweep = {sweep.id}", follow=follow, limit=RUN_LIMIT)
    every = runset.copy()
    every.limit = MOST_TRIALS
    blocks = [
        *_in_short(facts, runset),
        *search(sweep, facts, every),
        *_parts(facts, best_first(facts, runset), (_runs, _differences)),
        *_results(facts, every),
        *_parts(facts, best_first(facts, runset), (_curves, _media, _again)),
    ]
    heading = title or f"Sweep {sweep.name}"
    return Report(sweep.project, heading[:128], _described(facts), blocks, dir=dir)


def _parts(facts: Facts, runset: Runset, parts: Iterable[_Part]) -> list[Block]:
    return [block for part in parts for block in part(facts, runset)]


def _described(facts: Facts) -> str:
    first, last = (format_time(run.created_at) for run in (facts.runs[-1], facts.runs[0]))
    count = len(facts.runs)
    # "2026-11-25 00:17 UTC" to "2026-11-25 00:18 UTC" have their day in common.
    day, _, rest = first.removesuffix(" UTC").rpartition(" ")
    last = last.removeprefix(f"{day} ")
    when = first if last == f"{rest} UTC" or first == last else f"{day} {rest} to {last}"
    return f"{count} run{'' if count == 1 else 's'} of {facts.project}, {when}."


# ------------------------------------------------------------------------------ the parts


def _in_short(facts: Facts, runset: Runset) -> list[Block]:
    states = Counter(run.state for run in facts.runs)
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    total_s = sum(run.runtime_s for run in facts.runs)
    rows: list[Any] = [f"Runs: {told}; they ran {format_duration(total_s)} in all."]
    best = facts.best
    if best is not None:
        way = "lowest" if best.goal == "minimize" else "highest"
        value = format_number(best.value)
        if len(facts.runs) == 1:
            rows.append([InlineCode(best.metric), f" came to {value}."])
        else:
            rows.append([
                "Best: ", InlineCode(best.run.name), f" has the {way} ", InlineCode(best.metric),
                f", {value}.",
            ])  # fmt: skip
        if best.second is not None:
            rows.append(
                f"The next one, {best.second.name}, has {format_number(best.second_value)}."
            )
        config = dict(_flat(best.run.config))
        settings = [f"{name} {format_number(config[name])}" for each in facts.varied
                if (name := each.removeprefix("config.")) in config]  # fmt: skip
        if settings:
            rows.append(f"The best has {', '.join(settings)}.")
    if len(facts.runs) > 1:
        names = ", ".join(each.removeprefix("config.") for each in facts.varied)
        rows.append(f"What differs: {names}." if names else "All runs have the same settings.")
    failed = [run.name for run in facts.runs if run.state in ("failed", "crashed")]
    if failed:
        rows.append(f"Did not end well: {', '.join(failed[:8])}{' …' if len(failed) > 8 else ''}.")
    return [H1("In short"), UnorderedList(rows)]


def _runs(facts: Facts, runset: Runset) -> list[Block]:
    found = [facts.best.column] if facts.best is not None else []
    results = dict.fromkeys([*found, *common_columns_of(facts.runs, 5)])
    columns: list[Field] = [*facts.varied[:6], *results]
    table = RunTable(columns=columns) if columns else RunTable()
    ordered = [best_first(facts, runset)]
    return [H1("What was run"), PanelGrid(ordered, panels=[table], hide_run_sets=True)]


def _grid(facts: Facts, runset: Runset, panels: list[Panel]) -> PanelGrid:
    """Return a grid; one run alone needs no list of runs above it, and very many fill a page."""
    is_plain = len(facts.runs) == 1 or runset.limit > RUN_LIMIT < len(facts.runs)
    return PanelGrid([runset], panels=panels, hide_run_sets=is_plain)


def _differences(facts: Facts, runset: Runset) -> list[Block]:
    if len(facts.runs) == 1:
        config = {k: v for k, v in _flat(facts.runs[0].config) if not k.startswith("_")}
        rows = [[key, value] for key, value in config.items()]
        return [H1("Settings"), TableBlock(["setting", "value"], rows)] if rows else []
    comparer = RunComparer(diff_only=True, max_runs_to_show=MOST_COMPARED)
    which = "best" if facts.best is not None else "newest"
    is_cut = len(facts.runs) > MOST_COMPARED
    words = [P(f"The {which} {MOST_COMPARED} of {len(facts.runs)} runs.")] if is_cut else []
    grid = PanelGrid([best_first(facts, runset)], panels=[comparer], hide_run_sets=True)
    return [H1("What differs"), *words, grid]


def _flat(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    from tracker.figures.summary import flat_items

    for key, value in flat_items(config):
        yield key, value if isinstance(value, str | int | float | bool) else str(value)


def _so_far(facts: Facts, runset: Runset) -> list[Block]:
    """Draw how the runs of one sweep went on, where they were given one by one."""
    best, sweeps = facts.best, {run.sweep_id for run in facts.runs}
    if best is None or len(facts.runs) < 2 or len(sweeps) > 1 or None in sweeps:
        return []
    panels: list[Panel] = [BestSoFarPlot(best.column, best.goal)]
    return [H1("The search"), _grid(facts, runset.copy(), panels)]


def _results(facts: Facts, runset: Runset) -> list[Block]:
    best = facts.best
    if best is None or len(facts.runs) < 2:
        return []
    panels: list[Panel] = [
        BarPlot(title=best.metric, metrics=[best.column], max_bars_to_show=25),
        *(
            ScatterPlot(
                x=setting, y=best.column, title=_by(best, setting), log_x=_is_wide(facts, setting)
            )
            for setting in _numeric(facts)[:1]
        ),
    ]
    if len(facts.runs) >= 3 and len(facts.varied) >= 2:
        # A seed is another one in each run: its lines lead everywhere.
        settings = [each for each in facts.varied if not each.endswith("seed")][:6]
        numeric = _numeric(facts)
        axes = [
            ParallelCoordinatesPlotColumn(
                each, log=_is_wide(facts, each) if each in numeric else None
            )
            for each in settings
        ]
        axes.append(ParallelCoordinatesPlotColumn(best.column))
        panels.append(ParallelCoordinatesPlot(axes))
    if len(facts.runs) >= 6 and facts.varied:
        title = f"What matters for {best.metric}"
        panels.append(ParameterImportancePlot(with_respect_to=best.column, title=title))
    return [H1("Results"), _grid(facts, best_first(facts, runset), panels)]


def _is_wide(facts: Facts, setting: str) -> bool | None:
    """Say whether a setting was varied by factors, which only a logarithmic axis tells apart."""
    name = setting.removeprefix("config.")
    values = [v for run in facts.runs if (v := dict(_flat(run.config)).get(name)) is not None]
    return True if min(values) > 0 and max(values) / min(values) >= 20 else None


def _by(best: Best, setting: str) -> str:
    return f"{best.metric} by {setting.removeprefix('config.')}"


def _numeric(facts: Facts) -> list[str]:
    flat = [dict(_flat(run.config)) for run in facts.runs]
    return [
        name
        for name in facts.varied
        if all(
            isinstance(value, int | float) and not isinstance(value, bool)
            for each in flat
            if (value := each.get(name.removeprefix("config."))) is not None
        )
    ]


def _curves(facts: Facts, runset: Runset) -> list[Block]:
    counts = Counter(
        each.key
        for each in facts.series
        if each.kind != "json" and not each.key.startswith("_") and not is_counter(each.key)
    )
    first = [facts.best.metric] if facts.best is not None and facts.best.metric in counts else []
    keys = list(dict.fromkeys([*first, *sorted(counts, key=lambda key: -counts[key])]))
    if not keys:
        return []
    panels: list[Panel] = [LinePlot(y=[key]) for key in keys[:MOST_CURVES]]
    rest = ", ".join(keys[MOST_CURVES : MOST_CURVES + 20])
    more = [P(f"Also logged: {rest}.")] if rest else []
    return [H1("Curves"), _grid(facts, runset.copy(), panels), *more]


def _media(facts: Facts, runset: Runset) -> list[Block]:
    if not facts.media:
        return []
    panels: list[Panel] = [
        MediaBrowser(media_keys=[key], max_runs_to_show=None if kind in LIGHT else _HEAVY_RUNS)
        for key, kind in list(facts.media.items())[:6]
    ]
    return [H1("Media"), _grid(facts, best_first(facts, runset), panels)]


def _again(facts: Facts, runset: Runset) -> list[Block]:
    """Say how the best run, or the newest, is run again."""
    run = facts.best.run if facts.best is not None else facts.runs[0]
    metadata = run.metadata
    given = metadata.get("git")
    git: dict[str, Any] = given if isinstance(given, dict) else {}
    rows: list[Any] = [["The run: ", InlineCode(f"{run.project}/{run.run_id}"), f", {run.name}."]]
    if git.get("commit"):
        dirty = ", with changes that the run keeps" if git.get("patch") else ""
        rows.append(["Code: commit ", InlineCode(str(git["commit"])[:12]), f"{dirty}."])
    if metadata.get("python"):
        host = f" on {metadata['os']}" if metadata.get("os") else ""
        rows.append(f"Python {metadata['python']}{host}.")
    if metadata.get("program"):
        rows.append(["Program: ", InlineCode(os.path.basename(str(metadata["program"]))), "."])  # noqa: PTH119
    commands = f"tracker restore {run.run_id} -o again.ipynb"
    config = {key: value for key, value in _flat(run.config) if not key.startswith("_")}
    blocks: list[Block] = [H1("How to run it again"), UnorderedList(rows)]
    if facts.has_cells:
        blocks += [P("Its cells as a notebook:"), CodeBlock(commands, language="bash")]
    if config and len(facts.runs) > 1:
        table = TableBlock(["setting", "value"], [[k, v] for k, v in config.items()])
        blocks.append(H2("Its settings", [table]))
    packages = metadata.get("packages")
    if isinstance(packages, dict) and packages:
        pins = "\n".join(f"{name}=={version}" for name, version in sorted(packages.items()))
        blocks.append(H2("Its packages", [CodeBlock(pins[:_CODE_LENGTH], language="text")]))
    return blocks
