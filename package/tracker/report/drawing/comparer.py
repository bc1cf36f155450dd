"""Runs side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracker.figures.formats import escape, shorten
from tracker.figures.summary import flat_items
from tracker.report.drawing.tables import cell
from tracker.report.plots import RunComparer
from tracker.report.scene import Drawn, Scene, SceneRun

RUN_LIMIT = 10
ROW_LIMIT = 400


def draw_comparer(scene: Scene, panel: RunComparer) -> Drawn:
    """Draw settings and results, a column a run; what differs is marked."""
    runs = scene.shown(panel.max_runs_to_show or RUN_LIMIT)
    if not runs:
        return Drawn(panel.title or "Run comparer", note="The run set has no runs.")
    head = "".join(
        f'<th scope="col"><span class="dot" style="background:{escape(run.colour)}"></span>'
        f"{escape(shorten(run.name, 40))}</th>"
        for run in runs
    )
    parts = "".join(_section(name, rows) for name, rows in _sections(runs) if rows)
    only = " checked" if panel.diff_only else ""
    html = (
        f'<div class="scroll" tabindex="0"><table class="comparer"><thead><tr><th></th>{head}</tr>'
        f"</thead>{parts}</table></div>"
    )
    box = f'<label class="only"><input type="checkbox"{only}> only what differs</label>'
    return Drawn(panel.title or "Run comparer", html=html, controls=box)


def _sections(runs: Sequence[SceneRun]) -> Iterator[tuple[str, list[tuple[str, list[Any]]]]]:
    yield (
        "Run",
        [
            ("state", [run.record.state for run in runs]),
            ("created", [run.record.created_at for run in runs]),
            ("runtime (s)", [round(run.record.runtime_s, 1) for run in runs]),
            ("commit", [_commit(run) for run in runs]),
        ],
    )
    yield "Config", _rows([run.record.config for run in runs])
    yield "Summary", _rows([run.record.summary for run in runs])


def _rows(mappings: Sequence[dict[str, Any]]) -> list[tuple[str, list[Any]]]:
    flat = [
        {key: value for key, value in flat_items(each) if not _is_media(value)} for each in mappings
    ]
    keys = dict.fromkeys(key for each in flat for key in each if not key.startswith("_"))
    return [(key, [each.get(key) for each in flat]) for key in list(keys)[:ROW_LIMIT]]


def _is_media(value: Any) -> bool:
    return isinstance(value, dict) and "_type" in value


def _commit(run: SceneRun) -> str | None:
    git = run.record.metadata.get("git")
    commit = git.get("commit") if isinstance(git, dict) else None
    return str(commit)[:10] if commit else None


def _section(name: str, rows: Sequence[tuple[str, list[Any]]]) -> str:
    body = "".join(
        f'<tr class="{"same" if is_same(values) else "differs"}"><th scope="row">'
        f"{escape(shorten(key, 80))}</th>{''.join(map(cell, values))}</tr>"
        for key, values in rows
    )
    return f'<tbody><tr class="part"><th colspan="99">{escape(name)}</th></tr>{body}</tbody>'


def is_same(values: Sequence[Any]) -> bool:
    """Say whether all values are the same; NaN is the same as NaN, and 1 as 1.0."""
    first = values[0]
    return all(value == first or repr(value) == repr(first) for value in values)
