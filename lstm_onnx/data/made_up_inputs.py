"""Inputs for a file that does not say what its inputs mean: of the right names, types and ranks, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(int8)": "int8",
    "tensor(uint64)": "uint64",
    "tensor(uint32)": "uint32",
    "tensor(uint16)": "uint16",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "string",
}
"""Types as ONNX Runtime calls them."""


@dataclass(frozen=True)
class FoundTensor:
    """An input or output as it stands in a file.

    Attributes:
        name: its name.
        dtype: as NumPy calls it, or string; as the file has it where that is neither.
        dims: a number where an axis is fixed, a name where it is free, None where it is free and has no name.
    """

    name: str
    dtype: str
    dims: tuple[int | str | None, ...]

    @property
    def shape(self) -> str:
        """The axes as people write them."""
        return "(" + ", ".join("?" if d is None else str(d) for d in self.dims) + ")"


def session_tensors(session: InferenceSession) -> tuple[list[FoundTensor], list[FoundTensor]]:
    """Return the inputs and the outputs of a session."""

    def of(node: Any) -> FoundTensor:
        dims = tuple(d if isinstance(d, str) or (isinstance(d, int) and d >= 0) else None for d in node.shape)
        return FoundTensor(node.name, DTYPES.get(node.type, node.type), dims)

    return [of(i) for i in session.get_inputs()], [of(o) for o in session.get_outputs()]


def made_up_inputs(
    tensors: Sequence[FoundTensor],
    sizes: Mapping[str, int] | None = None,
    first: int = 2,
    others: int = 16,
    seed: int = 0,
) -> dict[str, Array]:
    """Make inputs: normal floats, whole numbers of 1, the text "a".

    Args:
        tensors: which.
        sizes: of free axes, by name.
        first: size of other free axes where they come first.
        others: size of the rest; more in pictures (four axes), which networks make smaller and smaller;
            an axis of one name has one size everywhere.
        seed: of the floats.

    Raises:
        UserError: an input is no tensor of numbers or texts.
    """
    random, known = np.random.default_rng(seed), dict(sizes or {})
    found: dict[str, Array] = {}
    for tensor in tensors:
        shape = []
        for k, dim in enumerate(tensor.dims):
            size = first if k == 0 else max(32, 4 * others) if len(tensor.dims) > 3 else others
            shape.append(dim if isinstance(dim, int) else known.setdefault(dim, size) if dim else size)
        if tensor.dtype == "string":
            found[tensor.name] = np.full(shape, "a", dtype=object)
            continue
        if tensor.dtype not in DTYPES.values():
            raise UserError(f"input '{tensor.name}' is of the type {tensor.dtype}, for which nothing can be made up")
        drawn = random.normal(size=shape) if tensor.dtype.startswith("float") else np.ones(shape)
        found[tensor.name] = np.asarray(drawn).astype(tensor.dtype)
    return found
