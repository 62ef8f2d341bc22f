"""Takes from LSTMs what only their last cell state needs, where nothing in the graph reads that.

`lstm_onnx.nn.lstm` freezes the cell state on padding by a column of weights. A model that streams gives its state
always, and a graph of whole sequences leaves it out: then the column would only cost time, and a scale in int8.
"""

from __future__ import annotations

import onnx
from onnx import numpy_helper

from lstm_onnx.graph.traversal import with_inner

_PADDED = ".onnx_w_padded"
"""Ending of the weights that have the column, as the exporter calls them."""


def drop_unused_cells(model: onnx.ModelProto) -> int:
    """Drop the column from every LSTM whose last states are not read, and what made its input; in place.

    Returns:
        how many LSTMs that were.
    """
    graphs = list(with_inner(model.graph))
    used = _used(graphs)
    weights = {t.name: t for graph in graphs for t in graph.initializer}
    count = 0
    for graph in graphs:
        makers = {node.output[0]: node for node in graph.node}
        for node in graph.node:
            if node.op_type != "LSTM" or not node.input[1].endswith(_PADDED) or used & set(node.output[1:]):
                continue
            joined = makers.get(node.input[0])
            if joined is None or joined.op_type != "Concat" or len(joined.input) != 2:
                continue
            padded, bare = node.input[1], node.input[1].removesuffix("_padded")
            if bare not in weights:
                columns = numpy_helper.to_array(weights[padded])[:, :, :-1]
                weights[bare] = numpy_helper.from_array(columns.copy(), bare)
                model.graph.initializer.append(weights[bare])
            node.input[0], node.input[1] = joined.input[0], bare
            count += 1
    if count:
        drop_dead(graphs)
    return count


def _used(graphs: list[onnx.GraphProto]) -> set[str]:
    found = {name for graph in graphs for node in graph.node for name in node.input}
    return (found | {value.name for graph in graphs for value in graph.output}) - {""}


def drop_dead(graphs: list[onnx.GraphProto]) -> None:
    """Remove nodes that nothing reads any more."""
    while True:
        used, dropped = _used(graphs), False
        for graph in graphs:
            kept = [node for node in graph.node if used & set(node.output)]
            if len(kept) < len(graph.node):
                copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
                del graph.node[:]
                graph.node.extend(copies)
                dropped = True
        if not dropped:
            return
