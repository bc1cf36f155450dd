"""The graph of runs and versions: everything is in it, data flows to the right."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tracker.figures.lineage import lineage_figure
from tracker.figures.lineage_layout import lay_out
from tracker.records import Lineage, LineageNode


def version(key: int, name: str, kind: str = "dataset", state: str = "committed") -> LineageNode:
    return LineageNode(f"version:{key}", "version", "p", name, kind, state, key)


def run(key: int, name: str = "r", job: str = "train") -> LineageNode:
    return LineageNode(f"run:{key}", "run", "p", name, job, "finished", key, f"id{key}")


def lineage(nodes: list[LineageNode], edges: list[tuple[str, str]], *starts: str) -> Lineage:
    return Lineage({node.id: node for node in nodes}, tuple(edges), starts)


def marks(figure):
    """Column and row by label."""
    points = figure.data[-1]
    return {text: (x, y) for text, x, y in zip(points.text or (), points.x, points.y, strict=True)}


def shapes(figure, name):
    """The looks of all shapes of a name; those that look alike are one path."""
    return [
        shape.line
        for shape in figure.layout.shapes
        if shape.name == name
        for _ in range(shape.path.count("M"))
    ]


def texts(figure):
    (found,) = (trace.text for trace in figure.data if trace.mode == "text")
    return list(found)


def chain() -> Lineage:
    return lineage(
        [version(1, "raw:v0"), run(1, "prep"), version(2, "clean:v0"), run(2, "fit"),
         version(3, "net:v0", "model"), version(4, "old:v0", state="deleted")],
        [("version:1", "run:1"), ("run:1", "version:2"), ("run:1", "version:4"),
         ("version:2", "run:2"), ("run:2", "version:3"), ("version:1", "run:2")],
        "version:3",
    )  # fmt: skip


def test_data_flows_from_left_to_right():
    found = chain()
    figure = lineage_figure(found)
    places = marks(figure)
    assert len(places) == 6
    columns = [places[name][0] for name in ("raw:v0", "prep", "clean:v0", "fit", "net:v0")]
    assert columns == [0, 1, 2, 3, 4]
    assert places["old:v0"][0] == 2
    assert len(set(places.values())) == 6
    assert len(shapes(figure, "edge")) == len(found.edges)
    assert len(shapes(figure, "card")) == len(shapes(figure, "stripe")) == 6
    assert [card.width for card in shapes(figure, "card")].count(2) == 1
    assert [card.dash for card in shapes(figure, "card")].count("dot") == 1
    said = texts(figure)
    assert sum("<b>net:v0</b>" in text for text in said) == 1
    assert sum(">deleted<" in text for text in said) == 1
    assert sum(">train<" in text for text in said) == 2
    assert len({stripe.color for stripe in shapes(figure, "stripe")}) == 3
    assert set(figure.data[-1].customdata) == set(found.nodes)


def test_arrows_pass_no_card():
    """What leads past a column has a row of its own there."""
    layout = lay_out(chain(), group=True)
    (route,) = (route for route in layout.routes if len(route) > 2)
    assert [place.column for place in route] == [0, 1, 2, 3]
    for place in route[1:-1]:
        rows = [card.row for card in layout.cards.values() if card.column == place.column]
        assert all(abs(row - place.row) >= 1 for row in rows)


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 12), st.booleans()), min_size=1, max_size=40
    )
)
def test_cards_never_touch(links):
    nodes: dict[str, LineageNode] = {}
    edges = []
    for at, of, is_input in links:
        nodes[f"run:{at}"], nodes[f"version:{of}"] = run(at), version(of, f"a:v{of}")
        pair = (f"version:{of}", f"run:{at}")
        edges.append(pair if is_input else pair[::-1])
    layout = lay_out(lineage(list(nodes.values()), list(dict.fromkeys(edges))), group=True)
    assert sum(len(place.nodes) for place in layout.cards.values()) == len(nodes)
    everything = {id(place): place for place in layout.cards.values()}
    everything |= {id(place): place for route in layout.routes for place in route}
    columns: dict[int, list[float]] = {}
    for place in everything.values():
        columns.setdefault(place.column, []).append(place.row)
    for rows in columns.values():
        rows.sort()
        assert all(below - above >= 1 for above, below in pairwise(rows))


def test_what_came_before_and_after():
    found = chain()
    assert [node.name for node in found.before("version:3")] == [
        "fit", "raw:v0", "clean:v0", "prep",
    ]  # fmt: skip
    assert [node.name for node in found.after("version:2")] == ["fit", "net:v0"]
    assert found.after("version:3") == []


def test_many_that_are_alike_are_one():
    runs = [run(number, f"trial {number}") for number in range(12)]
    found = lineage(
        [version(1, "set:v0"), *runs], [("version:1", each.id) for each in runs], "version:1"
    )
    assert set(marks(lineage_figure(found))) == {"set:v0", "12 runs"}
    figure = lineage_figure(found)
    (hover,) = (text for text in figure.data[-1].hovertext if "trial" in text)
    assert "trial 0<br>" in hover
    assert "and 2 more" in hover
    assert len(shapes(figure, "card")) == 3  # many lie on a second card
    assert len(marks(lineage_figure(found, group=False))) == 13


def test_a_thousand_cards_are_few_shapes():
    nodes = [version(0, "set:v0"), *(run(number) for number in range(1, 501))]
    nodes += [version(number, f"net:v{number}", "model") for number in range(1, 501)]
    edges = [("version:0", f"run:{number}") for number in range(1, 501)]
    edges += [(f"run:{number}", f"version:{number}") for number in range(1, 501)]
    figure = lineage_figure(lineage(nodes, edges, "version:0"))
    assert len(shapes(figure, "card")) == 1001
    assert len(figure.layout.shapes) < 10  # Plotly takes a millisecond or two for each


def test_a_circle_and_a_lonely_version():
    found = lineage([version(1, "a:v0"), run(1)], [("version:1", "run:1"), ("run:1", "version:1")])
    assert len(marks(lineage_figure(found))) == 2
    assert marks(lineage_figure(lineage([version(1, "a:v0")], [], "version:1"))) == {"a:v0": (0, 0)}
    assert marks(lineage_figure(lineage([], []))) == {}


def test_names_are_no_markup():
    evil = version(1, "<b>x</b><script>")
    figure = lineage_figure(lineage([evil], [], "version:1"))
    assert "<" not in next(iter(marks(figure)))
    assert "<script" not in figure.to_json()
    assert "<b>&lt;b&gt;x" in texts(figure)[0]
