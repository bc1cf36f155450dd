from __future__ import annotations

from types import SimpleNamespace

import pytest

from tracker.errors import UsageError
from tracker.media.graph import Graph, Node
from tracker.media.loading import load_value


class Layer:
    """What a layer of Keras 3 says of itself."""

    def __init__(self, name: str, *parents: Layer) -> None:
        self.name = name
        self.output = SimpleNamespace(shape=(None, 4))
        operations = [SimpleNamespace(operation=parent) for parent in parents]
        self._inbound_nodes = [SimpleNamespace(parent_nodes=operations)] if parents else []

    def count_params(self) -> int:
        return 12


class Module:
    """What a module of PyTorch says of itself."""

    def __init__(self, **children: Module) -> None:
        self.children = children
        self.own = [] if children else [SimpleNamespace(shape=(2, 3), numel=lambda: 6)]

    def named_modules(self, prefix: str = ""):
        yield prefix, self
        for name, child in self.children.items():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def parameters(self, recurse: bool = True):
        yield from self.own
        if recurse:
            for child in self.children.values():
                yield from child.parameters()


def test_a_graph_comes_back(keep, objects) -> None:
    graph = Graph("torch")
    first = graph.add_node(id="a", name="A", output_shape=(1, 2))
    second = graph.add_node(Node(id=2))
    graph.add_edge(first, second)
    graph.add_edge(2, "a")
    read = keep(graph)
    assert read == graph
    assert [node.id for node in read.nodes] == ["a", 2]
    assert read.edges == [("a", 2), (2, "a")]
    assert read["a"].name == "A"
    reference = graph.to_reference(objects.put_bytes)
    assert (reference["nodes"], reference["edges"]) == (2, 2)
    assert load_value(reference, objects)["nodes"][0] == {
        "id": "a", "name": "A", "output_shape": [1, 2],
    }  # fmt: skip


def test_what_is_no_node_or_edge_is_told() -> None:
    graph = Graph()
    node = graph.add_node(id="a")
    for attempt, sentence in (
        (lambda: graph.add_node(node, name="b"), "Only pass one of either node"),
        (lambda: graph.add_node(id="a"), "that no other node has"),
        (lambda: graph.add_node(name="b"), "A node's id is None"),
        (lambda: graph.add_node(id=("t",)), "expected text or a number"),
        (lambda: graph.add_edge("a", "z"), "no node 'z'"),
        (lambda: Node(colour="red"), "A node has no 'colour'"),
    ):
        with pytest.raises(UsageError, match=sentence):
            attempt()


def test_layers_of_keras() -> None:
    first = Layer("in")
    middle = Layer("dense", first)
    last = Layer("add", first, middle)
    graph = Graph.from_keras(SimpleNamespace(layers=[first, middle, last]))
    assert graph.edges == [("in", "dense"), ("in", "add"), ("dense", "add")]
    assert graph["dense"].attributes["num_parameters"] == 12
    assert graph["dense"].attributes["output_shape"] == "(None, 4)"


def test_layers_in_a_row() -> None:
    graph = Graph.from_keras(SimpleNamespace(layers=[Layer("a"), Layer("b"), Layer("c")]))
    assert graph.edges == [("a", "b"), ("b", "c")]


def test_modules_of_torch() -> None:
    graph = Graph.from_torch(Module(encoder=Module(linear=Module()), head=Module()))
    assert [node.id for node in graph.nodes] == ["model", "encoder", "encoder.linear", "head"]
    assert graph.edges == [("model", "encoder"), ("encoder", "encoder.linear"), ("model", "head")]
    assert graph["model"].attributes["num_parameters"] == 12
    assert graph["encoder.linear"].attributes["parameters"] == [[2, 3]]
