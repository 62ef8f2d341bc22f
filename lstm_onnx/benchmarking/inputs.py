"""Inputs of any batch and length for a file, made from its golden examples: no plugin is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lstm_onnx.contract import Array, Axis, Contract, ImageSource, LengthsSource, Step, TensorSpec, TimeSource
from lstm_onnx.data.frequency import advance
from lstm_onnx.data.made_up_inputs import made_up_inputs, session_tensors
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.inference.model import Model

FOREIGN_LENGTH = 32
"""Length of sequences for files that do not say what is usual."""


def length_axis(contract: Contract) -> str | None:
    """Name the free axis that is no batch: the one along which sequences run."""
    free = [name for name, axis in contract.axes.items() if axis.size is None and name != "batch"]
    return free[0] if free else None


def usual_length(contract: Contract) -> int:
    """The length seen in training; one step for a file that takes sequences in pieces; 0 where no axis is free."""
    name = length_axis(contract)
    if name is None:
        return 0
    if contract.stream is not None:
        return 1
    return contract.axes[name].example_size or contract.axes[name].min


def inputs_for(model: Model, batch: int, length: int) -> dict[str, Array]:
    """Make inputs for a file: from its golden examples, or made up where it has no contract.

    Without a contract, free axes that come first are taken for the batch, and all others for the length.

    Raises:
        UserError: the contract has no examples, or does not allow these sizes.
    """
    if model.contract is not None:
        return make_inputs(model.contract, batch, length)
    inputs, _ = session_tensors(model.session)
    return made_up_inputs(inputs, first=batch, others=length or FOREIGN_LENGTH)


def usual_length_of(model: Model) -> int:
    """The usual length of a file, `FOREIGN_LENGTH` where it has no contract, and 0 where no axis is free."""
    if model.contract is not None:
        return usual_length(model.contract)
    inputs, _ = session_tensors(model.session)
    return FOREIGN_LENGTH if any(not isinstance(d, int) for t in inputs for d in t.dims[1:]) else 0


def make_inputs(contract: Contract, batch: int, length: int) -> dict[str, Array]:
    """Repeat or cut the largest golden example to a batch and a length; a length of 0 is that of a file without one.

    Pictures become squares whose sides are of that length. Times go on by the table's step, lengths are full, states
    begin at their reset values.

    Raises:
        UserError: the contract has no examples, or does not allow these sizes.
    """
    if not contract.examples:
        raise UserError(f"{contract.name}: has no golden examples in its contract to make inputs from; export it again")
    sizes = {"batch": batch}
    if (name := length_axis(contract)) is not None:
        pictures = [t for t in contract.inputs if isinstance(t.source, ImageSource)]
        sides = [d for t in pictures for d in t.dims if d != "batch" and contract.axes[d].size is None]
        sizes |= dict.fromkeys([name, *sides], length)
    elif length:
        raise UserError(f"{contract.name}: no axis but the batch is free, so it takes no --length; leave it out")
    for axis_name, size in sizes.items():
        _check_size(contract, axis_name, size)
    resets = {s.input: s.reset for s in contract.states}
    largest = max(contract.examples, key=lambda e: sum(len(v.values) for v in e.inputs.values()))
    arrays = {t.name: largest.inputs[t.name].array() for t in contract.inputs}
    for tensor in contract.inputs:
        for name, size in zip(tensor.dims, arrays[tensor.name].shape, strict=True):
            sizes.setdefault(name, contract.axes[name].size or size)
    return {t.name: _input(contract, t, arrays[t.name], sizes, resets) for t in contract.inputs}


def _check_size(contract: Contract, name: str, size: int) -> None:
    axis = contract.axes.get(name) or Axis(size=1)  # without a batch axis, one example goes through at a time
    if axis.size is not None:
        limit, fits = f"{axis.size} and nothing else", size == axis.size
    elif axis.max is not None:
        limit, fits = f"{axis.min} to {axis.max}", axis.min <= size <= axis.max
    else:
        limit, fits = f"{axis.min} or more", size >= axis.min
    if not fits:
        raise UserError(f"{contract.name}: its axis '{name}' takes {limit}, and {size} was asked for")


def _input(
    contract: Contract, tensor: TensorSpec, array: Array, sizes: Mapping[str, int], resets: Mapping[str, float]
) -> Array:
    shape = tuple(sizes[d] for d in tensor.dims)
    if tensor.name in resets:
        return np.full(shape, resets[tensor.name], dtype=array.dtype)
    if isinstance(tensor.source, LengthsSource):
        return np.full(shape, sizes[tensor.source.axis], dtype=array.dtype)
    if isinstance(tensor.source, TimeSource) and array.ndim == 2:
        step = (contract.table.step if contract.table else None) or Step(seconds=1)
        begin = np.take(array[:, :1], np.arange(shape[0]) % len(array), axis=0)
        return advance(begin, step, np.arange(shape[1])).astype(array.dtype)
    for k, size in enumerate(shape):
        array = np.take(array, np.arange(size) % array.shape[k], axis=k)
    return np.ascontiguousarray(array)
