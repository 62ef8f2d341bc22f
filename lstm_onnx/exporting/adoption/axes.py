"""Names of all axes: as told, as the file names them, or as asking it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lstm_onnx.contract import Array, Axis
from lstm_onnx.data.made_up_inputs import FoundTensor
from lstm_onnx.errors import UserError
from lstm_onnx.exporting.about import AboutTensor
from lstm_onnx.exporting.adoption.asking import Asked, Dims, ask, is_batch
from lstm_onnx.exporting.adoption.original import Original

_SIZES = (5, 7, 11, 13, 17, 19, 23)
"""Sizes to ask with, different from each other, so that an output's axes are recognized by their sizes."""


@dataclass(frozen=True)
class NamedAxes:
    """The axes of a file.

    Attributes:
        dims: of each input and output, the names of its axes.
        axes: what each axis is.
        outputs: an answer, by which the types of outputs are known.
    """

    dims: Dims
    axes: dict[str, Axis]
    outputs: Mapping[str, Array]


def name_axes(original: Original, notes: list[str]) -> NamedAxes:
    """Name the axes of inputs and outputs.

    Raises:
        UserError: what is told does not fit, or the file does not answer.
    """
    dims, axes = _of_inputs(original)
    free = [name for name, axis in axes.items() if axis.size is None]
    one, other = (
        ask(original, dims, axes, {n: _SIZES[(k + shift) % len(_SIZES)] for k, n in enumerate(free)})
        for shift in range(2)
    )
    if free and "batch" not in axes:
        batch = next((n for n in free if is_batch(original, one, dims, n)), None)
        if batch is not None:
            notes.append(f"along axis '{batch}' examples do not know of each other: it is called batch")
            one, other = (asked.renamed(batch, "batch") for asked in (one, other))
            rename = {batch: "batch"}
            axes = {rename.get(n, n): axis for n, axis in axes.items()}
            dims = {t: tuple(rename.get(n, n) for n in names) for t, names in dims.items()}
    for tensor in original.found.outputs:
        names = _of_output(original, tensor, dims, one, other)
        dims[tensor.name] = names
        sizes = zip(one.outputs[tensor.name].shape, other.outputs[tensor.name].shape, strict=True)
        for name, (size, after) in zip(names, sizes, strict=True):
            usual = Axis(size=size if size == after else None)
            axes.setdefault(name, original.about.axes.get(name, usual))
    _add_labels(original, dims, axes)
    return NamedAxes(dims, axes, one.outputs)


def _of_inputs(original: Original) -> tuple[dict[str, tuple[str, ...]], dict[str, Axis]]:
    dims, axes, called = dict[str, tuple[str, ...]](), dict[str, Axis](), _called(original)
    for tensor in original.found.inputs:
        told = original.about.inputs.get(tensor.name)
        if told is not None and told.dims is not None:
            names = _fitting(original, tensor.name, told.dims, len(tensor.dims))
        else:
            names = tuple(_axis_name(tensor, k, dim, called) for k, dim in enumerate(tensor.dims))
        for name, dim in zip(names, tensor.dims, strict=True):
            size = dim if isinstance(dim, int) else None
            if name in axes and axes[name].size != size:
                raise UserError(
                    f"{original.path}: axis '{name}' is {axes[name].size or 'free'} in one input and "
                    f"{size or 'free'} in '{tensor.name}'; name them differently (dims)"
                )
            told_axis = original.about.axes.get(name, Axis())
            axes[name] = told_axis.model_copy(update={"size": size}) if size else told_axis
        dims[tensor.name] = names
    return dims, axes


def _called(original: Original) -> dict[str, str]:
    """What the file's own names of axes are called by the person, who need not say it of every input."""
    told = original.about.inputs
    return {
        there: said
        for t in original.found.inputs
        for there, said in zip(t.dims, told.get(t.name, AboutTensor()).dims or (), strict=False)
        if isinstance(there, str)
    }


def _axis_name(tensor: FoundTensor, k: int, dim: int | str | None, called: Mapping[str, str]) -> str:
    """The file's own name where it has one; else one after the place."""
    if isinstance(dim, str) and dim.replace("_", "").isalnum():
        return called.get(dim, dim)
    return ("first", "time")[k] if not isinstance(dim, int) and k < 2 else f"{tensor.name}_{k}"


def _of_output(original: Original, tensor: FoundTensor, dims: Dims, one: Asked, other: Asked) -> tuple[str, ...]:
    """An axis of an output is the input's that has its size in both answers; else one of its own."""
    shape, again = (asked.outputs[tensor.name].shape for asked in (one, other))
    told = original.about.outputs.get(tensor.name)
    if told is not None and told.dims is not None:
        return _fitting(original, tensor.name, told.dims, len(shape))
    state = original.about.states.get(tensor.name)
    if state is not None and state in dims:  # a state comes out as it goes in
        return _fitting(original, tensor.name, dims[state], len(shape))
    pairs = {n: (size, other.sizes[n]) for n, size in one.sizes.items()}
    return tuple(
        next((n for n, pair in pairs.items() if pair == found), f"{tensor.name}_{k}")
        for k, found in enumerate(zip(shape, again, strict=True))
    )


def _fitting(original: Original, name: str, dims: tuple[str, ...], rank: int) -> tuple[str, ...]:
    if len(dims) != rank:
        raise UserError(f"{original.path}: '{name}' has {rank} axes, and was told {len(dims)} ({', '.join(dims)})")
    return dims


def _add_labels(original: Original, dims: Dims, axes: dict[str, Axis]) -> None:
    about, found = original.about, original.found
    for side, tensors in ((about.inputs, found.inputs), (about.outputs, found.outputs)):
        for tensor in tensors:
            told = side.get(tensor.name)
            if told is None or told.labels is None:
                continue
            last = dims[tensor.name][-1]
            if axes[last].size != len(told.labels):
                raise UserError(
                    f"{original.path}: '{tensor.name}' was told {len(told.labels)} labels, and its last axis has "
                    f"{axes[last].size or 'no fixed number of'} places"
                )
            axes[last] = axes[last].model_copy(update={"labels": told.labels})
