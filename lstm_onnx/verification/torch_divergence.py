"""Finds the first node of a model whose value is not what PyTorch has at the same place.

The exporter names ONNX values after the nodes of the program of PyTorch's operators that it translates. That program is
made once more from the graph, and run node by node.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.export.graph_signature import InputKind

from lstm_onnx.contract import Array
from lstm_onnx.graph.subgraphs import join, run_after, run_before, torch_part
from lstm_onnx.graph.torch_export import program_of, tidy
from lstm_onnx.graph.traversal import reads
from lstm_onnx.task import Arrays, GraphSpec
from lstm_onnx.verification.divergence import first_difference, values_by_onnx_runtime


def first_divergence(model: onnx.ModelProto, graph: GraphSpec, example: Arrays, inputs: Arrays) -> str | None:
    """Say at which node a model and PyTorch part; None where they agree everywhere.

    Args:
        model: a file that was exported from `graph`, perhaps wrongly, perhaps changed since.
        graph: what it was exported from; its module must be on the CPU.
        example: inputs to trace with, as for `to_onnx`: no free axis may have the size 1.
        inputs: those on which the two differ.
    """
    got = values_by_onnx_runtime(model, inputs)
    if isinstance(got, str):
        return got
    exported = program_of(graph, example)
    assert exported.exported_program is not None
    found = first_difference(model, got, _values(exported.exported_program, graph, inputs), graph.tolerance)
    if found is None:
        return None
    fresh = join(tidy(exported.model_proto, torch_part(graph)), graph)
    others = _other_weights(found.node, model, fresh)
    return f"{found}; its weights {', '.join(others)} are not those of the run" if others else str(found)


def _values(program: torch.export.ExportedProgram, graph: GraphSpec, inputs: Arrays) -> dict[str, Array]:
    """What PyTorch has for each node of the program, and for inputs and outputs of its part by their names."""
    made = run_before(graph, inputs)
    given = iter(made.values())
    arguments: list[Any] = []
    for spec in program.graph_signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            arguments.append(torch.from_numpy(np.ascontiguousarray(next(given))))
        else:
            held = program.state_dict if spec.target in program.state_dict else program.constants
            arguments.append(held[str(spec.target)])
    recorder = _Recorder(program.graph_module)
    with torch.no_grad():
        outputs = recorder.run(*arguments)
    answered = {t.name: o.numpy() for t, o in zip(torch_part(graph).outputs, outputs, strict=True)}
    return recorder.values | made | answered | run_after(graph, inputs, answered)


class _Recorder(torch.fx.Interpreter):
    """Keeps every value that is a tensor or a number, by the name of its node."""

    def __init__(self, module: torch.fx.GraphModule) -> None:
        super().__init__(module)
        self.values: dict[str, Array] = {}

    def run_node(self, n: torch.fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, torch.Tensor):
            self.values[n.name] = value.detach().cpu().numpy().copy()
        elif isinstance(value, int | float | bool):
            self.values[n.name] = np.asarray(value)
        return value


def _other_weights(node: onnx.NodeProto, model: onnx.ModelProto, fresh: onnx.ModelProto) -> list[str]:
    """Name the weights that the node reads which are not what a fresh export has under the same name and type."""
    there, right = ({t.name: t for t in m.graph.initializer} for m in (model, fresh))
    read = dict.fromkeys(reads(node))
    shared = [n for n in read if n in there and n in right and there[n].data_type == right[n].data_type]
    return [n for n in shared if not _same(numpy_helper.to_array(there[n]), numpy_helper.to_array(right[n]))]


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()
