"""Graphs with stages that are not torch's: which part is torch's, and how the parts become one ONNX graph."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import compose, helper

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.graph.traversal import with_inner
from lstm_onnx.task import Arrays, GraphSpec, Stage

ML_DOMAIN, ML_VERSION = "ai.onnx.ml", 3


def torch_part(graph: GraphSpec) -> GraphSpec:
    """Return the graph without its stages: what the module alone takes and gives."""
    return _without(graph, (graph.before, None), (graph.after, None))


def numeric(graph: GraphSpec) -> GraphSpec:
    """Return the graph without the stages that strings go through: numbers in, numbers out.

    What such a stage makes of strings becomes an input, what it would make strings of an output, and no detail of it;
    their meaning and labels say how to read them.
    """
    return _without(graph, _text_apart(graph.before), _text_apart(graph.after))


Cut = tuple[Stage | None, Stage | None]
"""A stage that is taken out, and what is left of it or was never cut."""


def _text_apart(stage: Stage | None) -> Cut:
    return (stage, stage.numbers) if stage is not None and stage.has_text else (None, stage)


def _without(graph: GraphSpec, before: Cut, after: Cut) -> GraphSpec:
    inputs, outputs, axes = graph.inputs, graph.outputs, dict(graph.axes)
    if before[0] is not None:
        stays = {t.name for t in (*before[1].inputs, *before[1].outputs)} if before[1] is not None else set()
        taken = {t.name for t in before[0].inputs} - stays
        inputs = (
            *(t for t in before[0].outputs if t.name not in stays),
            *(t for t in inputs if t.name not in taken),
        )
        axes |= before[0].axes
    if after[0] is not None:
        stays = {t.name for t in (*after[1].inputs, *after[1].outputs)} if after[1] is not None else set()
        made = {t.name for t in after[0].outputs} - stays
        inner = {t.name for t in (*graph.inputs, *inputs, *outputs)} | stays
        bare = {t.name: t for t in after[0].inputs if t.name not in stays}
        outputs = (
            *(bare.get(t.name, t) for t in outputs if t.name not in made),
            *(t for t in after[0].inputs if t.name not in inner),
        )
        axes |= after[0].axes
    used = {d for t in (*inputs, *outputs) for d in t.dims}
    return dataclasses.replace(
        graph,
        inputs=inputs,
        outputs=outputs,
        axes={name: axis for name, axis in axes.items() if name in used},
        before=before[1],
        after=after[1],
    )


def needed_opset(graph: GraphSpec) -> int:
    """Return the lowest opset that has every operator of the graph."""
    return max([graph.opset, *(s.opset for s in (graph.before, graph.after) if s is not None)])


def run_before(graph: GraphSpec, arrays: Arrays) -> dict[str, Array]:
    """Return the inputs of the torch part, made by the stage's reference in Python."""
    made = dict(arrays) | (graph.before.reference(arrays) if graph.before is not None else {})
    return {t.name: made[t.name] for t in torch_part(graph).inputs}


def run_after(graph: GraphSpec, arrays: Arrays, answered: Mapping[str, Array]) -> dict[str, Array]:
    """Return the outputs of the graph from those of the torch part."""
    made = dict(answered) | (graph.after.reference({**arrays, **answered}) if graph.after is not None else {})
    return {t.name: made[t.name] for t in graph.outputs}


def join(model: onnx.ModelProto, graph: GraphSpec) -> onnx.ModelProto:
    """Put the stages of `graph` around the model of its torch part, in place."""
    if graph.before is None and graph.after is None:
        return model
    joined, name = model.graph, model.graph.name
    there = {v.name: v for v in (*joined.input, *joined.output)}
    if graph.before is not None:
        joined = connect(prefix_names(graph.before.build(), "before/"), joined)
    if graph.after is not None:
        joined = connect(joined, prefix_names(graph.after.build(), "after/"))
    for side, tensors in ((joined.input, graph.inputs), (joined.output, graph.outputs)):
        values = [there[t.name] if t.name in there else _value(t, graph.axes) for t in tensors]
        kept = [onnx.ValueInfoProto.FromString(v.SerializeToString()) for v in values]
        del side[:]
        side.extend(kept)
    del joined.value_info[:]
    joined.name = name
    model.graph.CopyFrom(joined)
    if any(n.domain == ML_DOMAIN for n in model.graph.node) and all(o.domain != ML_DOMAIN for o in model.opset_import):
        model.opset_import.append(helper.make_opsetid(ML_DOMAIN, ML_VERSION))
    return model


def prefix_names(graph: onnx.GraphProto, prefix: str, renamed: Mapping[str, str] | None = None) -> onnx.GraphProto:
    """Return a graph whose inner names meet no other: all but its inputs and outputs begin so, and nodes differ.

    Args:
        graph: stays as it is.
        prefix: of nodes, weights and values.
        renamed: other names for some inputs or outputs.
    """
    named = onnx.GraphProto()
    named.CopyFrom(graph)
    seen: Counter[str] = Counter()
    for part in with_inner(named):
        for node in part.node:
            name = node.name or node.op_type
            seen[name] += 1
            node.name = name if seen[name] == 1 else f"{name}_{seen[name]}"
    # weights, too: compose looks into the body of a Loop before it comes to them
    names = {t.name: prefix + t.name for t in named.initializer} | dict(renamed or {})
    return compose.add_prefix_graph(
        named, prefix, rename_inputs=False, rename_outputs=False, inplace=True, name_map=names
    )


def connect(first: onnx.GraphProto, second: onnx.GraphProto, same: Sequence[tuple[str, str]] = ()) -> onnx.GraphProto:
    """Join two graphs: what both know by one name is one value, an input of both among them.

    Args:
        first: runs first.
        second: takes outputs of `first`, or the inputs that it has.
        same: an output of `first` and the input of `second` that it is, where they are called otherwise.
    """
    open_first = onnx.GraphProto()
    open_first.CopyFrom(first)
    given = {v.name: v for v in (*first.input, *first.output)}
    met = [(v.name, v.name) for v in second.input if v.name in given] + list(same)
    out = {v.name for v in first.output}
    open_first.output.extend(given[name] for name, _ in met if name not in out)  # compose connects outputs alone
    joined = compose.merge_graphs(open_first, second, met, doc_string="")
    del joined.value_info[:]  # an input of both is among them, and compose would rename it like what lies inside
    return joined


def _value(tensor: TensorSpec, axes: Mapping[str, Axis]) -> onnx.ValueInfoProto:
    kind = onnx.TensorProto.STRING
    if tensor.dtype != "string":
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(tensor.dtype))
    dims = [axes[d].size or d for d in tensor.dims]
    return helper.make_tensor_value_info(tensor.name, kind, dims, doc_string=tensor.meaning)
