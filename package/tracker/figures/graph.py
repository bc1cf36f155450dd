"""Graphs of nodes, in layers from where they begin: a Plotly figure, in plain dicts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from tracker.errors import UsageError
from tracker.figures.colours import PALETTE

MOST_NODES: Final = 2000


def graph_figure(graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figure of a logged graph.

    Parameters
    ----------
    graph : mapping
        ``nodes``, each with ``id`` and perhaps ``name``, ``class_name`` and more, and
        ``edges``, pairs of ids.

    Raises
    ------
    UsageError
        If there are no nodes, or too many to tell them apart.
    """
    nodes: Sequence[Mapping[str, Any]] = graph.get("nodes") or ()
    if not nodes or len(nodes) > MOST_NODES:
        raise UsageError(f"The graph has {len(nodes):,} nodes: 1 to {MOST_NODES:,} are drawn.")
    edges = [tuple(edge) for edge in graph.get("edges") or ()]
    places = layered([node["id"] for node in nodes], edges)
    x = [places[node["id"]][0] for node in nodes]
    y = [-places[node["id"]][1] for node in nodes]
    classes = [str(node.get("class_name") or "") for node in nodes]
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(dict.fromkeys(classes))}
    names = [_clean(str(node.get("name") or node["id"])) for node in nodes]
    dots = {
        "type": "scatter", "mode": "markers+text" if len(nodes) <= 40 else "markers",
        "x": x, "y": y, "text": names, "textposition": "middle right",
        "hovertext": [_said(node) for node in nodes], "hoverinfo": "text",
        "marker": {"size": 14 if len(nodes) <= 40 else 8, "color": [colours[c] for c in classes]},
    }  # fmt: skip
    lines: dict[str, Any] = {
        "type": "scatter", "mode": "lines", "x": [], "y": [], "hoverinfo": "skip",
        "line": {"color": "rgba(128,128,128,0.6)", "width": 1.5},
    }  # fmt: skip
    for start, end in edges:
        if start in places and end in places:
            lines["x"] += [places[start][0], places[end][0], None]
            lines["y"] += [-places[start][1], -places[end][1], None]
    axis = {"visible": False}
    span = max(x) - min(x) or 1.0
    # Names stand to the right of their nodes.
    across = {**axis, "range": [min(x) - 0.1 * span, max(x) + 0.3 * span]}
    layout = {"xaxis": across, "yaxis": axis, "showlegend": False, "hovermode": "closest"}
    return {"data": [lines, dots], "layout": layout}


def layered(
    nodes: Sequence[Hashable], edges: Sequence[tuple[Any, ...]]
) -> dict[Hashable, tuple[float, float]]:
    """Return a place for each node: below all that lead to it, beside those of its layer.

    Nodes of a circle are as deep as the way on which they were met first.
    """
    after: dict[Hashable, list[Hashable]] = {node: [] for node in nodes}
    waiting = dict.fromkeys(nodes, 0)
    for start, end in edges:
        if start in after and end in after and start != end:
            after[start].append(end)
            waiting[end] += 1
    depth = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not waiting[node]]
    done: set[Hashable] = set()
    remaining = list(nodes)
    while len(done) < len(nodes):
        if not ready:  # only circles are left
            ready = [next(node for node in remaining if node not in done)]
        node = ready.pop(0)
        done.add(node)
        for other in after[node]:
            if other in done:
                continue
            depth[other] = max(depth[other], depth[node] + 1)
            waiting[other] -= 1
            if waiting[other] == 0:
                ready.append(other)
        ready = [other for other in ready if other not in done]
        remaining = [other for other in remaining if other not in done] if not ready else remaining
    layers: dict[int, list[Hashable]] = {}
    for node in nodes:
        layers.setdefault(depth[node], []).append(node)
    return {
        node: (place - (len(layer) - 1) / 2, float(level))
        for level, layer in layers.items()
        for place, node in enumerate(layer)
    }


def _said(node: Mapping[str, Any]) -> str:
    return "<br>".join(f"{_clean(str(k))}: {_clean(str(v))}" for k, v in list(node.items())[:12])


def _clean(text: str) -> str:
    return text[:120].replace("<", "&lt;")
