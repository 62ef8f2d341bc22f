"""Golden examples of an adopted file, each held against what the file answered as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_onnx.contract import Array, Axis, Contract, Example, Values
from lstm_onnx.data.arrays import check_inputs
from lstm_onnx.data.made_up_inputs import FoundTensor, made_up_inputs
from lstm_onnx.errors import CheckFailed, UserError
from lstm_onnx.exporting.about import About
from lstm_onnx.exporting.adoption.original import Original
from lstm_onnx.exporting.adoption.scaling import scaled, unscaled
from lstm_onnx.task import Answer
from lstm_onnx.verification.comparison import compare
from lstm_onnx.verification.report import Report

_COUNT = 2


def golden_examples(
    contract: Contract, answer: Answer, original: Original, given: Mapping[str, Any] | None
) -> tuple[Example, ...]:
    """Ask for answers to a usual example and to a short one.

    Args:
        contract: says what goes in.
        answer: of the adopted graph.
        original: the file as it was, whose answers must be the same.
        given: inputs of the first example; None makes them up, as those of the other.

    Raises:
        UserError: what is given does not fit the contract.
    """
    return tuple(
        _example(
            check_inputs(contract, given) if k == 0 and given is not None else _inputs(contract, original.about, k),
            answer,
            original,
            contract,
            k + 1,
        )
        for k in range(_COUNT)
    )


def _example(
    inputs: Mapping[str, Array], answer: Answer, original: Original, contract: Contract, number: int
) -> Example:
    about, outputs = original.about, answer(inputs)
    plain = {n: scaled(a, about.inputs.get(n)) for n, a in inputs.items()}
    wanted = {n: unscaled(a, about.outputs.get(n)) for n, a in original.answer(plain).items()}
    where = f"{original.path}: as adopted, example {number}"
    try:
        compare(outputs, wanted, contract.tolerance, where, Report(str(original.path)))
    except CheckFailed as error:
        raise UserError(
            f"{error}: the adopted graph does not answer as the file did; this is a fault of ours"
        ) from error
    return Example(
        inputs={n: Values.of(a) for n, a in inputs.items()}, outputs={n: Values.of(a) for n, a in outputs.items()}
    )


def _inputs(contract: Contract, about: About, seed: int) -> dict[str, Array]:
    """Make inputs up, in the person's unit; in the first example a stream begins."""
    sizes = {n: _size(n, axis, seed) for n, axis in contract.axes.items() if axis.size is None}
    tensors = [
        FoundTensor(t.name, t.dtype, tuple(contract.axes[d].size or sizes[d] for d in t.dims)) for t in contract.inputs
    ]
    made_up = made_up_inputs(tensors, seed=seed)
    inputs = {n: unscaled(a, about.inputs.get(n)) for n, a in made_up.items()}
    resets = {s.input for s in contract.states} if seed == 0 else set()
    return {n: np.zeros_like(a) if n in resets else a for n, a in inputs.items()}


def _size(name: str, axis: Axis, seed: int) -> int:
    wanted = (axis.example_size or (2 if name == "batch" else 16)) if seed == 0 else 3 if name == "batch" else axis.min
    return min(max(wanted, axis.min), axis.max or wanted)
