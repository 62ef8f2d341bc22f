"""The sizes that everybody trains at, and the data that everybody trains on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WINDOW = 48
HORIZON = 12
HIDDEN = 64
BATCH = 32
RATE = 1e-3
THREADS = (1, 2)
TRAINED_ON = "series.csv"
"""One column, hourly: `time`, `value`."""


def read_values(folder: Path) -> NDArray[np.float32]:
    """Return the series, scaled, (rows,), without a library, since the peers' environments differ."""
    values = np.loadtxt(folder / TRAINED_ON, delimiter=",", skiprows=1, usecols=1, dtype=np.float64)
    return ((values - values.mean()) / values.std()).astype(np.float32)


def windows(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cut a series into all its windows: (count, WINDOW, 1) and what followed, (count, HORIZON)."""
    cut = np.lib.stride_tricks.sliding_window_view(values, WINDOW + HORIZON)
    return np.ascontiguousarray(cut[:, :WINDOW, None]), np.ascontiguousarray(cut[:, WINDOW:])
