"""Walks through a graph and the graphs inside its nodes, such as the body of a Loop."""

from __future__ import annotations

import heapq
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


def sort_nodes(graph: onnx.GraphProto) -> None:
    """Put each node of a graph behind those whose values it takes, also inside it; else they stay in their order."""
    nodes = list(graph.node)
    maker = {name: k for k, node in enumerate(nodes) for name in node.output if name}
    waits = [{maker[name] for name in reads(node) if name in maker} - {k} for k, node in enumerate(nodes)]
    followers: list[list[int]] = [[] for _ in nodes]
    for k, before in enumerate(waits):
        for other in before:
            followers[other].append(k)
    ready = [k for k, before in enumerate(waits) if not before]
    order = []
    while ready:
        order.append(heapq.heappop(ready))
        for k in followers[order[-1]]:
            waits[k].discard(order[-1])
            if not waits[k]:
                heapq.heappush(ready, k)
    assert len(order) == len(nodes), "a node takes what is made of it"
    del graph.node[:]
    graph.node.extend(nodes[k] for k in order)
