"""Answers sound as it comes, from a pipe of 16-bit samples, for a model with states."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Array, AudioSource, Contract, TensorSpec
from lstm_onnx.data.sounds import FULL, in_blocks
from lstm_onnx.errors import UserError
from lstm_onnx.inference.sound_inputs import sound_input
from lstm_onnx.inference.stream_session import StreamSession

if TYPE_CHECKING:
    from lstm_onnx.inference.model import Model

_TOGETHER = 5
"""Blocks that are answered at once: with blocks of 20 ms, ten times a second."""
_TWO_BYTES = 2
_HEAD, _CHUNK, _FORMAT = 12, 8, 16
"""Bytes of the head of a WAV file, of that of a chunk in it, and of the format that is looked at."""


def stream_sound(model: Model, pipe: IO[bytes]) -> Iterator[str]:
    """Yield a JSON object for each piece in which something begins, and one at the end.

    An object holds `seconds`, the time up to which was listened; outputs that have a label for each step as what began
    in the piece, put together; and other outputs at their newest step. The last one has the whole of it, and `"end":
    true`.

    Args:
        model: a loaded file of the variant streaming, which takes sound.
        pipe: samples of one channel at the model's rate, signed 16 bits, little-endian; or a WAV file of such.

    Raises:
        UserError: the model cannot be streamed so, or the sound is of another kind.
    """
    contract = model.require_contract()
    session = StreamSession(model)  # refuses a model without states before anything is read
    tensor = sound_input(contract)
    assert tensor is not None and isinstance(tensor.source, AudioSource)
    if besides := [t.name for t in contract.external_inputs if t is not tensor and t.default is None]:
        raise UserError(f"{model.path}: takes '{besides[0]}' beside the sound; pass both from a program")
    size, rate = contract.axes[tensor.dims[-1]].size or 1, tensor.source.rate
    said: dict[str, str] = {}
    heard, newest = 0, dict[str, Any]()
    for samples in _pieces(pipe, rate, size * _TOGETHER):
        blocks = in_blocks(samples.astype(np.float32) / np.float32(FULL), size)
        outputs = session.push({tensor.name: blocks[None]})
        heard += len(samples)
        began = {
            t.name.removesuffix("_number"): _began(t, outputs[t.name])
            for t in contract.outputs
            if _is_said(contract, t)
        }
        others = [t for t in contract.outputs if t.name in outputs and not _is_said(contract, t)]
        newest = {t.name: _newest(outputs[t.name][0], t.dims[1:2] == tensor.dims[1:2]) for t in others}
        said = {name: said.get(name, "") + text for name, text in began.items()}
        if newest or any(began.values()):
            yield json.dumps({"seconds": round(heard / rate, 3), **began, **newest}, ensure_ascii=False)
    if not heard:
        raise UserError("standard input: holds no sound; pipe 16-bit samples into it")
    yield json.dumps({"seconds": round(heard / rate, 3), **said, **newest, "end": True}, ensure_ascii=False)


def _is_said(contract: Contract, tensor: TensorSpec) -> bool:
    """Whether it is the number of a label for each step, 0 for none."""
    assert contract.stream is not None
    return tensor.labels is not None and tensor.dtype == "int64" and tensor.dims[1:] == (contract.stream.axis,)


def _newest(array: Array, has_steps: bool) -> Any:
    return (array[-1] if has_steps else array).tolist()


def _began(tensor: TensorSpec, numbers: Array) -> str:
    labels = tensor.labels or ()
    return "".join(labels[int(k)] for k in numbers[0] if k > 0)


def _pieces(pipe: IO[bytes], rate: int, size: int) -> Iterator[Array]:
    """Yield int16 (samples,) as soon as there are so many, and at the end what is left."""
    content = _exactly(pipe, _HEAD)
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        _to_samples(pipe, rate)
        content = b""
    while True:
        content += _exactly(pipe, size * _TWO_BYTES - len(content))
        if len(content) < _TWO_BYTES:
            return
        yield np.frombuffer(content[: len(content) // _TWO_BYTES * _TWO_BYTES], dtype="<i2")
        if len(content) < size * _TWO_BYTES:
            return
        content = b""


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    """Read so many bytes, fewer at the end alone: a pipe may give them in parts."""
    parts: list[bytes] = []
    while count > 0 and (part := pipe.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _to_samples(pipe: IO[bytes], rate: int) -> None:
    """Read the chunks of a WAV file up to its samples.

    Raises:
        UserError: they are not of one channel, 16 bits and the model's rate.
    """
    while len(head := _exactly(pipe, _CHUNK)) == _CHUNK:
        size = struct.unpack("<4xI", head)[0]
        if head[:4] == b"data":
            return
        content = _exactly(pipe, size + size % _TWO_BYTES)
        if head[:4] == b"fmt " and len(content) >= _FORMAT:
            kind, channels, found, bits = struct.unpack("<HHI6xH", content[:_FORMAT])
            if kind not in (1, 0xFFFE) or (channels, found, bits) != (1, rate, 16):
                raise UserError(
                    f"standard input: has {channels} channel{'s' * (channels != 1)} of {bits} bits, {found:,} samples "
                    f"a second, and the model takes one of 16 bits, {rate:,} a second; such as by arecord -f S16_LE "
                    f"-c 1 -r {rate}, or ffmpeg -i FILE -f s16le -ac 1 -ar {rate} -"
                )
