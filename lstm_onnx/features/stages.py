"""Several stages side by side as one: those of all features before torch's part, or after it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from onnx import GraphProto


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
    from lstm_onnx.graph.subgraphs import connect, prefix_names

    parts = [prefix_names(stage.build(), f"{stage.outputs[0].name}/") for stage in stages]
    return reduce(connect, parts)
