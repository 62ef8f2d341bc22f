"""Finding out by asking: what a file answers for made-up inputs of some sizes, and along which axis it has a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_onnx.contract import Array, Axis
from lstm_onnx.data.made_up_inputs import FoundTensor, made_up_inputs
from lstm_onnx.errors import UserError, first_line
from lstm_onnx.exporting.adoption.original import Original

Dims = Mapping[str, tuple[str, ...]]
"""Input or output -> names of its axes, outermost first."""


@dataclass(frozen=True)
class Asked:
    """What was answered, and to what.

    Attributes:
        sizes: of the free axes, by name.
        inputs: arrays by name.
        outputs: arrays by name.
    """

    sizes: dict[str, int]
    inputs: dict[str, Array]
    outputs: dict[str, Array]

    def renamed(self, axis: str, name: str) -> Asked:
        """Return the same with an axis called otherwise; it is the last one then."""
        others = {n: size for n, size in self.sizes.items() if n != axis}
        return Asked(others | {name: self.sizes[axis]}, self.inputs, self.outputs)


def ask(original: Original, dims: Dims, axes: Mapping[str, Axis], sizes: Mapping[str, int]) -> Asked:
    """Ask with made-up inputs of these sizes, within the bounds of the axes.

    Args:
        original: the file.
        dims: names of the axes of its inputs.
        axes: all of them; what has no fixed size takes one of `sizes`.
        sizes: of free axes, by name.

    Raises:
        UserError: it does not answer.
    """
    within = {n: min(max(size, axes[n].min), axes[n].max or size) for n, size in sizes.items()}
    tensors = [
        FoundTensor(t.name, t.dtype, tuple(axes[n].size or within[n] for n in dims[t.name]))
        for t in original.found.inputs
    ]
    inputs = made_up_inputs(tensors)
    try:
        return Asked(within, inputs, original.answer(inputs))
    except Exception as error:
        shapes = ", ".join(f"{t.name} {t.shape}" for t in tensors)
        raise UserError(
            f"{original.path}: ONNX Runtime does not answer for made-up inputs {shapes} "
            f"({first_line(error)[:200]}); tell the bounds of its axes with --about"
        ) from error


def is_batch(original: Original, asked: Asked, dims: Dims, axis: str) -> bool:
    """Whether each place along an axis, alone, is answered as among the others; two places are asked about."""
    where = {t: names.index(axis) for t, names in dims.items() if axis in names}
    for place in range(2):
        alone = {t: np.take(a, [place], axis=where[t]) if t in where else a for t, a in asked.inputs.items()}
        try:
            found = original.answer(alone)
        except Exception:
            return False
        for t, whole in asked.outputs.items():
            along = [k for k, n in enumerate(whole.shape) if n == asked.sizes[axis] and found[t].shape[k] == 1]
            if not along or not np.allclose(np.take(whole, [place], axis=along[0]), found[t], 1e-4, 1e-5):
                return False
    return True
