"""Logged values as the value of a notebook's cell: made just now, or read back by ``run.get``.

They are drawn as reports draw them. A figure comes for Plotly and as a picture, all else as HTML
that runs nothing.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tracker.errors import TrackerError, UsageError
from tracker.figures.canvas import FONT, GRID, TEXT
from tracker.figures.formats import escape, shorten
from tracker.media.bokeh import Bokeh
from tracker.media.chart import CustomChart
from tracker.media.histogram import Histogram
from tracker.media.html import Html, sandboxed
from tracker.media.image import Image
from tracker.media.joined_table import JoinedTable
from tracker.media.plotly import Plotly
from tracker.media.table import Table
from tracker.plot.drawing import draw
from tracker.report.drawing.fonts import as_card
from tracker.report.drawing.media_html import FILM_LIMIT_BYTES, Shown, show, table_html
from tracker.report.views import PLOTLY, figure_bundle
from tracker.store.files.objects import Objects

# What is larger after thinning is shown as a picture alone.
MOST_BYTES: Final = 1_000_000
MOST_ROWS: Final = 20
# Shorter lines are left as they are.
_LONG: Final = 1000
_CLEAR: Final = "rgba(0,0,0,0)"
_STYLE: Final = (
    "<style>.trk-media{max-width:680px}.trk-media td img{max-height:64px}"
    ".trk-media .framed img,.trk-media .framed{width:100%}"
    ".trk-media .coarse{image-rendering:pixelated}"
    ".trk-media video,.trk-media>img{max-width:100%;min-width:128px}"
    ".trk-media .note,.trk-media figcaption{opacity:.7;font-size:12px}"
    ".trk-media td,.trk-media th{text-align:left}.trk-media .num{text-align:right}"
    ".trk-media .scroll{max-height:420px;overflow:auto}"
    ".trk-media .text{max-height:420px;overflow:auto;white-space:pre-wrap}</style>"
)

Bundle = dict[str, Any]
Figure = Mapping[str, Any]


def media_bundle(value: Any) -> Bundle | None:
    """Return a logged value as a notebook's output, by MIME types; what cannot be drawn says so."""
    make = _BUNDLES.get(type(value), _drawn_bundle)
    try:
        return make(value)
    except TrackerError as error:
        return _said(value, str(error))
    except Exception as error:  # noqa: BLE001 - a file may hold anything
        return _said(value, f"It cannot be drawn: {error!r:.200}.")


def _said(value: Any, words: str) -> Bundle:
    return {"text/plain": f"{value!r}\n{words}", "text/html": _page(value, _note(words))}


def _note(words: str) -> str:
    return f'<p class="note">{escape(words)}</p>'


def _page(value: Any, html: str) -> str:
    """Return HTML with the style that it has in a report, and what was said under it."""
    caption = getattr(value, "caption", None)
    below = f"<figcaption>{escape(shorten(caption, 200))}</figcaption>" if caption else ""
    return f'{_STYLE}<div class="trk-media">{html}{below}</div>'


# -- what has a file


def _drawn_bundle(value: Any) -> Bundle | None:
    """Draw what has a file as if it had been logged."""
    if value.held_bytes > 4 * FILM_LIMIT_BYTES:
        raise UsageError(f"It is too large for a cell ({value.held_bytes / 1e6:,.0f} MB).")
    shown = _as_logged(value)
    if shown.figure is None:
        # A report holds many sounds, a cell one: how long it is can be seen at once.
        html = shown.html.replace('<audio controls preload="none"', "<audio controls", 1)
        return {"text/plain": repr(value), "text/html": _page(value, html)}
    return _figure_bundle(value, _on_any_ground(shown.figure))


def _as_logged(value: Any) -> Shown:
    with TemporaryDirectory(prefix="tracker-") as folder:
        objects = Objects(Path(folder))
        return show(value.to_reference(objects.put_bytes), objects)


def _image_bundle(image: Image) -> Bundle | None:
    if image.boxes or image.masks:
        bundle = _drawn_bundle(image) or {}
        # Small pictures are shown large enough for what is written over them.
        width = max(320, min(image.width, 680))
        return bundle | {"text/html": f'<div style="width:{width}px">{bundle["text/html"]}</div>'}
    if image.caption:
        return _drawn_bundle(image)
    if image.format in ("png", "jpg"):
        return None  # it says itself what it is
    sink = io.BytesIO()
    image.image.convert("RGBA").save(sink, "PNG")
    return {"text/plain": repr(image), "image/png": base64.b64encode(sink.getvalue()).decode()}


def _html_bundle(page: Html) -> Bundle | None:
    return None  # it says itself how it is shown


def _bokeh_bundle(plot: Bokeh) -> Bundle:
    page = plot.to_html()
    if len(page) > FILM_LIMIT_BYTES:
        raise UsageError(f"The plot is too large for a cell ({len(page) / 1e6:,.0f} MB).")
    frame = sandboxed(page, height_px=640, scripts=True, title="Bokeh plot")
    return {"text/plain": repr(plot), "text/html": frame}


def _table_bundle(table: Table | JoinedTable, note: str = "") -> Bundle:
    html = (_note(note) if note else "") + table_html(table, MOST_ROWS)
    words = f"{table!r}\n{note}" if note else repr(table)
    return {"text/plain": words, "text/html": _page(table, html)}


# -- figures


def _histogram_bundle(histogram: Histogram) -> Bundle:
    return _figure_bundle(histogram, _as_logged(histogram).figure or {})


def _chart_bundle(chart: CustomChart) -> Bundle:
    """Return a chart; one that is not drawn here is the head of its table."""
    try:
        figure = draw(chart)
    except UsageError as error:
        return _table_bundle(chart.table, str(error))
    return _figure_bundle(chart, _on_any_ground(as_card(figure)))


def _plotly_bundle(chart: Plotly) -> Bundle:
    return _figure_bundle(chart, chart.spec)


def _figure_bundle(value: Any, figure: Figure) -> Bundle:
    title = getattr(value, "caption", None) or _title_of(figure) or repr(value).strip("<>")
    data = [_with_arrays(trace) for trace in figure.get("data") or ()]
    bundle = figure_bundle({"data": data, "layout": dict(figure.get("layout") or {})}, title)
    bundle["text/plain"] = repr(value)
    if len(json.dumps(bundle[PLOTLY])) > MOST_BYTES:
        del bundle[PLOTLY]
        bundle["text/plain"] += " (too large for a cell: .to_value() has all of it)"
        if "image/png" not in bundle:
            bundle["text/html"] = _page(value, _note(bundle["text/plain"]))
    return bundle


def _on_any_ground(figure: Figure) -> dict[str, Any]:
    """Return a figure of ours so that it is read in a light and in a dark notebook."""
    layout = dict(figure["layout"])
    font = {"family": FONT, "size": 11, **(layout.get("font") or {}), "color": TEXT}
    layout |= {"template": "none", "paper_bgcolor": _CLEAR, "plot_bgcolor": _CLEAR, "font": font}
    for name in [name for name in layout if name.startswith(("xaxis", "yaxis"))]:
        layout[name] = {"gridcolor": GRID, "zerolinecolor": GRID, **layout[name]}
    if "scene" in layout:
        layout["scene"] = {**layout["scene"], "bgcolor": _CLEAR}
    return {"data": figure["data"], "layout": layout}


def _title_of(figure: Figure) -> str:
    title = (figure.get("layout") or {}).get("title")
    return str(title.get("text") or "") if isinstance(title, dict) else str(title or "")


def _with_arrays(trace: dict[str, Any]) -> dict[str, Any]:
    """Return a trace with its numbers as arrays, where that makes no other line of it."""
    import numpy as np

    made = {key: _unpacked(value) for key, value in trace.items()}
    x, y = made.get("x"), made.get("y")
    if trace.get("type", "scatter") != "scatter" or not isinstance(y, list | np.ndarray):
        return made
    if x is None and len(y) > _LONG:
        x = np.arange(len(y), dtype=np.float64)
    if len(y) <= _LONG or not isinstance(x, list | np.ndarray) or len(x) != len(y):
        return made
    if not all(_is_numbers(each) for each in (x, y)):
        return made
    across = np.asarray(x, dtype=np.float64)
    if "lines" not in trace.get("mode", "lines") or not (np.diff(across) >= 0).all():
        return made
    return made | {"x": across, "y": np.asarray(y, dtype=np.float64)}


def _is_numbers(values: Any) -> bool:
    if not isinstance(values, list):
        return bool(values.dtype.kind in "fiu")
    return all(type(each) in (int, float) or each is None for each in values)


def _unpacked(value: Any) -> Any:
    """Return numbers that Plotly packed as an array; all else as it is."""
    if not isinstance(value, dict) or not {"dtype", "bdata"} <= value.keys():
        return value
    import numpy as np

    numbers = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
    shape = value.get("shape")
    return numbers.reshape([int(n) for n in str(shape).split(",")]) if shape else numbers


_BUNDLES: Final[dict[type, Callable[[Any], Bundle | None]]] = {
    Bokeh: _bokeh_bundle,
    CustomChart: _chart_bundle,
    Histogram: _histogram_bundle,
    Html: _html_bundle,
    Image: _image_bundle,
    JoinedTable: _table_bundle,
    Plotly: _plotly_bundle,
    Table: _table_bundle,
}
