"""The nearest example of the training part: a naive answer for any task that looks at what goes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features.category import Category
from lstm_onnx.features.feature import InputFeature
from lstm_onnx.features.image import Image
from lstm_onnx.features.number import Number
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.text import Text
from lstm_onnx.features.words import FIRST
from lstm_onnx.task import Arrays

_LONGEST = 256
_WORDS = 2000
_BLOCK = 256
_CELLS = 16
"""Pictures are compared as so many cells in each direction."""
_COLOUR_SPREAD = 0.25
"""Of colours from 0 to 1, about, so that a picture weighs as another feature does."""


class Neighbours:
    """Finds for each example of a batch the training example that is nearest to it (1-NN).

    The distance is Euclidean. A sequence counts by its scaled steps, drawn out or pressed to the usual length; a text
    by how often its frequent words occur in it; a category by whether it is the same; a picture by its colours, 16
    cells by 16. Each feature weighs the same.

    Args:
        inputs: features that go in, fitted.
        known: the columns of the training part.
    """

    def __init__(self, inputs: Sequence[InputFeature], known: Mapping[str, Sequence[Any]]) -> None:
        self.inputs = [f for f in inputs if isinstance(f, Rows | Text | Number | Category | Image)]
        parts = []
        for feature in self.inputs:
            if isinstance(feature, Image):  # its bytes are enough, also where a frozen encoder looks at them
                plain, paths = feature.model_copy(update={"frozen": None}), known[feature.name]
                some = (plain.prepare(paths[i : i + _BLOCK]) for i in range(0, len(paths), _BLOCK))
                parts.append(np.concatenate([_pictures(np.stack(pictures)) for pictures in some]))
                continue
            parts.append(_vector(feature, feature.collate(feature.prepare(known[feature.name]))))
        self.there = _joined(parts)

    def of(self, batch: Arrays) -> Array:
        """Return the number of the nearest training example, (batch,) int64."""
        asked = self._vectors(batch)
        squares = np.square(self.there).sum(axis=1)
        found = [
            np.argmin(squares - 2 * asked[i : i + _BLOCK] @ self.there.T, axis=1) for i in range(0, len(asked), _BLOCK)
        ]
        return np.concatenate(found).astype(np.int64)

    def _vectors(self, arrays: Arrays) -> Array:
        return _joined([_vector(f, arrays) for f in self.inputs])


def _joined(parts: Sequence[Array]) -> Array:
    return np.concatenate([p.reshape(len(p), -1) for p in parts], axis=1).astype(np.float32)


def _vector(feature: InputFeature, arrays: Arrays) -> Array:
    """Return what stands for a feature in the distance, (batch, numbers)."""
    if isinstance(feature, Rows):
        return _sequences(feature, arrays)
    if isinstance(feature, Text):
        width = min(feature.size, _WORDS)
        counts = np.zeros((len(arrays[feature.lengths]), width), dtype=np.float32)
        for row, numbers in zip(counts, arrays[feature.tokens], strict=True):
            np.add.at(row, numbers[(numbers >= FIRST) & (numbers < width)], 1)
        found: Array = counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-6)
        return found
    if isinstance(feature, Number):
        assert feature.center is not None and feature.spread is not None
        scaled: Array = np.nan_to_num((arrays[feature.name] - feature.center) / feature.spread)
        return scaled[:, None]
    if isinstance(feature, Image):
        return _pictures(arrays[feature.name])
    assert isinstance(feature, Category)
    rows = arrays[feature.name].tolist()
    levels = feature.levels or ()
    same: Array = np.array([[row == level for level in levels] for row in rows], dtype=np.float32)
    return same / np.float32(np.sqrt(2))


def _sequences(feature: Rows, arrays: Arrays) -> Array:
    assert feature.center is not None and feature.spread is not None
    steps = min(feature.usual or 1, _LONGEST)
    scaled = np.nan_to_num((arrays[feature.name] - feature.center) / feature.spread)
    made = np.empty((len(scaled), steps, scaled.shape[2]), dtype=np.float32)
    for place, row, length in zip(made, scaled, arrays[feature.lengths], strict=True):
        at = np.linspace(0, max(int(length) - 1, 0), steps)
        for column in range(scaled.shape[2]):
            place[:, column] = np.interp(at, np.arange(max(int(length), 1)), row[: max(int(length), 1), column])
    return np.asarray(made / np.sqrt(steps * scaled.shape[2]))


def _pictures(images: Array) -> Array:
    """Return the mean colours of cells of squares (batch, side, side, 3), in spreads of a colour (about a quarter)."""
    side = images.shape[1]
    edges = np.linspace(0, side, min(_CELLS, side) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(images.astype(np.float32), edges, axis=1), edges, axis=2)
    share = (side / len(edges)) ** 2 * 255 * _COLOUR_SPREAD
    return np.asarray(sums / (share * len(edges) * np.sqrt(images.shape[3])))
