"""Refuses ONNX files that keep weights in other files, before any runtime sees them.

An `.onnx` may say that a weight's values lie in another file, by any path. ONNX Runtime 1.22 and 1.23 follow it
anywhere, 1.32 within the working folder: whoever opens a foreign model hands it his files. Ours are always whole.

The file is walked as protocol buffers on the wire (https://protobuf.dev/programming-guides/encoding), by the field
numbers of `onnx.proto`, without the `onnx` package: that would double the time that `predict` takes to start.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lstm_onnx.errors import UserError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DEEPEST = 200
"""Messages within messages: no exporter comes near, and a parser's stack is not endless."""

_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Kind of message -> fields that hold messages in which tensors can be."""
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


def refuse_outside_data(content: bytes, where: str | Path) -> None:
    """Look through a file's content for weights that are kept elsewhere.

    Raises:
        UserError: there is one, or the content is no protocol buffer.
    """
    view = memoryview(content)
    ahead = [("model", view, 0)]
    try:
        while ahead:
            kind, message, depth = ahead.pop()
            if depth > _DEEPEST:
                raise UserError(f"{where}: is nested too deeply to be an ONNX file that can be trusted")
            inside = _INSIDE[kind]
            for field, value in _fields(message):
                if kind == "tensor" and (field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value == 1)):
                    raise UserError(
                        f"{where}: keeps weights in another file, which is never followed; have it saved as one file "
                        f"(onnx.save without save_as_external_data)"
                    )
                if field in inside and isinstance(value, memoryview):
                    ahead.append((inside[field], value, depth + 1))
    except (IndexError, ValueError):
        raise UserError(f"{where}: is no ONNX file, or a damaged one; export it again") from None


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the fields of a message: number, and value where it is a whole number or bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, wire = key >> 3, key & 7
        if not field:
            raise ValueError("no such field")
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield field, value
        elif wire == _BYTES:
            size, at = _varint(message, at)
            if at + size > len(message):
                raise ValueError("cut off")
            yield field, message[at : at + size]
            at += size
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            raise ValueError("no such wire type")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("no whole number")
