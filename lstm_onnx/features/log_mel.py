"""Log-mel spectra of sound in blocks: the constants, and the spectra in NumPy.

A spectrum is a product with the sines and cosines of a discrete Fourier transform, as each runtime has a MatMul and few
have the operators DFT and STFT. The mel scale is that of O'Shaughnessy (1987), with triangles of height 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lstm_onnx.contract import Array

FLOOR = 1e-4
"""Power below which all is silence: of a tone 74 dB below the loudest, at 8,000 samples a second."""
_LOWEST = 60.0
"""Hz where the lowest band begins: mains hum is below."""
_SECONDS = 0.025
"""Of sound that a spectrum looks at."""


class Bank(NamedTuple):
    """Constants of log-mel spectra.

    Attributes:
        waves: windowed cosines, then sines, (window, 2 * bins).
        bands: how much of each bin a band takes, (bins, mels).
        starts: where the spectra of a block begin, in the block before and this one, one after the other.
    """

    waves: Array
    bands: Array
    starts: tuple[int, ...]


@lru_cache(maxsize=4)
def bank(rate: int, block: int, mels: int, frames: int) -> Bank:
    """Return the constants.

    Args:
        rate: samples a second.
        block: samples of a block.
        mels: bands of a spectrum.
        frames: spectra of a block, evenly spread over it; the last ends with it.
    """
    window = min(int(rate * _SECONDS), block + block // frames)
    place = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (place + 0.5) / window)
    bins = window // 2 + 1
    turns = 2 * np.pi * place[:, None] * np.arange(bins) / window
    waves = np.concatenate([np.cos(turns), np.sin(turns)], axis=1) * hann[:, None]
    edges = _hertz(np.linspace(_mel(_LOWEST), _mel(rate / 2), mels + 2))
    at = np.arange(bins)[:, None] * rate / window
    # no band is narrower than the distance of two bins, or it would lie between them and be empty
    low = np.minimum(edges[:-2], edges[1:-1] - rate / window)
    high = np.maximum(edges[2:], edges[1:-1] + rate / window)
    rising, falling = (at - low) / (edges[1:-1] - low), (high - at) / (high - edges[1:-1])
    bands = np.maximum(0, np.minimum(rising, falling))
    ends = [block + block * (k + 1) // frames for k in range(frames)]
    return Bank(waves.astype(np.float32), bands.astype(np.float32), tuple(end - window for end in ends))


def log_mels(blocks: Array, rate: int, mels: int, frames: int) -> Array:
    """Return the log-mel spectra of blocks (blocks, samples) from -1 to 1: (blocks, frames * mels).

    Before the first block there is silence.
    """
    constants = bank(rate, blocks.shape[1], mels, frames)
    before = np.concatenate([np.zeros_like(blocks[:1]), blocks[:-1]])
    both = np.concatenate([before, blocks], axis=1).astype(np.float32)
    window = len(constants.waves)
    found = []
    for start in constants.starts:
        waves = both[:, start : start + window] @ constants.waves
        real, imaginary = np.split(waves, 2, axis=1)
        found.append(np.log((real**2 + imaginary**2) @ constants.bands + np.float32(FLOOR)))
    return np.concatenate(found, axis=1)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _hertz(mels: Array) -> Array:
    return np.asarray(700 * (10 ** (mels / 2595) - 1))
