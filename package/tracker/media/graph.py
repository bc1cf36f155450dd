"""Graphs of nodes and edges, such as the layers of a network."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import Find, Media
from tracker.media.spec import dump_spec

ATTRIBUTES = (
    "id", "name", "class_name", "size", "parameters", "output_shape", "is_output",
    "num_parameters",
)  # fmt: skip


class Node:
    """A node of a :class:`Graph`: a layer, with what is known of it."""

    def __init__(self, **attributes: Any) -> None:
        unknown = set(attributes) - set(ATTRIBUTES)
        if unknown:
            raise UsageError(f"A node has no {sorted(unknown)[0]!r}: it has {ATTRIBUTES}.")
        self.attributes = {key: value for key, value in attributes.items() if value is not None}

    @property
    def id(self) -> Any:
        """What names the node within its graph."""
        return self.attributes.get("id")

    @property
    def name(self) -> Any:
        """What it is called."""
        return self.attributes.get("name")


class Graph(Media):
    """A graph to log: ``run.log({"model": tracker.Graph.from_torch(module)})``.

    Parameters
    ----------
    format : str
        What it is a graph of, ``"keras"`` or ``"torch"``. Default ``"keras"``.

    Attributes
    ----------
    nodes : list of Node
        In the order in which they were added.
    edges : list of tuple
        Pairs of ids.
    """

    type_name: ClassVar[str] = "graph-file"

    def __init__(self, format: str = "keras") -> None:
        super().__init__()
        self.format = format
        self.nodes: list[Node] = []
        self.nodes_by_id: dict[Any, Node] = {}
        self.edges: list[tuple[Any, Any]] = []

    def __getitem__(self, node_id: Any) -> Node:
        return self.nodes_by_id[node_id]

    def add_node(self, node: Node | None = None, **attributes: Any) -> Node:
        """Add a node, or make one of its attributes.

        Raises
        ------
        UsageError
            If both are given, there is no id, or it is taken.
        """
        if node is not None and attributes:
            raise UsageError(
                f"Only pass one of either node ({node.id}) or other keyword arguments "
                f"({attributes})"
            )
        added = Node(**attributes) if node is None else node
        if not isinstance(added.id, str | int) or added.id in self.nodes_by_id:
            raise UsageError(
                f"A node's id is {added.id!r}: expected text or a number that no other node has."
            )
        self.nodes.append(added)
        self.nodes_by_id[added.id] = added
        return added

    def add_edge(self, from_node: Any, to_node: Any) -> tuple[Any, Any]:
        """Add an edge between two nodes of the graph, given as nodes or ids."""
        edge = (getattr(from_node, "id", from_node), getattr(to_node, "id", to_node))
        for end in edge:
            if end not in self.nodes_by_id:
                raise UsageError(f"There is no node {end!r} in the graph: add it first.")
        self.edges.append(edge)
        return edge

    @classmethod
    def from_keras(cls, model: Any) -> Graph:
        """Return the layers of a Keras model and which feeds which."""
        graph = cls("keras")
        for layer in model.layers:
            shape = getattr(getattr(layer, "output", None), "shape", None)
            graph.add_node(
                id=layer.name,
                name=layer.name,
                class_name=type(layer).__name__,
                output_shape=str(tuple(shape)) if shape is not None else "multiple",
                num_parameters=int(layer.count_params()),
            )
        parents = [
            (getattr(parent, "operation", None) or parent.layer, layer)
            for layer in model.layers
            for node in getattr(layer, "_inbound_nodes", ())
            for parent in getattr(node, "parent_nodes", ())
        ]
        linked = [(p.name, layer.name) for p, layer in parents if p.name in graph.nodes_by_id]
        names = [layer.name for layer in model.layers]
        for source, target in linked or pairwise(names):
            graph.add_edge(source, target)
        return graph

    @classmethod
    def from_torch(cls, module: Any) -> Graph:
        """Return a PyTorch module and those inside it, each joined to the one that holds it."""
        graph = cls("torch")
        for path, inner in module.named_modules():
            own = [tuple(p.shape) for p in inner.parameters(recurse=False)]
            graph.add_node(
                id=path or "model",
                name=path or type(inner).__name__,
                class_name=type(inner).__name__,
                parameters=[list(shape) for shape in own],
                num_parameters=sum(int(p.numel()) for p in inner.parameters()),
            )
            if path:
                graph.add_edge(path.rpartition(".")[0] or "model", path)
        return graph

    def about(self) -> str:
        """Say how large it is."""
        return f"{self.format}, {len(self.nodes):,} nodes, {len(self.edges):,} edges"

    @property
    def content(self) -> bytes:
        """The graph as JSON."""
        return dump_spec(self.to_value()).encode(errors="replace")

    @property
    def is_quick(self) -> bool:
        """Whether it is kept at once: always, because nodes may be added to it later."""
        return True

    def to_reference(self, put_bytes: Any) -> dict[str, Any]:
        """Keep the graph and return the JSON that stands for it in the history."""
        reference = super().to_reference(put_bytes)
        return {**reference, "nodes": len(self.nodes), "edges": len(self.edges)}

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Graph:
        """Return what was logged."""
        held = json.loads(find(reference["sha256"]).read_bytes())
        graph = cls(held["format"])
        for attributes in held["nodes"]:
            graph.add_node(**attributes)
        for source, target in held["edges"]:
            graph.add_edge(source, target)
        return graph

    def to_value(self) -> dict[str, Any]:
        """Return format, nodes and edges as a dict."""
        return {
            "format": self.format,
            "nodes": [node.attributes for node in self.nodes],
            "edges": [list(edge) for edge in self.edges],
        }
