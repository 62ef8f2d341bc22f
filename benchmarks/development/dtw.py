"""1-NN DTW on sets of the UCR archive, quick enough for all of them: the simple method. Needs a C compiler."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.development.archive import table

Floats = NDArray[np.float32]


@cache
def _warped() -> Any:
    """Compile the distance."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "dtw.so"
        source = Path(__file__).with_suffix(".c")
        subprocess.run(
            ["cc", "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "-o", library, source], check=True
        )
        warped = ctypes.CDLL(str(library)).warped  # it stays loaded when its file is gone
    warped.restype = ctypes.c_float
    return warped


def accuracy(name: str) -> float:
    """Return how many test sequences have the class of their nearest neighbour, of all training sequences."""
    frame, warped = table(name), _warped()
    values = frame.select([c for c in frame.columns if c.startswith("t")]).to_numpy().astype(np.float64)
    is_train, labels = (frame["split"] == "train").to_numpy(), frame["label"].to_numpy()
    steps = [row[: np.flatnonzero(~np.isnan(row))[-1] + 1] for row in values]  # what ends early is padded with NaN
    all_steps = np.concatenate([steps[i] for i in np.flatnonzero(is_train)])
    center, spread = np.nanmean(all_steps), np.nanstd(all_steps)
    scaled = [np.nan_to_num((row - center) / spread).astype(np.float32) for row in steps]
    train = [scaled[i] for i in np.flatnonzero(is_train)]
    padded = np.zeros((len(train), values.shape[1]), dtype=np.float32)
    for target, row in zip(padded, train, strict=True):
        target[: len(row)] = row
    turned = [np.ascontiguousarray(row[::-1]) for row in train]
    work = np.empty(3 * (values.shape[1] + 2), dtype=np.float32)
    right = 0
    tests = np.flatnonzero(~is_train)
    for i in tests:
        query = scaled[i]
        wide = np.zeros(values.shape[1], dtype=np.float32)
        wide[: len(query)] = query
        best, nearest = np.inf, 0
        for k in np.argsort(np.square(padded - wide).sum(axis=1), kind="stable"):  # the likely ones first
            found = warped(
                _pointer(query), len(query), _pointer(turned[k]), len(turned[k]), ctypes.c_float(best), _pointer(work)
            )
            if found < best:
                best, nearest = found, int(k)
        right += labels[is_train][nearest] == labels[i]
    return float(right / len(tests))


def _pointer(array: Floats) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
