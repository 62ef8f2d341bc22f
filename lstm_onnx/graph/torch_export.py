"""From a torch module to an ONNX model: the only caller of the torch exporter.

The exporter turns the operators of `lstm_onnx.nn.lstm` into ONNX's `LSTM` and `ReverseSequence` by `TRANSLATIONS`. What
it returns is then made readable: nodes and weights are named after the modules that they come from, and what other
runtimes choke on (value_info, stack traces, a new IR version) is removed.
"""

from __future__ import annotations

import ast
import logging
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from onnxscript import opset18 as op
from onnxscript.function_libs.torch_lib.ops.core import aten_div_mode
from onnxscript.function_libs.torch_lib.ops.nn import aten_softplus

import lstm_onnx.nn.beam_search  # noqa: F401  # defines top_k
from lstm_onnx.contract import IR_VERSION, Array
from lstm_onnx.graph.export_errors import in_a_line
from lstm_onnx.graph.full_rank import give_full_rank
from lstm_onnx.graph.joined_slices import shorten_slices
from lstm_onnx.graph.lost_constants import keep_constants
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.graph.subgraphs import join, needed_opset, torch_part
from lstm_onnx.graph.traversal import bodies, with_inner
from lstm_onnx.graph.unused_cells import drop_unused_cells
from lstm_onnx.nn.lstm import onnx_weights
from lstm_onnx.task import AnyTask, GraphSpec
from lstm_onnx.version import __version__

_SCOPES = "pkg.torch.onnx.name_scopes"


def _lstm(x: Any, w: Any, r: Any, b: Any, h0: Any, c0: Any) -> Any:
    return op.LSTM(x, w, r, b, None, h0, c0, hidden_size=r.shape[2])


def _reverse_sequence(x: Any, lengths: Any, may_be_empty: bool = False) -> Any:
    # ONNX wants lengths from 1; reversing one step changes nothing, as with none
    limited: Any = op.Max(lengths, op.Constant(value_int=1))
    if may_be_empty:  # runtimes refuse to reverse one step where there is none
        limited = op.Min(limited, op.Shape(x, start=0, end=1))
    return op.ReverseSequence(x, limited, batch_axis=1, time_axis=0)


def _top_k(x: Any, k: int) -> Any:
    count: Any = op.Constant(value_ints=[k])
    tokens: Any = op.Constant(value_int=x.shape[2])
    values, places = op.TopK(op.Flatten(x, axis=1), count)
    return values, op.Div(places, tokens), op.Mod(places, tokens)


def _index_select(x: Any, dim: int, index: Any) -> Any:
    # as the exporter's own, without a Reshape of an index that has one axis already
    return op.Gather(x, index, axis=dim)


def _div_mode(x: Any, y: Any, rounding_mode: str | None = None) -> Any:
    # the exporter's own goes through float32, which is off above 2**24, and takes five nodes
    if rounding_mode == "trunc" and x.dtype.is_integer():
        return op.Div(x, y)
    return aten_div_mode(x, y, rounding_mode)


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    # above the threshold PyTorch answers x, as float32 does anyway: no need to compare and choose
    return op.Softplus(x) if beta == 1 and threshold == 20 else aten_softplus(x, beta, threshold)


TRANSLATIONS: dict[Any, Callable[..., Any]] = {
    torch.ops.lstm_onnx.lstm.default: _lstm,
    torch.ops.lstm_onnx.reverse_sequence.default: _reverse_sequence,
    torch.ops.lstm_onnx.top_k.default: _top_k,
    torch.ops.aten.index_select.default: _index_select,
    torch.ops.aten.div.Tensor_mode: _div_mode,
    torch.ops.aten.div.Scalar_mode: _div_mode,
    torch.ops.aten.softplus.default: _softplus,
}


def trace_sizes(graph: GraphSpec) -> dict[str, int]:
    """Choose a size for each free axis to trace with: more than 1, different from each other, within the bounds."""
    sizes: dict[str, int] = {}
    for number, (name, axis) in enumerate((n, a) for n, a in graph.axes.items() if a.size is None):
        size = max(axis.min, 3 + 2 * number)
        sizes[name] = min(size, axis.max) if axis.max else size
    return sizes


def traced_example(task: AnyTask, graph: GraphSpec) -> dict[str, Array]:
    """Return inputs of the torch part to trace it with."""
    part = torch_part(graph)
    return sample_inputs(task, part, trace_sizes(part), 0)


def to_onnx(graph: GraphSpec, example: Mapping[str, Array]) -> onnx.ModelProto:
    """Export `graph`, its torch part traced with the inputs `example`; see `program_of`.

    Returns:
        A model of the lowest opset that it needs and IR `IR_VERSION`, without contract.
    """
    part = torch_part(graph)
    return join(tidy(program_of(graph, example).model_proto, part), graph)


def program_of(graph: GraphSpec, example: Mapping[str, Array]) -> torch.onnx.ONNXProgram:
    """Translate the module of `graph`, traced with the inputs `example`.

    Args:
        graph: what to export; its module must be on the CPU.
        example: an array for each input of its torch part; no free axis may have the size 1.

    Returns:
        The exporter's own model, and beside it the program of PyTorch's operators that it was made from.
    """
    opset, graph = needed_opset(graph), torch_part(graph)
    module = graph.module.eval()
    inputs = {t.name: torch.from_numpy(np.ascontiguousarray(example[t.name])) for t in graph.inputs}
    dims = {n: torch.export.Dim(n, min=a.min, max=a.max) for n, a in graph.axes.items() if a.size is None}
    dynamic = {t.name: {k: dims[d] for k, d in enumerate(t.dims) if d in dims} for t in graph.inputs}
    may_be_empty = any(a.min == 0 for n, a in graph.axes.items() if n in dims)
    with onnx_weights(module, may_be_empty), torch.no_grad(), _quiet(), in_a_line():
        program = torch.onnx.export(
            module,
            kwargs=inputs,
            dynamo=True,
            opset_version=opset,
            custom_translation_table=TRANSLATIONS,
            dynamic_shapes=dynamic,
            input_names=[t.name for t in graph.inputs],
            output_names=[t.name for t in graph.outputs],
            verbose=False,
        )
    assert program is not None
    keep_constants(program.model)
    return program


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the exporter says of things that are not ours to mend."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)  # "torchvision is not installed"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*", category=FutureWarning)
            warnings.filterwarnings("ignore", message=".*The axis name: .* will not be used", category=UserWarning)
            yield
    finally:
        logger.setLevel(level)


def tidy(model: onnx.ModelProto, graph: GraphSpec) -> onnx.ModelProto:
    """Make what the exporter wrote readable and fit for other runtimes, in place."""
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "lstm-onnx", __version__
    model.graph.name, model.graph.doc_string = graph.name, graph.description
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    drop_unused_cells(model)
    shorten_slices(model)
    give_full_rank(model)
    graphs = list(with_inner(model.graph))
    _name_nodes(model.graph, Counter())
    _name_loop_values(graphs)
    _name_weights(graphs)
    _drop_defaults(graphs)
    _drop_unused(graphs)
    for t, value in zip((*graph.inputs, *graph.outputs), (*model.graph.input, *model.graph.output), strict=True):
        value.doc_string = t.meaning
        _name_dims(value, [graph.axes[d].size or d for d in t.dims])
    return model


def _name_nodes(graph: onnx.GraphProto, seen: Counter[str], inside: str = "") -> None:
    """Name each node after the module that it comes from and what it does: `encoder.layers.0.0/LSTM`, `head/Gemm`.

    In the body of a Loop, of which the exporter does not know the modules, weights tell, or else the Loop's name.
    """
    del graph.value_info[:]  # optional, and tract refuses files that have it
    for node in graph.node:
        scopes: list[str] = next((ast.literal_eval(p.value) for p in node.metadata_props if p.key == _SCOPES), [])
        path = [s for s in scopes[:-1] if s and not s.startswith("_empty")]
        if node.op_type == "LSTM" or not path:  # of an LSTM, weights tell layer and direction too
            path = [name.rpartition(".")[0] for name in node.input[1::-1] if "." in name][:1] or [inside]
        name = "/".join([*filter(None, path[-1:]), node.op_type])
        seen[name] += 1
        node.name = name if seen[name] == 1 else f"{name}_{seen[name]}"
        node.doc_string = ""
        del node.metadata_props[:]
        for body in bodies(node):
            _name_nodes(body, seen, node.name)


_IN_LOOP = re.compile(r"_while_loop_(body|cond)_graph_(\d+)(__subgraph_in)?$")


def _name_loop_values(graphs: list[onnx.GraphProto]) -> None:
    """Shorten what the exporter calls values that go round in a Loop: `total.before` a step, and `total.after` it."""

    def short(match: re.Match[str]) -> str:
        part, number, enters = match.groups()
        end = "before" if enters else "after" if part == "body" else "goes_on"
        return f".{end}" if number == "0" else f".{end}_{number}"

    for graph in graphs:
        for node in graph.node:
            node.input[:] = [_IN_LOOP.sub(short, name) for name in node.input]
            node.output[:] = [_IN_LOOP.sub(short, name) for name in node.output]
        for value in (*graph.input, *graph.output):
            value.name = _IN_LOOP.sub(short, value.name)


def _drop_defaults(graphs: list[onnx.GraphProto]) -> None:
    """Remove what the exporter spells out of an LSTM's defaults: some runtimes refuse to see `layout` at all."""
    for node in (n for graph in graphs for n in graph.node):
        if node.op_type == "LSTM":
            kept = [a for a in node.attribute if a.name == "hidden_size"]
            del node.attribute[:]
            node.attribute.extend(kept)


def _drop_unused(graphs: list[onnx.GraphProto]) -> None:
    """Remove constants that the exporter left behind: a body may use those of the graph around it."""
    used = {name for graph in graphs for node in graph.node for name in node.input}
    used |= {value.name for graph in graphs for value in graph.output}
    for graph in graphs:
        kept = [t for t in graph.initializer if t.name in used]
        if len(kept) < len(graph.initializer):
            copies = [onnx.TensorProto.FromString(t.SerializeToString()) for t in kept]
            del graph.initializer[:]
            graph.initializer.extend(copies)


def _name_weights(graphs: list[onnx.GraphProto]) -> None:
    """Call an LSTM's weights W, R and B as ONNX's documentation does.

    One that runs with lengths in one place and without them in another has two W, of which the wider says so.
    """
    endings = {".onnx_w": ".W", ".onnx_w_padded": ".W", ".onnx_r": ".R", ".onnx_b": ".B"}
    tensors = [t for graph in graphs for t in graph.initializer]
    names = {t.name for t in tensors}
    renamed = {
        name: name.removesuffix(end) + new for name in names for end, new in endings.items() if name.endswith(end)
    }
    for name in names:
        if name.endswith(".onnx_w_padded") and name.removesuffix("_padded") in names:
            renamed[name] = name.removesuffix(".onnx_w_padded") + ".W_padded"
    for tensor in tensors:
        tensor.name = renamed.get(tensor.name, tensor.name)
        tensor.doc_string = ""
        del tensor.metadata_props[:]
    for node in (n for graph in graphs for n in graph.node):
        node.input[:] = [renamed.get(name, name) for name in node.input]


def _name_dims(value: onnx.ValueInfoProto, dims: list[str | int]) -> None:
    """Write the names of free axes where the exporter kept names of its own for sizes that it found to be equal."""
    shape = value.type.tensor_type.shape
    if len(shape.dim) != len(dims):
        return  # left as it is: verify compares it with the contract and says so
    for found, wanted in zip(shape.dim, dims, strict=True):
        if isinstance(wanted, str) and not found.HasField("dim_value"):
            found.dim_param = wanted
