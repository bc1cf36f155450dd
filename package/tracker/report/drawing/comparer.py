"""Runs side by side, and their code line by line."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.figures.code import diff_html
from tracker.figures.comparer import comparison_html, facts_of
from tracker.figures.formats import escape, shorten
from tracker.panels.views.code import texts_of
from tracker.report.scene import Drawn, Scene, SceneRun
from tracker.report.source import Question
from tracker.report.viewers import CodeComparer, RunComparer

RUN_LIMIT = 10
_DOT = '<i class="tkv-dot"></i>'


def draw_comparer(scene: Scene, panel: RunComparer) -> Drawn:
    """Draw settings and results, a column a run; what differs is marked."""
    runs = scene.shown(panel.max_runs_to_show or RUN_LIMIT)
    title = panel.title or "Run comparer"
    if not runs:
        return Drawn(title, note="The run set has no runs.")
    html = _with_colours(comparison_html([facts_of(run.record) for run in runs]), runs)
    only = " checked" if panel.diff_only else ""
    box = f'<label class="only"><input type="checkbox"{only}> only what differs</label>'
    return Drawn(title, html=f'<div class="scroll" tabindex="0">{html}</div>', controls=box)


def _with_colours(html: str, runs: Sequence[SceneRun]) -> str:
    """Give the heads of the columns the runs' colours."""
    first, *rest = html.split(_DOT)
    dots = (f'<i class="dot" style="background:{escape(run.colour)}"></i>' for run in runs)
    return first + "".join(dot + part for dot, part in zip(dots, rest, strict=True))


def draw_code(scene: Scene, panel: CodeComparer) -> Drawn:
    """Draw what the first two runs' cells have not in common."""
    runs = scene.shown(2)
    if len(runs) < 2:
        return Drawn(panel.title or "Code", note="Two runs are compared, and the set has fewer.")
    old, new = (run.source.cells().get(run.record.run_key, []) for run in runs)
    names = " → ".join(shorten(run.name, 40) for run in runs)
    files = [run.source.code().get(run.record.run_key, {}) for run in runs]
    # What both have is the same, and need not be read.
    same = {path for path in files[0] if files[0][path] == files[1].get(path)}
    was, now = (texts_of(scene.objects, each, same) for each in files)
    changes = diff_html(old, new, (was, now), is_split=panel.diff == "split")
    html = f'<div class="scroll" tabindex="0">{changes}</div>'
    return Drawn(panel.title or f"Code: {names}", html=html)


def code_needs(scene: Scene, panel: CodeComparer) -> list[Question]:
    """Return what drawing the code will ask for."""
    return [("cells",), ("code",)]
