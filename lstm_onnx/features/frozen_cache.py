"""What a frozen encoder sees in pictures: computed once, and kept on disk for the next run.

Each picture's features are a file of their own in `$LSTM_ONNX_CACHE` (`~/.cache/lstm-onnx` if that is not set), under
`features`, named by the digests of the encoder's file and of the picture's pixels. A run that is interrupted goes on
with those that are there; other captions of the same pictures use them, too. They are float16: half the room, and
rounded by 0.05% at most, which training does not notice. The folder may be deleted whenever no run uses it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.errors import UserError
from lstm_onnx.features.frozen_encoder import FrozenEncoder
from lstm_onnx.features.resizing import Pixels
from lstm_onnx.progress import counting

_BATCH = 16
_LARGEST = float(np.finfo(np.float16).max)


def load(path: Path) -> Array:
    """Return the features of one picture, float32 (channels, rows, columns)."""
    try:
        return np.asarray(np.load(path), dtype=np.float32)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); delete it, and start again") from None


def compute(images: Sequence[Pixels], encoder: FrozenEncoder) -> list[Path]:
    """Make sure that the features of all pictures, each (size, size, 3), are on disk, and return their files.

    Raises:
        UserError: they cannot be written there.
    """
    folder = cache_folder() / "features" / encoder.digest[:32]
    digests = [blake2b(pixels.tobytes(), digest_size=20).hexdigest() for pixels in images]
    paths = [folder / digest[:2] / f"{digest}.npy" for digest in digests]
    size = len(_stored(np.zeros(encoder.shape, dtype=np.float32)))
    missing = [i for i, path in enumerate(paths) if not path.exists() or path.stat().st_size != size]
    with counting("computing features") as update:
        for begin in range(0, len(missing), _BATCH):
            chosen = missing[begin : begin + _BATCH]
            for i, found in zip(chosen, encoder.features(np.stack([images[i] for i in chosen])), strict=True):
                _make_folder(paths[i].parent)
                write_atomically(paths[i], _stored(found), durable=False)  # can be computed again
            update(begin + len(chosen), len(missing))
    return paths


def cache_folder() -> Path:
    """Return the folder for what can be computed again."""
    given = os.environ.get("LSTM_ONNX_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "lstm-onnx"


def _stored(features: Array) -> bytes:
    content = io.BytesIO()
    np.save(content, np.clip(features, -_LARGEST, _LARGEST).astype(np.float16))
    return content.getvalue()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be made ({error.strerror}); set LSTM_ONNX_CACHE to a folder that can be written"
        ) from None
