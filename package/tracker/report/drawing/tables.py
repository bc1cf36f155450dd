"""Tables: of runs, and of anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from tracker.figures.colours import STATE_COLOURS
from tracker.figures.formats import escape, format_duration, format_number, format_time, shorten
from tracker.figures.summary import value_text
from tracker.records import RunRecord
from tracker.report.best import aggregates
from tracker.report.fields import Field, label_of, path_of, value_of
from tracker.report.runset import table_columns
from tracker.report.scene import Drawn, Scene, SceneRun, differing_fields
from tracker.report.viewers import RunTable

CELL_LENGTH = 160
_COUNTER = re.compile(r"(?:^|[/_.-])(?:epochs?|(?:global_?)?steps?|iter(?:ation)?s?)$", re.I)
_RESULTS = 6


def draw_runs(scene: Scene, panel: RunTable) -> Drawn:
    """Draw the runs as a table."""
    runs = scene.runs
    runset = scene.grid.runsets[0]
    fields: list[Field] = [*(panel.columns or table_columns(runset))]
    if not fields:
        records = [run.record for run in runs]
        fields = [*differing_fields(records, 6), *common_results(runs)]
        fields = [each for each in fields if each not in set(map(path_of, runset.hidden_columns))]
    head = ["Name", "State", "Created", "Duration", *(label_of(each) for each in fields)]
    rows = [[*_facts(run), *(cell(value_of(run.record, each)) for each in fields)] for run in runs]
    return Drawn(panel.title or "Runs", html=table(head, rows))


def common_results(runs: Sequence[SceneRun], limit: int = _RESULTS) -> list[str]:
    """Return the numbers that most runs have in their summaries, as columns."""
    return common_columns_of([run.record for run in runs], limit)


def common_columns_of(records: Sequence[RunRecord], limit: int) -> list[str]:
    """Return the numbers that most runs have in their summaries, as columns."""
    counts = Counter(
        name
        for record in records
        for key, value in record.summary.items()
        if not key.startswith("_") and not is_counter(key)
        for name in _numbers_in(key, value)
    )
    return [f"summary.{name}" for name, _ in counts.most_common(limit)]


def is_counter(key: str) -> bool:
    """Say whether a metric only counts how far a run is, as its name has it."""
    return _COUNTER.search(key) is not None


def _numbers_in(key: str, value: Any) -> list[str]:
    if isinstance(value, int | float):
        return [key]
    return [f"{key}.{part}" for part in aggregates(value)]


def _facts(run: SceneRun) -> list[str]:
    record = run.record
    colour = STATE_COLOURS.get(record.state, STATE_COLOURS["stopped"])
    return [
        f'<td><span class="dot" style="background:{escape(run.colour)}"></span>'
        f"{escape(shorten(run.name, 80))}</td>",
        f'<td><span class="state" style="--state:{colour}">{escape(record.state)}</span></td>',
        f'<td data-v="{record.created_at.timestamp():.0f}" '
        f'title="{format_time(record.created_at)}">'
        f"{record.created_at.astimezone(UTC):%m-%d %H:%M}</td>",
        f'<td class="num" data-v="{record.runtime_s:.3f}">{format_duration(record.runtime_s)}</td>',
    ]


def cell(value: Any) -> str:
    """Return a value as a cell."""
    if value is None:
        return '<td class="none">–</td>'
    if isinstance(value, datetime):
        return f'<td data-v="{value.timestamp():.0f}">{format_time(value)}</td>'
    if isinstance(value, int | float):
        sort = "" if isinstance(value, bool) else f' data-v="{value!r}"'
        return f'<td class="num"{sort} title="{escape(value)}">{escape(format_number(value))}</td>'
    return f"<td>{escape(value_text(value, CELL_LENGTH))}</td>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "sortable") -> str:
    """Return a table of cells that are safe already; the head is escaped here."""
    top = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return (
        f'<div class="scroll" tabindex="0"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
