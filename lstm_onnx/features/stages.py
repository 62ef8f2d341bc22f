"""Several stages side by side as one: those of all features before torch's part, or after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from lstm_onnx.contract import Array, Axis, LengthsSource, TensorSpec
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
        numbers=side_by_side([stage for stage in stages if not stage.has_text]),
    )


def renamed(stage: Stage, names: Mapping[str, str], dims: Mapping[str, str]) -> Stage:
    """Return a stage whose tensors, and whose axes, have other names."""

    def spec(tensor: TensorSpec) -> TensorSpec:
        source = tensor.source
        if isinstance(source, LengthsSource):
            source = source.model_copy(update={"axis": dims.get(source.axis, source.axis)})
        update = {"name": names.get(tensor.name, tensor.name), "dims": tuple(dims.get(d, d) for d in tensor.dims)}
        return tensor.model_copy(update={**update, "source": source})

    def reference(arrays: Arrays) -> dict[str, Array]:
        made = stage.reference({**arrays, **{t.name: arrays[names.get(t.name, t.name)] for t in stage.inputs}})
        return {names.get(name, name): array for name, array in made.items()}

    def build() -> GraphProto:
        from lstm_onnx.graph.subgraphs import prefix_names

        # so that no inner name meets one that an author chose, which has no slash
        return prefix_names(stage.build(), "inner/", renamed=names)

    return Stage(
        inputs=tuple(map(spec, stage.inputs)),
        outputs=tuple(map(spec, stage.outputs)),
        build=build,
        reference=reference,
        axes={dims.get(name, name): axis for name, axis in stage.axes.items()},
        opset=stage.opset,
    )


def _once(tensors: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    return tuple({t.name: t for t in tensors}.values())


def _joined(stages: Sequence[Stage]) -> GraphProto:
    from lstm_onnx.graph.subgraphs import connect, prefix_names

    parts = [prefix_names(stage.build(), f"{stage.outputs[0].name}/") for stage in stages]
    return reduce(connect, parts)
