"""A graph of runs and artifact versions: data flows from left to right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.figures.colours import PALETTE
from tracker.figures.formats import escape
from tracker.records import Lineage, LineageNode

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROW_PX, COLUMN_PX = 46, 190
MARGIN_PX = 30
NAME_LIMIT = 24
MOST = 5  # nodes of one kind that look alike before they become one
SWEEPS = 4
_RUN_COLOUR = "#6b7280"
_TYPE_COLOURS = {"dataset": PALETTE[0], "model": PALETTE[1]}
_GONE = "rgba(128, 128, 128, 0.45)"


@dataclass(slots=True)
class _Place:
    """One circle or square of the drawing; `nodes` are what it stands for."""

    nodes: list[LineageNode]
    column: int = 0
    row: float = 0.0


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
        Squares are runs, circles versions; the version in question is outlined.
    """
    from plotly import graph_objects as go

    owner = _grouped(lineage) if group else {name: name for name in lineage.nodes}
    places: dict[str, _Place] = {}
    for name, node in lineage.nodes.items():
        places.setdefault(owner[name], _Place([])).nodes.append(node)
    edges = sorted({(owner[source], owner[target]) for source, target in lineage.edges})
    edges = [edge for edge in edges if edge[0] != edge[1]]
    _lay_out(places, edges)
    starts = {owner[name] for name in lineage.starts}
    figure = go.Figure([_lines(go, places, edges), *_marks(go, places, starts)])
    columns = max((place.column for place in places.values()), default=0) + 1
    rows = [place.row for place in places.values()] or [0.0]
    figure.update_layout(
        template="none",
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        height=round(max(rows) - min(rows) + 1) * ROW_PX + 4 * MARGIN_PX,
        width=columns * COLUMN_PX + 2 * MARGIN_PX,
        margin={"l": MARGIN_PX, "r": MARGIN_PX, "t": 2 * MARGIN_PX, "b": MARGIN_PX},
        hovermode="closest",
        xaxis={"visible": False, "range": [-0.5, columns - 0.5], "fixedrange": True},
        yaxis={"visible": False, "range": [max(rows) + 0.8, min(rows) - 0.6], "fixedrange": True},
    )
    return figure


# --- which nodes are drawn as one


def _grouped(lineage: Lineage) -> dict[str, str]:
    """Return for each node the one that stands for it."""
    sources: dict[str, set[str]] = {name: set() for name in lineage.nodes}
    targets: dict[str, set[str]] = {name: set() for name in lineage.nodes}
    for source, target in lineage.edges:
        sources[target].add(source)
        targets[source].add(target)
    alike: dict[tuple[Any, ...], list[str]] = {}
    for name, node in lineage.nodes.items():
        kind = node.type if node.kind == "run" else node.name.partition(":")[0]
        key = (node.kind, kind, node.project, *(frozenset(sources[name]), frozenset(targets[name])))
        alike.setdefault(key if name not in lineage.starts else (name,), []).append(name)
    return {
        name: names[0] if len(names) > MOST else name for names in alike.values() for name in names
    }


# --- where they stand


def _lay_out(places: Mapping[str, _Place], edges: list[tuple[str, str]]) -> None:
    """Give each place a column, after everything that leads to it, and a row near its neighbours.

    Layers by the longest path, then Sugiyama's barycentres.
    """
    for name, column in _columns(places, edges).items():
        places[name].column = column
    columns: dict[int, list[str]] = {}
    for name, place in places.items():
        columns.setdefault(place.column, []).append(name)
    for names in columns.values():
        _spread(places, names)
    beside: dict[str, list[str]] = {name: [] for name in places}
    for source, target in edges:
        beside[source].append(target)
        beside[target].append(source)
    for sweep in range(SWEEPS):
        for column in sorted(columns, reverse=sweep % 2 == 1):
            names = columns[column]
            names.sort(key=lambda name: (_centre(places, beside[name], places[name].row), name))
            _spread(places, names)


def _columns(places: Iterable[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    following: dict[str, list[str]] = {name: [] for name in places}
    waits_for = dict.fromkeys(following, 0)
    for source, target in edges:
        following[source].append(target)
        waits_for[target] += 1
    column = dict.fromkeys(following, 0)
    open_names = dict.fromkeys(following)
    while open_names:
        # In a circle, such as a version used and logged again, the first one goes ahead.
        ready = [name for name in open_names if waits_for[name] <= 0] or [next(iter(open_names))]
        for name in ready:
            del open_names[name]
            for target in following[name]:
                waits_for[target] -= 1
                if target in open_names:
                    column[target] = max(column[target], column[name] + 1)
    return column


def _spread(places: Mapping[str, _Place], names: list[str]) -> None:
    for index, name in enumerate(names):
        places[name].row = index - (len(names) - 1) / 2


def _centre(places: Mapping[str, _Place], names: list[str], row: float) -> float:
    return sum(places[name].row for name in names) / len(names) if names else row


# --- what is drawn


def _lines(go: Any, places: Mapping[str, _Place], edges: list[tuple[str, str]]) -> Any:
    x: list[float | None] = []
    y: list[float | None] = []
    for source, target in edges:
        here, there = places[source], places[target]
        # An S from left to right, as water would flow.
        middle = (here.column + there.column) / 2
        for step in range(13):
            t = step / 12
            x.append((1 - t) ** 3 * here.column + 3 * (1 - t) * t * middle + t**3 * there.column)
            y.append(here.row + (there.row - here.row) * (3 * t**2 - 2 * t**3))
        x.append(None)
        y.append(None)
    return go.Scatter(
        x=x, y=y, mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": "rgba(128, 128, 128, 0.5)", "width": 1.5},
    )  # fmt: skip


def _marks(go: Any, places: Mapping[str, _Place], starts: set[str]) -> list[Any]:
    kinds: dict[str, list[tuple[str, _Place]]] = {}
    for name, place in places.items():
        node = place.nodes[0]
        kinds.setdefault("run" if node.kind == "run" else node.type, []).append((name, place))
    others = [kind for kind in sorted(kinds) if kind not in _TYPE_COLOURS and kind != "run"]
    colours = {kind: PALETTE[2 + place % (len(PALETTE) - 2)] for place, kind in enumerate(others)}
    colours |= {**_TYPE_COLOURS, "run": _RUN_COLOUR}
    return [_mark(go, kind, colours[kind], kinds[kind], starts) for kind in sorted(kinds)]


def _mark(
    go: Any, kind: str, colour: str, found: list[tuple[str, _Place]], starts: set[str]
) -> Any:
    is_run = kind == "run"
    return go.Scatter(
        x=[place.column for _, place in found],
        y=[place.row for _, place in found],
        mode="markers+text",
        name=kind,
        text=[_label(place) for _, place in found],
        textposition="bottom center",
        textfont={"size": 11},
        hovertext=[_hover(place) for _, place in found],
        hoverinfo="text",
        marker={
            "opacity": 1,
            "symbol": "square" if is_run else "circle",
            "size": [14 if name in starts else 11 for name, _ in found],
            "color": [_GONE if _is_gone(place) else colour for _, place in found],
            "line": {
                "color": ["#111827" if name in starts else "white" for name, _ in found],
                "width": [2 if name in starts else 1 for name, _ in found],
            },
        },
    )


def _is_gone(place: _Place) -> bool:
    return all(node.state == "deleted" for node in place.nodes)


def _label(place: _Place) -> str:
    node = place.nodes[0]
    if len(place.nodes) > 1:
        what = "runs" if node.kind == "run" else f"versions of {node.name.partition(':')[0]}"
        return escape(_short(f"{len(place.nodes)} {what}"))
    return escape(_short(node.name))


def _hover(place: _Place) -> str:
    node = place.nodes[0]
    shown = [escape(each.name) for each in place.nodes[:10]]
    if len(place.nodes) > 10:
        shown.append(f"and {len(place.nodes) - 10} more")
    about = f"run, {node.state}" if node.kind == "run" else f"{node.type}, {node.state}"
    return f"<b>{'<br>'.join(shown)}</b><br>{escape(node.project)} · {escape(about)}"


def _short(text: str) -> str:
    return text if len(text) <= NAME_LIMIT else f"{text[: NAME_LIMIT - 9]}…{text[-8:]}"
