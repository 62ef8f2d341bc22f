"""Golden examples as one binary file that any language reads in thirty lines.

Everything is little-endian and nothing is aligned. A text is a u32 (its number of bytes) and that many bytes of UTF-8.

    8 bytes  "LSTMGOLD"
    u32      version of this format, 1
    f64 f64  rtol and atol: |got - wanted| <= atol + rtol * max|wanted|, the maximum over the finite values of one
             example, which is one index of the tensor's first axis
    u32      number of examples; for each:
      u32      number of tensors; for each:
        u32      0 for an input, 1 for an output
        text     name
        u32      ONNX element type: 1 float32, 2 uint8, 6 int32, 7 int64, 8 string, 9 bool, 10 float16, 11 float64
        u32      rank, then one u32 for each axis
        u32      number of bytes that follow: the values in row-major order; strings as texts, one after another

Two NaN are equal, as are infinities of the same sign; integers, booleans and strings must be equal exactly.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from lstm_onnx.contract import Array, Contract, Values

MAGIC = b"LSTMGOLD"
VERSION = 1
ELEMENT = {
    "float32": 1,
    "uint8": 2,
    "int32": 6,
    "int64": 7,
    "string": 8,
    "bool": 9,
    "float16": 10,
    "float64": 11,
}
"""ONNX's number of each element type, which is ONNX Runtime's too."""


def golden_file(contract: Contract) -> bytes:
    """Write the contract's examples and its tolerance."""
    tolerance, parts = contract.tolerance, [MAGIC]
    parts.append(struct.pack("<IddI", VERSION, tolerance.rtol, tolerance.atol, len(contract.examples)))
    for example in contract.examples:
        parts.append(struct.pack("<I", len(example.inputs) + len(example.outputs)))
        parts += [*_tensors(0, example.inputs), *_tensors(1, example.outputs)]
    return b"".join(parts)


def _tensors(role: int, values: Mapping[str, Values]) -> list[bytes]:
    return [struct.pack("<I", role) + _text(name) + _tensor(v.dtype, v.array()) for name, v in values.items()]


def _tensor(dtype: str, array: Array) -> bytes:
    shape = struct.pack(f"<{1 + array.ndim}I", array.ndim, *array.shape)
    if dtype == "string":
        content = b"".join(_text(str(v)) for v in array.ravel())
    else:
        content = np.ascontiguousarray(array).astype(np.dtype(dtype).newbyteorder("<")).tobytes()
    return struct.pack("<I", ELEMENT[dtype]) + shape + struct.pack("<I", len(content)) + content


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<I", len(encoded)) + encoded
