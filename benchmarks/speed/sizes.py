"""The sizes that everybody trains at, and the data that everybody trains on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WINDOW = 48
HORIZON = 12
HIDDEN = int(os.environ.get("SPEED_HIDDEN", "64"))
"""Units, which those who start contestants choose."""
BATCH = 32
RATE = 1e-3
THREADS = (1, 2)
LARGER = (128, 256)
"""Units at which a forecaster is trained as well, on one thread, by those who are not `SLOW`."""
SLOW = (
    "lstm-onnx, values alone",
    "Darts BlockRNNModel",
    "NeuralForecast LSTM",
    "Keras LSTM (tensorflow)",
    "Keras LSTM (torch)",
)
TRAINED_ON = "series.csv"
"""One column, hourly: `time`, `value`."""


def read_values(folder: Path) -> NDArray[np.float32]:
    """Return the series, scaled, (rows,), without a library, since the peers' environments differ."""
    values = np.loadtxt(folder / TRAINED_ON, delimiter=",", skiprows=1, usecols=1, dtype=np.float64)
    scaled: NDArray[np.float32] = ((values - values.mean()) / values.std()).astype(np.float32)
    return scaled


def windows(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cut a series into all its windows: (count, WINDOW, 1) and what followed, (count, HORIZON)."""
    cut = np.lib.stride_tricks.sliding_window_view(values, WINDOW + HORIZON)
    return np.ascontiguousarray(cut[:, :WINDOW, None]), np.ascontiguousarray(cut[:, WINDOW:])


SEQUENCES = "sequences.npz"
"""Sequences of numbers of equal length, with a class each."""
COUNT, STEPS, CHANNELS, CLASSES = 2400, 60, 12, 4

PICTURE_COUNT, SIDE, FILTERS, CAPTION_WORDS, WORDS = 1280, 32, (16, 32, 64), 10, 40
"""Pictures with captions of equal length, as numbers of words; 0 begins one."""


def write_sequences(folder: Path) -> None:
    """Draw what the classifiers learn from; content has no part in the time of a step."""
    random = np.random.default_rng(0)
    labels = random.integers(CLASSES, size=COUNT)
    values = random.standard_normal((COUNT, STEPS, CHANNELS), dtype=np.float32) + labels[:, None, None] / 4
    np.savez(
        folder / SEQUENCES,
        values=values.astype(np.float32),
        lengths=np.full(COUNT, STEPS),
        labels=np.array([f"class {k}" for k in labels]),
    )


def read_sequences(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return values, (count, STEPS, CHANNELS), and classes by number."""
    found = np.load(folder / SEQUENCES)
    return found["values"], np.array([int(label[-1]) for label in found["labels"]])


def pictures() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw pictures (count, 3, SIDE, SIDE) from 0 to 1, and captions (count, CAPTION_WORDS)."""
    random = np.random.default_rng(0)
    shape = (PICTURE_COUNT, 3, SIDE, SIDE)
    return random.random(shape, dtype=np.float32), random.integers(1, WORDS, size=(PICTURE_COUNT, CAPTION_WORDS))


def words_before(captions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what stands before each word: the start, then the caption but its last word."""
    return np.concatenate([np.zeros_like(captions[:, :1]), captions[:, :-1]], axis=1)
