"""Walks through a graph and the graphs inside its nodes, such as the body of a Loop."""

from __future__ import annotations

from collections.abc import Iterator

import onnx


def with_inner(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph, then those inside its nodes (of Loop, If and Scan), and inside theirs."""
    yield graph
    for node in graph.node:
        for body in bodies(node):
            yield from with_inner(body)


def nodes_of(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield every node in the order of the graph, each before those inside it."""
    for node in graph.node:
        yield node
        yield from inner_nodes(node)


def inner_nodes(node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    """Yield every node inside a node."""
    for body in bodies(node):
        yield from nodes_of(body)


def reads(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the names of all values that a node takes, also those that only the graphs inside it do."""
    yield from (name for name in node.input if name)
    for body in bodies(node):
        made = {v.name for v in (*body.input, *body.initializer)} | {name for n in body.node for name in n.output}
        yield from (name for inner in body.node for name in reads(inner) if name not in made)


def bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Yield the graphs inside a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
