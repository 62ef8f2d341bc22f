"""Naive captions to score beside the model's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Array
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_captioning.options import Info

Vectors = NDArray[np.float32]

_CELLS = 16
"""Pictures are compared as so many cells in each direction."""


def most_frequent(info: Info) -> Answer:
    """Say of every picture what was said most often in training."""

    def answer(batch: Arrays) -> dict[str, Array]:
        return {"caption": np.array([info.frequent] * len(batch["references"]), dtype=object)}

    return answer


def nearest(shown: Callable[[Array], dict[str, Array]], pictures: Array, captions: Sequence[str]) -> Answer:
    """Say of a picture what was said of the one in training that looks most like it.

    With a frozen encoder the mean features are compared, by their angle; without one the pictures, 16 cells by 16, by
    the distance of their colours.

    Args:
        shown: gives pixels or features of pictures by their numbers.
        pictures: numbers of those to copy from.
        captions: of each of them.
    """
    known = np.concatenate([_vectors(shown(pictures[i : i + 256])) for i in range(0, len(pictures), 256)])
    lengths = np.square(known).sum(axis=1)

    def answer(batch: Arrays) -> dict[str, Array]:
        found = np.argmin(lengths - 2 * _vectors(batch) @ known.T, axis=1)
        return {"caption": np.array([captions[i] for i in found], dtype=object)}

    return answer


def _vectors(batch: Arrays) -> Vectors:
    if "features" in batch:
        means = batch["features"].mean(axis=(2, 3), dtype=np.float32)
        directions: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        return directions
    images = batch["image"]
    edges = np.linspace(0, images.shape[1], min(_CELLS, images.shape[1]) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(images.astype(np.float32), edges, axis=1), edges, axis=2)
    flat: Vectors = np.divide(sums.reshape(len(images), -1), (images.shape[1] / len(edges)) ** 2, dtype=np.float32)
    flat -= flat.mean(axis=1, keepdims=True)  # how bright the whole picture is says little
    return flat
