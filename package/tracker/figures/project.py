"""A project as static HTML: what a saved notebook shows of it without a kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker.figures.colours import STATE_COLOURS, colour_of
from tracker.figures.formats import escape, format_duration, format_number, format_time, shorten
from tracker.figures.overlay import Stroke, overlay_svg
from tracker.figures.summary import LIMIT_BYTES, STYLE, flat_items, value_text
from tracker.records import RunRecord

_COLUMNS = 6
# Rows of runs and charts; the first pair that keeps within the limit is taken.
_SIZES = ((100, 24), (60, 12), (40, 8), (15, 4), (5, 1), (0, 0))
_STYLE = (
    ".trk-figs{display:flex;flex-wrap:wrap;gap:8px;margin-top:8px}"
    ".trk-fig{position:relative;margin:0;padding:4px 6px 2px;font-size:12px;"
    "border:1px solid rgba(128,128,128,.28);border-radius:6px}"
    ".trk-fig svg{display:block;max-width:100%}"
    ".trk-fig span{position:absolute;right:6px;top:4px;opacity:.68;font-size:10.5px}"
    ".trk-fig .trk-low{top:auto;bottom:3px}"
)


def project_html(
    project: str,
    runs: Sequence[RunRecord],
    charts: Mapping[str, Sequence[Stroke]] | None = None,
    *,
    columns: Sequence[str] | None = None,
    total: int | None = None,
    drawn: Sequence[str] = (),
    limit_bytes: int = LIMIT_BYTES,
) -> str:
    """Describe a project's runs in one self-contained table with small curves, without script.

    Parameters
    ----------
    project : str
        Its name.
    runs : sequence of RunRecord
        In the order shown.
    charts : mapping of str to sequence of (colour, Curve), optional
        Curves, thinned, by the title of their chart.
    columns : sequence of str, optional
        Such as ``"config.lr"`` and ``"summary.loss"``. Default: the numbers that most runs have
        in their summaries.
    total : int, optional
        How many runs the project has, where these are not all.
    drawn : sequence of str
        Ids of the runs that have a curve.
    limit_bytes : int
        Size that the result keeps within by leaving out runs and charts and saying so. Default
        100,000.
    """
    shown = _usual_columns(runs) if columns is None else [c for c in columns if "." in c]
    figures = [overlay_svg(title, strokes) for title, strokes in (charts or {}).items()]
    result = ""
    for rows, cards in _SIZES:
        parts = [
            *_head(project, len(runs), total),
            *_figures(list(filter(None, figures)), cards),
            *_table(runs, shown[:_COLUMNS], rows, set(drawn)),
            "</div>",
        ]
        result = "".join(parts)
        if len(result.encode("utf-8", "replace")) <= limit_bytes:
            break
    return result


def _head(project: str, count: int, total: int | None) -> Iterator[str]:
    some = f"{count:,} of " if total not in (None, count) else ""
    whole = count if total is None else total
    yield f'<div class="trk"><style>{STYLE}{_STYLE}</style><div class="trk-head">'
    yield f'<span class="trk-name">{_text(project)}</span>'
    yield f'<span class="trk-dim">{some}{whole:,} run{"" if whole == 1 else "s"}</span></div>'


def _figures(figures: Sequence[str], limit: int) -> Iterator[str]:
    if figures and limit:
        yield f'<div class="trk-figs">{"".join(figures[:limit])}</div>'
    if len(figures) > limit:
        yield f'<div class="trk-dim">… and {len(figures) - limit:,} more charts</div>'


def _table(
    runs: Sequence[RunRecord], columns: Sequence[str], limit: int, drawn: set[str]
) -> Iterator[str]:
    names = "".join(f'<th class="trk-num">{_text(c.partition(".")[2])}</th>' for c in columns)
    yield f"<table><tr><th>run</th><th>state</th><th>created</th><th>duration</th>{names}</tr>"
    for run in runs[:limit]:
        yield _row(run, columns, is_drawn=run.run_id in drawn)
    yield "</table>"
    if len(runs) > limit:
        yield f'<div class="trk-dim">… and {len(runs) - limit:,} more</div>'


def _row(run: RunRecord, columns: Sequence[str], *, is_drawn: bool) -> str:
    dot = colour_of(run.run_key) if is_drawn else "transparent"
    state = STATE_COLOURS.get(run.state, STATE_COLOURS["stopped"])
    cells = [
        f'<td><span class="trk-dot" style="background:{dot}"></span>{_text(run.name)}</td>',
        f'<td style="color:{state}">{_text(run.state)}</td>',
        f"<td>{format_time(run.created_at)}</td>",
        f"<td>{format_duration(run.runtime_s)}</td>",
    ]
    parts = {"config": dict(flat_items(run.config)), "summary": dict(flat_items(run.summary))}
    for column in columns:
        part, _, key = column.partition(".")
        cells.append(f'<td class="trk-num">{_value(parts.get(part, {}).get(key))}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _usual_columns(runs: Sequence[RunRecord]) -> list[str]:
    """Return the numbers that most runs have in their summaries."""
    counts = Counter(
        key
        for run in runs
        for key, value in run.summary.items()
        if isinstance(value, int | float) and not key.startswith("_")
    )
    return [f"summary.{key}" for key, _ in counts.most_common(_COLUMNS)]


def _value(value: Any) -> str:
    if value is None:
        return ""
    is_number = isinstance(value, int | float)
    return _text(format_number(value) if is_number else value_text(value, 40))


def _text(text: str) -> str:
    return escape(shorten(text, 60))
