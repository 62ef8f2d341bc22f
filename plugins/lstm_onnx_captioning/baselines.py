"""A naive caption to score beside the model's: that of the picture in training that looks most alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Array
from lstm_onnx.data.room import MEMORY
from lstm_onnx.data.stored_rows import StoredRows
from lstm_onnx.plugin import Image
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_captioning.options import CAPTION

Vectors = NDArray[np.float32]

_CELLS = 16
"""Pictures are compared as so many cells in each direction."""
_AT_ONCE, _COMPARED = 256, 4096
"""Pictures that are read together, and that are compared with together."""


def nearest(shown: Image, pictures: Sequence[Any], captions: Sequence[str]) -> Answer:
    """Say of a picture what was said of the one in training that looks most like it.

    With a frozen encoder the mean features are compared, by their angle; without one the pictures, 16 cells by 16, by
    the distance of their colours. Those of training are looked at when it is first asked; what is compared of them lies
    where they do, in memory or in files.

    Args:
        shown: the feature of the pictures.
        pictures: those to copy from.
        captions: of each of them.
    """
    room = pictures.room if isinstance(pictures, StoredRows) else MEMORY

    @cache
    def known() -> Vectors:
        found: Vectors = np.empty((0, 0), dtype=np.float32)
        for begin in range(0, len(pictures), _AT_ONCE):
            some = _vectors(shown, shown.collate(shown.prepare(pictures[begin : begin + _AT_ONCE])))
            found = found if begin else room.empty((len(pictures), some.shape[1]), np.float32)
            found[begin : begin + _AT_ONCE] = some
            room.touched(some.nbytes)
        return found

    def answer(batch: Arrays) -> dict[str, Array]:
        asked = _vectors(shown, batch)
        least, found = np.full(len(asked), np.inf), np.zeros(len(asked), dtype=np.int64)
        for begin in range(0, len(pictures), _COMPARED):
            some = known()[begin : begin + _COMPARED]
            away = np.square(some).sum(axis=1) - 2 * asked @ some.T
            closest = away.argmin(axis=1)
            away = away[np.arange(len(asked)), closest]
            room.touched(some.nbytes)
            found, least = np.where(away < least, begin + closest, found), np.minimum(away, least)
        return {CAPTION: np.array([captions[i] for i in found.tolist()], dtype=object)}

    return answer


def _vectors(shown: Image, batch: Arrays) -> Vectors:
    if shown.frozen is not None:
        means = batch[shown.inner()[0].name].mean(axis=(2, 3), dtype=np.float32)
        directions: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        return directions
    images = batch[shown.name]
    edges = np.linspace(0, images.shape[1], min(_CELLS, images.shape[1]) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(images.astype(np.float32), edges, axis=1), edges, axis=2)
    flat: Vectors = np.divide(sums.reshape(len(images), -1), (images.shape[1] / len(edges)) ** 2, dtype=np.float32)
    flat -= flat.mean(axis=1, keepdims=True)  # how bright the whole picture is says little
    return flat
