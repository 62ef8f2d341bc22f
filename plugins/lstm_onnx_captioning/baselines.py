"""A naive caption to score beside the model's: that of the picture in training that looks most alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Array
from lstm_onnx.plugin import Image
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_captioning.options import CAPTION

Vectors = NDArray[np.float32]

_CELLS = 16
"""Pictures are compared as so many cells in each direction."""
_AT_ONCE = 256


def nearest(shown: Image, pictures: Sequence[Any], captions: Sequence[str]) -> Answer:
    """Say of a picture what was said of the one in training that looks most like it.

    With a frozen encoder the mean features are compared, by their angle; without one the pictures, 16 cells by 16, by
    the distance of their colours. Those of training are looked at when it is first asked.

    Args:
        shown: the feature of the pictures.
        pictures: those to copy from.
        captions: of each of them.
    """

    @cache
    def known() -> tuple[Vectors, Vectors]:
        some = (shown.prepare(pictures[i : i + _AT_ONCE]) for i in range(0, len(pictures), _AT_ONCE))
        parts = [_vectors(shown, shown.collate(rows)) for rows in some]
        found = np.concatenate(parts)
        return found, np.square(found).sum(axis=1)

    def answer(batch: Arrays) -> dict[str, Array]:
        vectors, lengths = known()
        found = np.argmin(lengths - 2 * _vectors(shown, batch) @ vectors.T, axis=1)
        return {CAPTION: np.array([captions[i] for i in found], dtype=object)}

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
