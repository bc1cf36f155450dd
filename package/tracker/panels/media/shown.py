"""Media that the kernel draws: figures, pages, texts and tables, from their files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from tracker.errors import TrackerError, UsageError
from tracker.figures.colours import PALETTE
from tracker.figures.graph import graph_figure
from tracker.figures.histogram import counts_of, logged_histogram_figure
from tracker.figures.molecule import molecule_figure
from tracker.figures.space import space_figure
from tracker.media.html import guarded
from tracker.media.loading import load
from tracker.panels.media.table_part import show_table
from tracker.store.files.objects import Objects

# A page of this size makes a browser slow.
LARGEST_FILE_BYTES: Final = 32 * 1024 * 1024

Item = dict[str, Any]


def show(reference: Mapping[str, Any], files: Objects, table: Mapping[str, Any]) -> Item:
    """Return one value as a page shows it; what goes wrong is what it says.

    Parameters
    ----------
    reference : mapping
    files : Objects
    table : mapping
        Which part of a table is wanted; see :func:`tracker.panels.media.table_part.show_table`.

    Returns
    -------
    dict
        ``view``: ``figure`` and ``page`` and ``text`` with their content as bytes in ``large``,
        ``table``, or ``trouble`` with a sentence in ``text``.
    """
    kind = str(reference.get("_type"))
    try:
        _check_size(reference)
        maker = _MAKERS.get(kind)
        if maker is not None:
            item = maker(reference, files, table)
        else:
            item = _trouble(f"Media of the type {kind!r:.60} are kept but not shown here.")
    except TrackerError as error:
        item = _trouble(str(error))
    except Exception as error:  # noqa: BLE001 - a file may hold anything
        item = _trouble(f"It cannot be shown: {error!r:.200}.")
    if isinstance(caption := reference.get("caption"), str):
        item["caption"] = caption[:500]
    return item


def show_figure(draw: Callable[[], Any]) -> Item:
    """Return what `draw` returns, a figure of Plotly's, as a page shows it."""
    try:
        return {"view": "figure", "large": draw().to_json().encode()}
    except Exception as error:  # noqa: BLE001 - anybody may have written the store
        return _trouble(f"It cannot be drawn: {error!r:.200}.")


def _check_size(reference: Mapping[str, Any]) -> None:
    size = reference.get("size")
    if isinstance(size, int) and size > LARGEST_FILE_BYTES and "columns" not in reference:
        raise UsageError(
            f"It is too large to be shown here ({size / 1e6:,.0f} MB): read it with run.get(key)."
        )


def _trouble(text: str) -> Item:
    return {"view": "trouble", "text": text}


def _figure(figure: Mapping[str, Any]) -> Item:
    return {"view": "figure", "large": json.dumps(_plain(figure)).encode()}


def _plain(value: Any) -> Any:
    """Return a figure as JSON can hold it: no NaN, and NumPy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _plotly(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    return {"view": "figure", "large": files.path(str(reference["sha256"])).read_bytes()}


def _chart(reference: Mapping[str, Any], files: Objects, table: Mapping[str, Any]) -> Item:
    from tracker.plot.drawing import draw

    chart = load(reference, files)
    try:
        return _figure(draw(chart))
    except UsageError as error:
        inner = reference.get("table")
        item = show_table(inner if isinstance(inner, Mapping) else {}, files, table)
        return {**item, "note": str(error)}


def _space(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    return _figure(space_figure(load(reference, files)))


def _molecule(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    made = load(reference, files)
    return _figure(molecule_figure(made.content.decode("utf-8", "replace"), made.format))


def _graph(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    return _figure(graph_figure(load(reference, files).to_value()))


def _histogram(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    counts = counts_of(0, reference)
    if counts is None:
        raise UsageError("It is no histogram, or an empty one.")
    return show_figure(lambda: logged_histogram_figure([("", PALETTE[0], counts)], "value"))


def _text(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    return {"view": "text", "large": files.path(str(reference["sha256"])).read_bytes()}


def _page(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    return _frame(load(reference, files).to_value())


def _bokeh(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    return _frame(load(reference, files).to_html(), scripts=True)


def _frame(page: str, *, scripts: bool = False) -> Item:
    """Return a page for a frame whose sandbox the browser's side makes."""
    text = guarded(page, scripts=scripts).encode(errors="replace")
    return {"view": "page", "large": text, "scripts": scripts}


def _vega(reference: Mapping[str, Any], files: Objects, _: Mapping[str, Any]) -> Item:
    chart = load(reference, files)
    try:
        return _frame(chart.to_html(), scripts=True)
    except UsageError as error:
        return {"view": "text", "large": chart.content, "note": f"{error} Its specification:"}


_MAKERS: Final[dict[str, Callable[[Mapping[str, Any], Objects, Mapping[str, Any]], Item]]] = {
    "bokeh-file": _bokeh,
    "custom-chart": _chart,
    "graph-file": _graph,
    "histogram": _histogram,
    "html-file": _page,
    "incremental-table-file": show_table,
    "joined-table": show_table,
    "molecule-file": _molecule,
    "object3D-file": _space,
    "plotly-file": _plotly,
    "table-file": show_table,
    "text-file": _text,
    "vega-file": _vega,
}
