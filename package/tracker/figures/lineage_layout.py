"""Where the runs and versions of a lineage stand: columns as data flows, rows near neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tracker.records import Lineage, LineageNode

MOST = 5  # nodes of one kind that look alike before they become one
SWEEPS = 24

Edge = tuple[str, str]


@dataclass(slots=True)
class Place:
    """One card of the drawing; `nodes` are what it stands for.

    Where an arrow passes a column there is a place without nodes, so that it passes no card.
    """

    nodes: list[LineageNode] = field(default_factory=list)
    column: int = 0
    row: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """What to draw.

    Attributes
    ----------
    cards : dict of str to Place
        By the id of the first node that they stand for.
    routes : list of lists of Place
        The arrows: from a card, past other columns, to a card.
    starts : set of str
        The cards in question.
    """

    cards: dict[str, Place]
    routes: list[list[Place]]
    starts: set[str]


def lay_out(lineage: Lineage, *, group: bool) -> Layout:
    """Return where everything stands.

    Each card has a column, after everything that leads to it, and a row near its neighbours:
    layers by the longest path, order by Sugiyama's barycentres.

    Parameters
    ----------
    lineage : Lineage
    group : bool
        Let one card stand for more than five nodes that look alike.
    """
    owner = _grouped(lineage) if group else {name: name for name in lineage.nodes}
    cards: dict[str, Place] = {}
    for name, node in lineage.nodes.items():
        cards.setdefault(owner[name], Place()).nodes.append(node)
    edges = sorted({(owner[source], owner[target]) for source, target in lineage.edges})
    edges = [edge for edge in edges if edge[0] != edge[1]]
    for name, column in _columns(cards, edges).items():
        cards[name].column = column
    places, routes = _routed(cards, edges)
    _set_rows(places, routes)
    return Layout(
        cards,
        [[places[name] for name in route] for route in routes],
        {owner[name] for name in lineage.starts},
    )


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


def _columns(places: Iterable[str], edges: list[Edge]) -> dict[str, int]:
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


def _routed(
    cards: Mapping[str, Place], edges: Iterable[Edge]
) -> tuple[dict[str, Place], list[list[str]]]:
    """Return all places, and by their names the routes of the arrows through them."""
    places, routes = dict(cards), []
    for source, target in edges:
        route = [source]
        for column in range(cards[source].column + 1, cards[target].column):
            name = f"{source} {column}"  # arrows from one card go together as far as they can
            places.setdefault(name, Place(column=column))
            route.append(name)
        routes.append([*route, target])
    return places, routes


def _set_rows(places: Mapping[str, Place], routes: Iterable[Sequence[str]]) -> None:
    columns: dict[int, list[str]] = {}
    for name, place in places.items():
        columns.setdefault(place.column, []).append(name)
    beside: dict[str, set[str]] = {name: set() for name in places}
    for route in routes:
        for source, target in pairwise(route):
            beside[source].add(target)
            beside[target].add(source)
    for names in columns.values():
        for index, name in enumerate(names):
            places[name].row = index - (len(names) - 1) / 2
    for sweep in range(SWEEPS):
        for column in sorted(columns, reverse=sweep % 2 == 1):
            wanted = {name: _centre(places, beside[name], name) for name in columns[column]}
            columns[column].sort(key=lambda name: (wanted[name], name))
            rows = _apart([wanted[name] for name in columns[column]])
            for name, row in zip(columns[column], rows, strict=True):
                places[name].row = row
    for place in places.values():
        place.row = round(2 * place.row) / 2  # straight lines are straight; they stay one apart


def _centre(places: Mapping[str, Place], names: set[str], own: str) -> float:
    return sum(places[name].row for name in names) / len(names) if names else places[own].row


def _apart(wanted: Sequence[float]) -> list[float]:
    """Return rows in order and at least one apart that are as near as can be to the wanted ones.

    Least squares, by pooling neighbours that would be too near.
    """
    blocks: list[tuple[float, int]] = []
    for index, row in enumerate(wanted):
        total, count = row - index, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            total, count = total + blocks[-1][0], count + blocks[-1][1]
            blocks.pop()
        blocks.append((total, count))
    free = [total / count for total, count in blocks for _ in range(count)]
    return [row + index for index, row in enumerate(free)]
