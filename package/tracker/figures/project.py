"""A project as static HTML: what a saved notebook shows of it without a kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tracker.figures.colours import STATE_COLOURS
from tracker.figures.formats import escape, format_duration, format_number, format_time, shorten
from tracker.figures.summary import LIMIT_BYTES, STYLE
from tracker.records import RunRecord

_COLUMNS = 6
_SIZES = (100, 40, 15, 0)


def project_html(project: str, runs: Sequence[RunRecord], *, limit_bytes: int = LIMIT_BYTES) -> str:
    """Describe a project's runs in one self-contained table, without script.

    Parameters
    ----------
    project : str
        Its name.
    runs : sequence of RunRecord
        In the order shown.
    limit_bytes : int
        Size that the result keeps within by leaving out runs and saying so. Default 100,000.
    """
    result = ""
    for rows in _SIZES:
        result = "".join(_parts(project, runs, rows))
        if len(result.encode("utf-8", "replace")) <= limit_bytes:
            break
    return result


def _parts(project: str, runs: Sequence[RunRecord], rows: int) -> Iterator[str]:
    yield f'<div class="trk"><style>{STYLE}</style><div class="trk-head">'
    yield f'<span class="trk-name">{_text(project)}</span>'
    yield f'<span class="trk-dim">{len(runs):,} run{"" if len(runs) == 1 else "s"}</span></div>'
    columns = _columns(runs)
    names = "".join(f'<th class="trk-num">{_text(column)}</th>' for column in columns)
    yield f"<table><tr><th>run</th><th>state</th><th>created</th><th>duration</th>{names}</tr>"
    for run in runs[:rows]:
        yield _row(run, columns)
    yield "</table>"
    if len(runs) > rows:
        yield f'<div class="trk-dim">… and {len(runs) - rows:,} more</div>'
    yield "</div>"


def _row(run: RunRecord, columns: Sequence[str]) -> str:
    dot = STATE_COLOURS.get(run.state, STATE_COLOURS["stopped"])
    cells = [
        f'<td><span class="trk-dot" style="background:{dot}"></span>{_text(run.name)}</td>',
        f"<td>{_text(run.state)}</td>",
        f"<td>{format_time(run.created_at)}</td>",
        f"<td>{format_duration(run.runtime_s)}</td>",
    ]
    for column in columns:
        value = run.summary.get(column)
        shown = "" if value is None else _text(format_number(value))
        cells.append(f'<td class="trk-num">{shown}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _columns(runs: Sequence[RunRecord]) -> list[str]:
    """Return the numbers that most runs have in their summaries."""
    counts = Counter(
        key
        for run in runs
        for key, value in run.summary.items()
        if isinstance(value, int | float) and not key.startswith("_")
    )
    return [key for key, _ in counts.most_common(_COLUMNS)]


def _text(text: str) -> str:
    return escape(shorten(text, 60))
