"""Several stages side by side as one: those of all features before torch's part, or after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from onnx import GraphProto, ValueInfoProto


def side_by_side(stages: Sequence[Stage]) -> Stage | None:
    """Return a stage that does what all of them do; None for none."""
    if len(stages) < 2:
        return stages[0] if stages else None
    axes: dict[str, Axis] = {}
    for stage in stages:
        axes |= stage.axes

    def reference(arrays: Arrays) -> dict[str, Array]:
        made: dict[str, Array] = {}
        for stage in stages:
            made |= stage.reference(arrays)
        return made

    return Stage(
        inputs=_once([t for stage in stages for t in stage.inputs]),
        outputs=tuple(t for stage in stages for t in stage.outputs),
        build=lambda: _joined(stages),
        reference=reference,
        axes=axes,
        opset=max(stage.opset for stage in stages),
    )


def _once(tensors: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    return tuple({t.name: t for t in tensors}.values())


def _joined(stages: Sequence[Stage]) -> GraphProto:
    """Put the nodes of all graphs into one; names within a graph get its number in front, so that no two meet."""
    from onnx import helper

    nodes, weights = [], []
    inputs: dict[str, ValueInfoProto] = {}
    outputs: dict[str, ValueInfoProto] = {}
    for number, stage in enumerate(stages):
        part = stage.build()
        outside = {t.name for t in (*stage.inputs, *stage.outputs)}

        def renamed(name: str, outside: set[str] = outside, number: int = number) -> str:
            return name if not name or name in outside else f"{number}.{name}"

        for node in part.node:
            node.name = f"{stage.outputs[0].name}/{node.name or node.op_type}"
            node.input[:] = [renamed(n) for n in node.input]
            node.output[:] = [renamed(n) for n in node.output]
            nodes.append(node)
        for tensor in part.initializer:
            tensor.name = renamed(tensor.name)
            weights.append(tensor)
        inputs |= {v.name: v for v in part.input}
        outputs |= {v.name: v for v in part.output}
    return helper.make_graph(nodes, "stages", list(inputs.values()), list(outputs.values()), weights)
