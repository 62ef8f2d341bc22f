"""The nearest sound of the training part, by dynamic time warping over its spectra: a naive answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.plugin import Audio

_MOST, _POINTS, _BANDS = 300, 48, 10
"""Sounds that are compared with at most, and points in time and bands that each is brought to."""


class Warping:
    """Finds the nearest of some sounds (Sakoe and Chiba 1978, a band of a fifth), in `_POINTS` by `_BANDS` means.

    Args:
        sound: the feature, fitted.
        known: rows of its column.
    """

    def __init__(self, sound: Audio, known: Sequence[Any]) -> None:
        self.sound = sound
        self.chosen = np.unique(np.linspace(0, len(known) - 1, num=min(_MOST, len(known))).round().astype(np.int64))
        rows = sound.prepare([known[int(i)] for i in self.chosen])
        self.there = np.stack([self._means(row) for row in rows])  # (sound, point, band)

    def _means(self, row: Array) -> Array:
        assert self.sound.center is not None
        spectra = (self.sound.spectra(row) - np.array(self.sound.center)).reshape(-1, self.sound.mels)
        bands = np.stack([part.mean(axis=1) for part in np.array_split(spectra, _BANDS, axis=1)], axis=1)
        at = np.linspace(0, len(bands) - 1, _POINTS)
        drawn = np.stack([np.interp(at, np.arange(len(bands)), band) for band in bands.T], axis=1)
        # how long it is counts, too: bringing all to one length would hide it
        return np.concatenate([drawn, np.full((_POINTS, 1), np.log(len(bands)))], axis=1)

    def nearest(self, blocks: Array, lengths: Array) -> Array:
        """Return the numbers of the nearest known sounds, (batch,).

        Args:
            blocks: (batch, block, samples) from -1 to 1.
            lengths: blocks that count, (batch,).
        """
        found = [self._nearest(row[: int(n)] * 32_768) for row, n in zip(blocks, lengths, strict=True)]
        return self.chosen[np.array(found, dtype=np.int64)]

    def _nearest(self, row: Array) -> int:
        asked = self._means(row)
        squares = np.square(self.there).sum(axis=2)[:, None] + np.square(asked).sum(axis=1)[:, None]
        costs = squares - 2 * asked @ self.there.transpose(0, 2, 1)  # (sound, asked, there)
        far = np.full((len(costs), _POINTS + 1), np.inf)
        before = far.copy()
        before[:, 0] = 0
        for i in range(_POINTS):
            now = far.copy()
            for j in range(max(0, i - _POINTS // 5), min(_POINTS, i + _POINTS // 5 + 1)):
                now[:, j + 1] = costs[:, i, j] + np.minimum(np.minimum(before[:, j], before[:, j + 1]), now[:, j])
            before = now
        return int(before[:, -1].argmin())
