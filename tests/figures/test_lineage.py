"""The graph of runs and versions: everything is in it, data flows to the right."""

from __future__ import annotations

from tracker.figures.lineage import lineage_figure
from tracker.records import Lineage, LineageNode


def version(key: int, name: str, kind: str = "dataset", state: str = "committed") -> LineageNode:
    return LineageNode(f"version:{key}", "version", "p", name, kind, state, key)


def run(key: int, name: str = "r", job: str = "train") -> LineageNode:
    return LineageNode(f"run:{key}", "run", "p", name, job, "finished", key, f"id{key}")


def lineage(nodes: list[LineageNode], edges: list[tuple[str, str]], *starts: str) -> Lineage:
    return Lineage({node.id: node for node in nodes}, tuple(edges), starts)


def marks(figure):
    """Column and row by label."""
    return {
        text: (x, y)
        for trace in figure.data
        if trace.mode == "markers+text"
        for text, x, y in zip(trace.text, trace.x, trace.y, strict=True)
    }


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
    lines = figure.data[0]
    assert sum(value is None for value in lines.x) == len(found.edges)
    assert {trace.name for trace in figure.data[1:]} == {"run", "dataset", "model"}
    (model,) = (trace for trace in figure.data if trace.name == "model")
    assert list(model.marker.line.width) == [2]


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
    (squares,) = (trace for trace in lineage_figure(found).data if trace.name == "run")
    assert "trial 0<br>" in squares.hovertext[0]
    assert "and 2 more" in squares.hovertext[0]
    assert len(marks(lineage_figure(found, group=False))) == 13


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
