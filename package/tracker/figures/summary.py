"""A run as static HTML: what a saved notebook shows of it without a kernel.

No script, no network, no fixed colours but those of the state: it takes the colours of the
page around it, light or dark. Everything that came from outside is escaped.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tracker.figures.colours import STATE_COLOURS, colour_of
from tracker.figures.formats import escape, format_duration, format_number, format_time, shorten
from tracker.figures.sparkline import sparkline_svg
from tracker.records import Curve, RunRecord

LIMIT_BYTES: Final = 100_000
_NAME_LENGTH = 80
_VALUE_LENGTH = 60
# Rows of metrics and of config; the first pair that keeps within the limit is taken.
_SIZES = ((100, 100), (60, 60), (30, 30), (15, 10), (5, 0), (0, 0))
_TRIES_WITH_PICTURES = 3

STYLE = """
.trk{font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;max-width:960px;
border:1px solid rgba(128,128,128,.28);border-radius:8px;padding:10px 14px;margin:4px 0}
.trk *{box-sizing:border-box}
.trk-head{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 10px}
.trk-name{font-size:15px;font-weight:600;overflow-wrap:anywhere}
.trk-dot{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:6px}
.trk-dim{opacity:.68}
.trk-tag{border:1px solid rgba(128,128,128,.4);border-radius:9px;padding:0 7px;font-size:11px}
.trk-error{color:#e5484d;white-space:pre-wrap;overflow-wrap:anywhere;margin-top:6px}
.trk table{border-collapse:collapse;margin:8px 0 2px!important;background:none;color:inherit;
table-layout:auto}
.trk tr{background:none!important}
.trk td,.trk th{border:0!important;border-top:1px solid rgba(128,128,128,.18)!important;
padding:2px 16px 2px 0!important;text-align:left!important;vertical-align:middle!important;
background:none;color:inherit;font-size:12.5px;overflow-wrap:anywhere;max-width:420px}
.trk th{font-weight:400;opacity:.6;font-size:11px;border-top:0!important}
.trk code{background:none!important;padding:0!important;color:inherit;opacity:.68;font-size:12px}
.trk .trk-num{text-align:right!important;font-variant-numeric:tabular-nums;white-space:nowrap}
.trk-columns{columns:260px;column-gap:32px;margin-top:6px}
.trk-columns table{margin:0!important}
.trk-spark{display:block}
.trk-pictures{display:flex;flex-wrap:wrap;gap:8px;margin-top:8px}
.trk-pictures figure{margin:0!important;width:100px}
.trk-pictures img{display:block;max-width:96px;min-height:16px;margin:0!important;border-radius:3px}
.trk-pictures figcaption{font-size:11px;opacity:.68;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}
.trk summary{cursor:pointer;opacity:.75;font-size:12px}
""".replace("\n", "")


class StaticPicture(NamedTuple):
    """A small picture that a run logged.

    Attributes
    ----------
    key : str
    content : bytes
        A JPEG.
    caption : str
    step : int
    """

    key: str
    content: bytes
    caption: str = ""
    step: int = 0


def summary_html(
    record: RunRecord,
    curves: Mapping[str, Curve] | Iterable[Curve] = (),
    *,
    error: str = "",
    pictures: Sequence[StaticPicture] = (),
    limit_bytes: int = LIMIT_BYTES,
) -> str:
    """Describe a run in one self-contained piece of HTML.

    Parameters
    ----------
    record : RunRecord
    curves : mapping of str to Curve, or iterable of Curve
        Those of the metrics, thinned or not, for sparklines and extremes.
    error : str
        The last line of the traceback of a run that failed.
    pictures : sequence of StaticPicture
        Its last images, small; they are left out first where there is no room.
    limit_bytes : int
        Size that the result keeps within whatever was logged, by leaving out rows and saying
        so. Default 100,000.

    Returns
    -------
    str
        A ``<div>`` with its style; no script.
    """
    found = curves if isinstance(curves, Mapping) else {curve.key: curve for curve in curves}
    result = ""
    shown = {picture.key for picture in pictures}
    strip = "".join(_pictures(pictures))
    for number, (metric_rows, config_rows) in enumerate(_SIZES):
        if number == _TRIES_WITH_PICTURES:
            strip, shown = "", set()
        parts = _parts(record, found, error, strip, shown, metric_rows, config_rows)
        result = "".join(parts)
        if len(result.encode("utf-8", "replace")) <= limit_bytes:
            break
    return result


def flat_items(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested dicts with their names joined by dots."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value and "_type" not in value:
            yield from flat_items(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def value_text(value: Any, length: int = _VALUE_LENGTH) -> str:
    """Write a value of a config or a summary in one line, not escaped."""
    if isinstance(value, Mapping) and "_type" in value:
        return shorten(value["_type"], length)
    if isinstance(value, (int, float)):
        return format_number(value)
    return shorten(" ".join(str(value).split()), length)


def _parts(
    record: RunRecord,
    curves: Mapping[str, Curve],
    error: str,
    strip: str,
    pictured: set[str],
    metric_rows: int,
    config_rows: int,
) -> Iterator[str]:
    yield f'<div class="trk" data-run="{_text(record.run_id)}"><style>{STYLE}</style>'
    yield from _head(record)
    if error:
        yield f'<div class="trk-error">{_text(error, 500)}</div>'
    yield from _metrics(record, curves, pictured, metric_rows)
    yield strip
    yield from _config(record, config_rows)
    yield "</div>"


def _head(record: RunRecord) -> Iterator[str]:
    colour = STATE_COLOURS.get(record.state, STATE_COLOURS["stopped"])
    yield (
        f'<div class="trk-head"><span><span class="trk-dot" style="background:{colour}"></span>'
        f'<span class="trk-name">{_text(record.name)}</span></span>'
        f"<code>{_text(record.run_id)}</code>"
    )
    for tag in record.tags[:20]:
        yield f'<span class="trk-tag">{_text(tag, 40)}</span>'
    yield "</div>"
    facts = [
        _text(record.state),
        _text(record.project),
        format_duration(record.runtime_s),
        *([f"step {record.last_step:,}"] if record.last_step >= 0 else []),
        format_time(record.created_at),
    ]
    yield f'<div class="trk-dim">{" · ".join(facts)}</div>'


def _pictures(pictures: Sequence[StaticPicture]) -> Iterator[str]:
    if pictures:
        yield '<div class="trk-pictures">'
        for one in pictures:
            source = base64.b64encode(one.content).decode()
            said = f"{one.key} · {one.caption}" if one.caption else one.key
            title = f"{said} · step {one.step}"
            yield (
                f'<figure><img alt="{_text(said)}" src="data:image/jpeg;base64,{source}">'
                f'<figcaption title="{_text(title, 200)}">{_text(said)}</figcaption></figure>'
            )
        yield "</div>"


def _metrics(
    record: RunRecord, curves: Mapping[str, Curve], pictured: set[str], limit: int
) -> Iterator[str]:
    hidden = pictured - curves.keys()
    summary = {k: v for k, v in record.summary.items() if not k.startswith("_")}
    summary = {key: value for key, value in summary.items() if key not in hidden}
    keys = sorted(summary.keys() | {key for key in curves if not key.startswith("_")}, key=_order)
    if not keys:
        yield '<div class="trk-dim">No metrics were logged.</div>'
        return
    colour = colour_of(record.run_key)
    yield (
        '<table><tr><th>metric</th><th></th><th class="trk-num">last</th>'
        '<th class="trk-num">min</th><th class="trk-num">max</th></tr>'
    )
    for key in keys[:limit]:
        curve = curves.get(key)
        low, high = _extremes(curve)
        spark = "" if curve is None else sparkline_svg(curve.y.tolist(), width=140, colour=colour)
        value = summary.get(key, curve.y[-1].item() if curve is not None and len(curve.y) else "")
        yield (
            f"<tr><td>{_text(key)}</td><td>{spark}</td>"
            f'<td class="trk-num"><b>{_value(value)}</b></td>'
            f'<td class="trk-num">{low}</td><td class="trk-num">{high}</td></tr>'
        )
    yield f"</table>{_more(len(keys) - limit)}"


def _extremes(curve: Curve | None) -> tuple[str, str]:
    finite = [] if curve is None else [v for v in curve.y.tolist() if math.isfinite(v)]
    return (format_number(min(finite)), format_number(max(finite))) if finite else ("", "")


def _config(record: RunRecord, limit: int) -> Iterator[str]:
    items = [(key, value) for key, value in flat_items(record.config) if not key.startswith("_")]
    if not items:
        return
    yield f'<details><summary>Config ({len(items)})</summary><div class="trk-columns"><table>'
    for key, value in items[:limit]:
        yield f"<tr><td>{_text(key)}</td><td>{_value(value)}</td></tr>"
    yield f"</table>{_more(len(items) - limit)}</div></details>"


def _more(count: int) -> str:
    return f'<div class="trk-dim">… and {count:,} more</div>' if count > 0 else ""


def _value(value: Any) -> str:
    if isinstance(value, Mapping) and "_type" not in value:
        inner = (f"{key} {value_text(item)}" for key, item in value.items())
        return _text(" · ".join(inner), _VALUE_LENGTH)
    return _text(value_text(value))


def _text(text: Any, length: int = _NAME_LENGTH) -> str:
    return escape(shorten(text, length))


def _order(key: str) -> tuple[bool, str, str]:
    """Keys without a prefix come last, as on the live panel."""
    section, _, name = key.rpartition("/")
    return not section, section, name
