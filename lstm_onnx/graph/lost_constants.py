"""Constants that the exporter's optimizer makes and then forgets to keep."""

from __future__ import annotations

from typing import Any


def keep_constants(model: Any) -> None:
    """Keep every constant that a node reads among the weights of an `onnx_ir` model, in place.

    onnxscript makes one `Clip` of `Min` and `Max` and calls its bounds after what is clipped. Where a tensor is clipped
    twice, as by the members of an ensemble, the second bounds get another name and are left out: then no runtime loads
    the file.
    """
    graph = model.graph
    known = {id(value) for value in (*graph.inputs, *graph.initializers.values())}
    for node in graph.all_nodes():
        for value in node.inputs:
            if value is None or value.producer() is not None or value.const_value is None or id(value) in known:
                continue
            if value.graph is None:  # it belongs nowhere; one of a Loop's body stays there
                known.add(id(value))
                graph.register_initializer(value)
