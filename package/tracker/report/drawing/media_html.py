"""Media as HTML that can do no harm, or as figures."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from html import escape as escape_all
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tracker.errors import StoreError, UsageError
from tracker.figures.clean import clean_page
from tracker.figures.colours import PALETTE
from tracker.figures.formats import escape, format_number, shorten
from tracker.figures.graph import graph_figure
from tracker.figures.histogram import counts_of, logged_histogram_figure
from tracker.figures.molecule import molecule_figure
from tracker.figures.space import space_figure
from tracker.media.html import sandboxed
from tracker.media.image import Image
from tracker.media.joined_table import JoinedTable
from tracker.media.loading import load
from tracker.media.table import Table
from tracker.report.drawing.fonts import as_card
from tracker.report.drawing.overlays import overlay_html
from tracker.report.drawing.tables import cell, table
from tracker.report.pictures import sniff
from tracker.report.rich import data_address, escape_code
from tracker.store.files.objects import Objects

Figure = dict[str, Any]


class Shown(NamedTuple):
    """Safe HTML, or a figure; and the colours of the classes that lie over an image."""

    html: str
    figure: Figure | None = None
    classes: Mapping[str, str] = MappingProxyType({})


# A larger picture is carried as a smaller copy.
ENOUGH_BYTES: Final = 48 * 1024
LONGEST_SIDE: Final = 1024
COARSE_SIDE: Final = 64
TEXT_LENGTH = 20_000
TABLE_ROWS = 100
_MOST_NUMBERS = 8
FILM_LIMIT_BYTES = 12 * 1024 * 1024
_PAGE_LIMIT_BYTES = 2 * 1024 * 1024
_SOUNDS: Final = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac"}


def show(reference: Any, objects: Objects) -> Shown:
    """Return what a value of the history looks like.

    Raises
    ------
    NotFoundError, StoreError
        If its file is not there, or damaged.
    """
    kind = str(reference.get("_type")) if isinstance(reference, Mapping) else ""
    shower = _KINDS.get(kind)
    if shower is None:
        return Shown(f'<p class="note">{escape(shorten(kind, 60))} is not drawn in a report.</p>')
    try:
        return shower(reference, objects)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"A value of the type {kind!r} cannot be shown: {error}.") from error


def _image(reference: Mapping[str, Any], objects: Objects) -> Shown:
    content = objects.path(str(reference["sha256"])).read_bytes()
    mime = sniff(content)
    if mime is None or not mime.startswith("image/"):
        raise StoreError("The file of an image is no picture that browsers show.")
    if len(content) > ENOUGH_BYTES:
        content, mime = _smaller(content)
    words = escape(reference.get("caption") or "logged image")
    sides = [each for each in (reference.get("width"), reference.get("height")) if each]
    # Few pixels are to be seen as what they are.
    kind = "coarse" if sides and max(map(float, sides)) <= COARSE_SIDE else "fine"
    picture = (
        f'<img class="{kind}" src="{data_address(content, mime)}" alt="{words}" loading="lazy" '
        'decoding="async">'
    )
    over, classes = overlay_html(reference, objects)
    if not over:
        return Shown(picture)
    frame = f'<span class="framed" style="position:relative;display:block">{picture}{over}</span>'
    return Shown(frame, classes=classes)


def _smaller(content: bytes) -> tuple[bytes, str]:
    from PIL import Image as Pil

    with Pil.open(io.BytesIO(content)) as picture:
        has_alpha = "A" in picture.getbands() or "transparency" in picture.info
        copy = picture.convert("RGBA" if has_alpha else "RGB")
    copy.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    sink = io.BytesIO()
    if has_alpha:
        copy.save(sink, "WEBP", quality=85)
        return sink.getvalue(), "image/webp"
    copy.save(sink, "JPEG", quality=85)
    return sink.getvalue(), "image/jpeg"


def _sound(reference: Mapping[str, Any], objects: Objects) -> Shown:
    content = load(dict(reference), objects).playable()
    if len(content) > FILM_LIMIT_BYTES:
        raise UsageError(f"The sound is too large to be shown here ({len(content) / 1e6:,.0f} MB).")
    mime = _SOUNDS.get(str(reference.get("format")), "audio/wav")
    return Shown(f'<audio controls preload="none" src="{data_address(content, mime)}"></audio>')


def _film(reference: Mapping[str, Any], objects: Objects) -> Shown:
    content = objects.path(str(reference["sha256"])).read_bytes()
    mime = sniff(content)
    if mime is None or len(content) > FILM_LIMIT_BYTES:
        raise UsageError("The film is too large to be shown here, or none that browsers show.")
    address = data_address(content, mime)
    if mime.startswith("image/"):
        return Shown(f'<img src="{address}" alt="logged film" loading="lazy">')
    return Shown(f'<video controls preload="metadata" src="{address}"></video>')


def _table(reference: Mapping[str, Any], objects: Objects) -> Shown:
    return Shown(table_html(load(dict(reference), objects)))


def table_html(logged: Table | JoinedTable, limit: int = TABLE_ROWS) -> str:
    """Return the first rows of a table, or of two that are joined."""
    if isinstance(logged, JoinedTable):
        frame = logged.get_dataframe()
        columns, count = list(frame.columns), len(frame)
        first: Any = frame.head(limit).itertuples(index=False, name=None)
    else:
        columns, count, first = logged.columns, len(logged.data), logged.data[:limit]
    rows = [[_table_cell(value) for value in row] for row in first]
    more = f'<p class="note">The first {limit} of {count:,} rows.</p>'
    return table([str(column) for column in columns], rows) + (more if count > limit else "")


def _table_cell(value: Any) -> str:
    if isinstance(value, Image):
        content = value.content
        mime = sniff(content)
        if len(content) > 16 * 1024:
            content, mime = _smaller(content)
        if mime:
            return f'<td><img src="{data_address(content, mime)}" alt="" loading="lazy"></td>'
    if hasattr(value, "type_name"):
        return f"<td>{escape(shorten(repr(value).strip('<>').removeprefix('tracker.'), 80))}</td>"
    if hasattr(value, "ravel") and value.ndim:
        shown = ", ".join(map(format_number, value.ravel()[:_MOST_NUMBERS].tolist()))
        return f"<td>[{escape(shown)}{', …' if value.size > _MOST_NUMBERS else ''}]</td>"
    if hasattr(value, "tolist"):
        value = value.tolist()
    return cell(value)


def _histogram(reference: Mapping[str, Any], objects: Objects) -> Shown:
    counts = counts_of(0, reference)
    if counts is None:
        raise UsageError("It is no histogram, or an empty one.")
    figure = logged_histogram_figure([("", PALETTE[0], counts)], "value")
    return Shown("", figure.to_plotly_json())


def _page(reference: Mapping[str, Any], objects: Objects) -> Shown:
    logged = load(dict(reference), objects)
    if len(logged.html) > _PAGE_LIMIT_BYTES:
        raise UsageError("The logged HTML is larger than 2 MB: it is left out.")
    return Shown(sandboxed(clean_page(logged.html), height_px=260))


def _words(reference: Mapping[str, Any], objects: Objects) -> Shown:
    text = load(dict(reference), objects).to_value()
    return Shown(f'<pre class="text">{escape_code(shorten(text, TEXT_LENGTH))}</pre>')


def _plotly(reference: Mapping[str, Any], objects: Objects) -> Shown:
    figure = load(dict(reference), objects).to_value()
    return _figure(figure)


def _figure(figure: Mapping[str, Any]) -> Shown:
    data, layout = list(figure.get("data") or ()), dict(figure.get("layout") or {})
    return Shown("", {"data": data, "layout": layout})


def _space(reference: Mapping[str, Any], objects: Objects) -> Shown:
    return _figure(space_figure(load(dict(reference), objects)))


def _molecule(reference: Mapping[str, Any], objects: Objects) -> Shown:
    made = load(dict(reference), objects)
    return _figure(molecule_figure(made.content.decode("utf-8", "replace"), made.format))


def _graph(reference: Mapping[str, Any], objects: Objects) -> Shown:
    return _figure(graph_figure(load(dict(reference), objects).to_value()))


def _chart(reference: Mapping[str, Any], objects: Objects) -> Shown:
    from tracker.plot.drawing import draw

    chart = load(dict(reference), objects)
    try:
        return _figure(as_card(draw(chart)))
    except UsageError as error:
        return Shown(f'<p class="note">{escape_all(str(error))}</p>')


def _vega(reference: Mapping[str, Any], objects: Objects) -> Shown:
    picture = load(dict(reference), objects).to_svg().encode()
    address = data_address(picture, "image/svg+xml")
    return Shown(f'<img src="{address}" alt="Vega chart" loading="lazy">')


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Any], Objects], Shown]]] = {
    "image-file": _image,
    "audio-file": _sound,
    "video-file": _film,
    "table-file": _table,
    "incremental-table-file": _table,
    "joined-table": _table,
    "histogram": _histogram,
    "html-file": _page,
    "text-file": _words,
    "plotly-file": _plotly,
    "custom-chart": _chart,
    "object3D-file": _space,
    "molecule-file": _molecule,
    "graph-file": _graph,
    "vega-file": _vega,
}
