"""Matplotlib figures of lines, points, bars and areas as Plotly's JSON, by reading what is drawn.

Neither library is imported until there is a figure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.errors import UsageError

CURE = "You can log the plot as a static image with `tracker.Image(plt)`."
DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
MARKERS = {
    "o": "circle", ".": "circle", "s": "square", "^": "triangle-up", "v": "triangle-down",
    "<": "triangle-left", ">": "triangle-right", "x": "x-thin-open", "+": "cross-thin-open",
    "*": "star", "D": "diamond", "d": "diamond-tall", "p": "pentagon", "h": "hexagon",
}  # fmt: skip
NO_LINE, NO_MARKER = ("None", "none", "", " "), ("None", "none", "", " ", None)


def is_matplotlib(value: Any) -> bool:
    """Return whether a value is a figure, axes or other artist of matplotlib, or ``pyplot``."""
    if getattr(value, "__name__", "") == "matplotlib.pyplot":
        return True
    home = type(value).__module__.partition(".")[0]
    return home == "matplotlib" and getattr(value, "figure", None) is not None


def holds_images(value: Any) -> bool:
    """Return whether there is a picture among what is drawn."""
    return any(axes.images for axes in _figure(value).axes)


def to_plotly(value: Any) -> dict[str, Any]:
    """Return what a matplotlib figure shows as a Plotly figure: ``data`` and ``layout``.

    Raises
    ------
    UsageError
        If it is empty, or holds what Plotly's lines, points, bars and areas cannot show.
    """
    figure = _figure(value)
    if holds_images(figure):
        raise UsageError(
            "Plotly does not currently support converting matplotlib figures containing images. "
            + CURE
        )
    if not any(axes.has_data() for axes in figure.axes):
        raise UsageError("The matplotlib figure is empty: draw something before logging it.")
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    title = figure.get_suptitle()
    if title:
        layout["title"] = {"text": title}
    for place, axes in enumerate(figure.axes):
        number = "" if place == 0 else str(place + 1)
        data += [{**trace, "xaxis": f"x{number}", "yaxis": f"y{number}"} for trace in _traces(axes)]
        left, bottom, width, height = axes.get_position().bounds
        layout[f"xaxis{number}"] = _axis(axes.xaxis, axes.get_xlim(), (left, left + width), number)
        layout[f"yaxis{number}"] = _axis(
            axes.yaxis, axes.get_ylim(), (bottom, bottom + height), number
        )
        layout["annotations"] += _texts(axes, number)
    layout["showlegend"] = any(axes.get_legend() is not None for axes in figure.axes)
    return {"data": data, "layout": layout}


def _figure(value: Any) -> Any:
    return value.gcf() if hasattr(value, "gcf") else value.figure


def _traces(axes: Any) -> list[dict[str, Any]]:
    traces = [_line(axes, line) for line in axes.lines]
    for collection in axes.collections:
        traces += _collection(axes, collection)
    return traces + _patches(axes)


def _line(axes: Any, line: Any) -> dict[str, Any]:
    has_line = line.get_linestyle() not in NO_LINE
    has_marker = line.get_marker() not in NO_MARKER
    colour = _hex(line.get_color())
    has_x, has_y = line.get_transform().contains_branch_seperately(axes.transData)
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "+".join(["lines"] * has_line + ["markers"] * has_marker) or "none",
        "x": _values(axes.xaxis, line.get_xdata(orig=False) if has_x else axes.get_xlim()),
        "y": _values(axes.yaxis, line.get_ydata(orig=False) if has_y else axes.get_ylim()),
        **_name(line),
    }
    if has_line:
        dash = DASHES.get(line.get_linestyle(), "solid")
        trace["line"] = {"color": colour, "width": float(line.get_linewidth()), "dash": dash}
    if has_marker:
        symbol = MARKERS.get(str(line.get_marker()), "circle")
        trace["marker"] = {
            "color": _hex(line.get_markerfacecolor(), colour),
            "size": float(line.get_markersize()),
            "symbol": symbol,
        }
    return trace


def _collection(axes: Any, collection: Any) -> list[dict[str, Any]]:
    kinds = {base.__name__ for base in type(collection).__mro__}
    if "PathCollection" in kinds:
        return [_points(axes, collection)]
    if "LineCollection" in kinds:
        return [_outline(axes, [path.vertices for path in collection.get_paths()], collection)]
    if "PolyCollection" in kinds or "FillBetweenPolyCollection" in kinds:
        corners = [path.vertices for path in collection.get_paths()]
        colours = collection.get_facecolor()
        return [_outline(axes, corners, collection, fill=colours[0] if len(colours) else None)]
    raise UsageError(
        f"Plotly cannot show the matplotlib figure: it holds a {type(collection).__name__}. {CURE}"
    )


def _points(axes: Any, collection: Any) -> dict[str, Any]:
    offsets = collection.get_offsets()
    colours = [_hex(colour) for colour in collection.get_facecolor()]
    sizes = [float(area) ** 0.5 for area in collection.get_sizes()]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": _values(axes.xaxis, offsets[:, 0]),
        "y": _values(axes.yaxis, offsets[:, 1]),
        "marker": {
            "color": colours[0] if len(colours) == 1 else colours or None,
            "size": sizes[0] if len(sizes) == 1 else sizes or None,
        },
        **_name(collection),
    }


def _outline(axes: Any, paths: list[Any], artist: Any, fill: Any = None) -> dict[str, Any]:
    xs: list[Any] = []
    ys: list[Any] = []
    for corners in paths:
        xs += [*_values(axes.xaxis, corners[:, 0]), None]
        ys += [*_values(axes.yaxis, corners[:, 1]), None]
    edges = artist.get_edgecolor()
    edge = edges[0] if len(getattr(edges, "shape", ())) == 2 and len(edges) else edges
    filled = {"fill": "toself", "fillcolor": _rgba(fill)} if fill is not None else {}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs[:-1],
        "y": ys[:-1],
        "line": {"color": _hex(fill if fill is not None else edge), "width": 1},
        **filled,
        **_name(artist),
    }


def _patches(axes: Any) -> list[dict[str, Any]]:
    bars: dict[str, dict[str, Any]] = {}
    others: list[dict[str, Any]] = []
    labels = {
        id(patch): container
        for container in axes.containers
        for patch in getattr(container, "patches", ())
    }
    for patch in axes.patches:
        if not hasattr(patch, "get_bbox") or getattr(patch, "angle", None):
            path = patch.get_path().transformed(patch.get_patch_transform())
            corners = path.to_polygons()
            others.append(_outline(axes, corners, patch, fill=patch.get_facecolor()))
            continue
        (left, right), (low, high) = _sides(axes, patch)
        colour = _hex(patch.get_facecolor())
        named = _name(labels.get(id(patch), patch))
        trace = bars.setdefault(
            f"{colour} {named.get('name')}",
            {"type": "bar", "x": [], "y": [], "base": [], "width": [],
             "marker": {"color": colour}, **named},
        )  # fmt: skip
        trace["x"] += _values(axes.xaxis, [(left + right) / 2])
        trace["y"].append(float(high - low))
        trace["base"].append(float(low))
        trace["width"].append(float(right - left))
    return [*bars.values(), *others]


def _sides(axes: Any, patch: Any) -> tuple[Any, Any]:
    """Return where a rectangle is across and along; one like ``axvspan`` goes to the edges."""
    box = patch.get_bbox()
    has_x, has_y = patch.get_transform().contains_branch_seperately(axes.transData)
    across = (box.x0, box.x1) if has_x else axes.get_xlim()
    return across, (box.y0, box.y1) if has_y else axes.get_ylim()


def _axis(axis: Any, limits: Any, domain: tuple[float, float], number: str) -> dict[str, Any]:
    letter = axis.axis_name
    made: dict[str, Any] = {
        "anchor": ("y" if letter == "x" else "x") + number,
        "domain": [min(max(float(edge), 0.0), 1.0) for edge in domain],
        "title": {"text": axis.label.get_text()},
    }
    if axis.get_scale() == "log":
        made["type"] = "log"
    elif _unit(axis) == "":
        made["range"] = [float(limit) for limit in limits]
    if _unit(axis) == "category":
        made["tickvals"] = [float(place) for place in axis.units._mapping.values()]  # noqa: SLF001
        made["ticktext"] = [str(name) for name in axis.units._mapping]  # noqa: SLF001
    return made


def _texts(axes: Any, number: str) -> list[dict[str, Any]]:
    made = [
        {
            "x": _values(axes.xaxis, [text.get_position()[0]])[0],
            "y": _values(axes.yaxis, [text.get_position()[1]])[0],
            "xref": f"x{number}",
            "yref": f"y{number}",
            "text": text.get_text(),
            "showarrow": False,
        }
        for text in axes.texts
        if text.get_text() and text.get_transform() == axes.transData
    ]
    if axes.get_title():
        made.append(
            {"x": 0.5, "y": 1.0, "xref": f"x{number} domain", "yref": f"y{number} domain",
             "yanchor": "bottom", "text": axes.get_title(), "showarrow": False}
        )  # fmt: skip
    return made


def _values(axis: Any, numbers: Any) -> list[Any]:
    if _unit(axis) == "date":
        from matplotlib import dates

        to_moment: Callable[[Any], Any] = dates.num2date
        return [to_moment(float(number)).isoformat() for number in numbers]
    return [float(number) for number in numbers]


def _unit(axis: Any) -> str:
    name = type(axis.get_converter()).__name__ if axis.get_converter() is not None else ""
    if "Category" in name:
        return "category"
    return "date" if "Date" in name else ""


def _name(artist: Any) -> dict[str, Any]:
    label = str(artist.get_label() or "")
    is_own = bool(label) and not label.startswith("_")
    return {"name": label, "showlegend": True} if is_own else {"showlegend": False}


def _hex(colour: Any, otherwise: str = "#1f77b4") -> str:
    from matplotlib.colors import to_hex

    try:
        return to_hex(colour)
    except (ValueError, TypeError):
        return otherwise


def _rgba(colour: Any) -> str:
    from matplotlib.colors import to_rgba

    red, green, blue, alpha = to_rgba(colour)
    return f"rgba({red * 255:.0f},{green * 255:.0f},{blue * 255:.0f},{alpha:g})"
