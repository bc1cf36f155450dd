"""A graph of runs and artifact versions: data flows from left to right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker.figures.colours import PALETTE
from tracker.figures.formats import escape
from tracker.figures.lineage_layout import Layout, Place, lay_out
from tracker.records import Lineage, LineageNode

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROW_PX, COLUMN_PX = 62, 178
MARGIN_PX = 14
CARD_PX = (150, 44)
NAME_LIMIT = 20
ARROW_PX = 8
CARD, EDGE, STRIPE = "card", "edge", "stripe"  # names of shapes, by which a page finds them
_RUN_COLOUR = "#7d8694"
_TYPE_COLOURS = {"dataset": PALETTE[0], "model": PALETTE[1]}
_LINE, _EDGE_LINE = "rgba(128, 128, 128, 0.45)", "rgba(128, 128, 128, 0.6)"
_HALF = CARD_PX[0] / COLUMN_PX / 2, CARD_PX[1] / ROW_PX / 2


def lineage_figure(lineage: Lineage, *, group: bool = True) -> Figure:
    """Return the graph of a lineage.

    Parameters
    ----------
    lineage : Lineage
        What :meth:`tracker.Artifact.lineage` or ``Api().run(…).lineage()`` returned.
    group : bool
        Draw more than five runs, or versions of one artifact, that have the same
        neighbours as one. Default True.

    Returns
    -------
    plotly Figure
        A card for each run and each version, with a stripe in the colour of its type; the one
        in question is outlined. The points in the cards have the nodes' ids as ``customdata``.
    """
    from plotly import graph_objects as go

    layout = lay_out(lineage, group=group)
    places, starts = layout.cards, layout.starts
    colours = _colours(places)
    figure = go.Figure([_arrows(go, layout.routes), _texts(go, places, colours, starts),
                        _points(go, places)])  # fmt: skip
    columns = max((place.column for place in places.values()), default=0) + 1
    rows = [place.row for place in [*places.values(), *(p for r in layout.routes for p in r)]]
    rows = rows or [0.0]
    top, bottom = min(rows) - 0.5, max(rows) + 0.5
    figure.update_layout(
        template="none",
        # The cards are white where a page does not know its theme, and so is nothing else.
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#3a414c"},
        showlegend=False,
        shapes=_shapes(layout, colours),
        width=columns * COLUMN_PX + 2 * MARGIN_PX,
        height=round((bottom - top) * ROW_PX) + 2 * MARGIN_PX,
        margin=dict.fromkeys("lrtb", MARGIN_PX),
        hovermode="closest",
        hoverdistance=CARD_PX[0] // 2,
        xaxis={"visible": False, "range": [-0.5, columns - 0.5], "fixedrange": True},
        yaxis={"visible": False, "range": [bottom, top], "fixedrange": True},
    )  # fmt: skip
    return figure


def _kind(node: LineageNode) -> str:
    return "run" if node.kind == "run" else node.type


def _colours(places: Mapping[str, Place]) -> dict[str, str]:
    kinds = {_kind(place.nodes[0]) for place in places.values()}
    others = sorted(kinds - _TYPE_COLOURS.keys() - {"run"})
    found = {kind: PALETTE[2 + place % (len(PALETTE) - 2)] for place, kind in enumerate(others)}
    return found | _TYPE_COLOURS | {"run": _RUN_COLOUR}


# --- what is drawn


def _shapes(layout: Layout, colours: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return lines and cards: all that look alike are one shape, which is drawn at once."""
    paths: dict[tuple[str, str, float, str], list[str]] = {
        (EDGE, _EDGE_LINE, 1.5, "solid"): [_edge(route) for route in layout.routes],
        (CARD, _LINE, 1, "solid"): [],
    }
    above: dict[tuple[str, str, float, str], list[str]] = {}
    for name, place in layout.cards.items():
        x, y = place.column, place.row
        colour, is_gone = colours[_kind(place.nodes[0])], _is_gone(place)
        if len(place.nodes) > 1:  # a card that looks out from under the card
            paths[CARD, _LINE, 1, "solid"].append(_box(x + 5 / COLUMN_PX, y + 5 / ROW_PX))
        is_start = name in layout.starts
        line = (colour, 2) if is_start else (_LINE, 1)
        look = (CARD, *line, "dot" if is_gone else "solid")
        above.setdefault(look, []).append(_box(x, y))
        left, height = x - _HALF[0] + 7 / COLUMN_PX, _HALF[1] - 7 / ROW_PX
        stripe = f"M{left:.4f},{y - height:.4f} L{left:.4f},{y + height:.4f}"
        above.setdefault((STRIPE, colour, 3, "solid"), []).append(stripe)
    ordered = sorted(above.items(), key=lambda item: item[0][0])  # stripes are on cards
    return [_shape(look, found) for look, found in [*paths.items(), *ordered] if found]


def _shape(look: tuple[str, str, float, str], paths: list[str]) -> dict[str, Any]:
    name, colour, width, dash = look
    shape = {
        "name": name, "type": "path", "path": " ".join(paths), "layer": "below",
        "line": {"color": colour, "width": width, "dash": dash},
    }  # fmt: skip
    return shape | {"fillcolor": "white"} if name == CARD else shape


def _box(x: float, y: float) -> str:
    """Return a box with round corners."""
    left, right, top, bottom = x - _HALF[0], x + _HALF[0], y - _HALF[1], y + _HALF[1]
    w, h = 7 / COLUMN_PX, 7 / ROW_PX
    return (
        f"M{left + w:.4f},{top:.4f} L{right - w:.4f},{top:.4f} "
        f"Q{right:.4f},{top:.4f} {right:.4f},{top + h:.4f} L{right:.4f},{bottom - h:.4f} "
        f"Q{right:.4f},{bottom:.4f} {right - w:.4f},{bottom:.4f} L{left + w:.4f},{bottom:.4f} "
        f"Q{left:.4f},{bottom:.4f} {left:.4f},{bottom - h:.4f} L{left:.4f},{top + h:.4f} "
        f"Q{left:.4f},{top:.4f} {left + w:.4f},{top:.4f} Z"
    )


def _edge(route: Sequence[Place]) -> str:
    """Return a line from card to card, in an S between two columns, as water would flow."""
    x, y = route[0].column + _HALF[0], route[0].row
    path = [f"M{x:.4f},{y:.4f}"]
    for place in route[1:]:
        is_end = place is route[-1]
        to = place.column - _HALF[0] - (ARROW_PX / COLUMN_PX if is_end else 0)
        bend = abs(to - x) / 2
        path.append(
            f"C{x + bend:.4f},{y:.4f} {to - bend:.4f},{place.row:.4f} {to:.4f},{place.row:.4f}"
        )
        x, y = place.column + _HALF[0], place.row
        if not is_end:
            path.append(f"L{x:.4f},{y:.4f}")
    return " ".join(path)


def _arrows(go: Any, routes: Iterable[Sequence[Place]]) -> Any:
    reached = dict.fromkeys((route[-1].column, route[-1].row) for route in routes)
    return go.Scatter(
        x=[column - _HALF[0] - ARROW_PX / 2 / COLUMN_PX for column, _ in reached],
        y=[row for _, row in reached],
        mode="markers",
        hoverinfo="skip",
        marker={"symbol": "triangle-right", "size": ARROW_PX, "color": _EDGE_LINE,
                "line": {"width": 0}},
    )  # fmt: skip


def _texts(
    go: Any, places: Mapping[str, Place], colours: Mapping[str, str], starts: set[str]
) -> Any:
    return go.Scatter(
        x=[place.column - _HALF[0] + 12 / COLUMN_PX for place in places.values()],
        y=[place.row for place in places.values()],
        mode="text",
        text=[_text(place, colours, name in starts) for name, place in places.items()],
        textposition="middle right",
        textfont={"size": 12},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _points(go: Any, places: Mapping[str, Place]) -> Any:
    """Return what is pointed at and clicked: cards are shapes, which hear nothing."""
    return go.Scatter(
        x=[place.column for place in places.values()],
        y=[place.row for place in places.values()],
        mode="markers",
        text=[_label(place) for place in places.values()],
        customdata=list(places),
        hovertext=[_hover(place) for place in places.values()],
        hoverinfo="text",
        hoverlabel={"bgcolor": "#374151", "bordercolor": "#374151", "font": {"color": "white"}},
        marker={"size": CARD_PX[1], "opacity": 0, "symbol": "square"},
    )


def _text(place: Place, colours: Mapping[str, str], is_start: bool) -> str:
    kind = _kind(place.nodes[0])
    said = place.nodes[0].type or "run"
    word = "deleted" if _is_gone(place) else said
    label = escape(_short(_label(place, plain=True)))
    name = f"<b>{label}</b>" if is_start else label
    style = f"font-size:10px;color:{colours[kind]}"
    return f'<span style="{style}">{escape(_short(word))}</span><br>{name}'


def _is_gone(place: Place) -> bool:
    return all(node.state == "deleted" for node in place.nodes)


def _label(place: Place, *, plain: bool = False) -> str:
    node = place.nodes[0]
    text = node.name
    if len(place.nodes) > 1:
        what = "runs" if node.kind == "run" else f"versions of {node.name.partition(':')[0]}"
        text = f"{len(place.nodes)} {what}"
    return text if plain else escape(_short(text))


def _hover(place: Place) -> str:
    node = place.nodes[0]
    shown = [escape(each.name) for each in place.nodes[:10]]
    if len(place.nodes) > 10:
        shown.append(f"and {len(place.nodes) - 10} more")
    about = f"run, {node.state}" if node.kind == "run" else f"{node.type}, {node.state}"
    return f"<b>{'<br>'.join(shown)}</b><br>{escape(node.project)} · {escape(about)}"


def _short(text: str) -> str:
    return text if len(text) <= NAME_LIMIT else f"{text[: NAME_LIMIT - 9]}…{text[-8:]}"
