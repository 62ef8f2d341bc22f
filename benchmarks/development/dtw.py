"""1-NN DTW on sets of the UCR archive, quick enough for all of them: the simple method of the development table.

python -m benchmarks.development.dtw            # every set; JSON lines, as in simple.jsonl; needs a C compiler
python -m benchmarks.development.dtw GunPoint
"""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.development.archive import names, table

Floats = NDArray[np.float32]
KNOWN = Path(__file__).with_name("simple.jsonl")
"""What this program found."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help="which; by default all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "dtw.so"
        source = Path(__file__).with_suffix(".c")
        subprocess.run(
            ["cc", "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "-o", library, source], check=True
        )
        warped = ctypes.CDLL(str(library)).warped
        warped.restype = ctypes.c_float
        for name in options.sets or names():
            began = time.perf_counter()
            line = {"set": name, "accuracy": round(accuracy(name, warped), 4)}
            print(json.dumps(line | {"seconds": round(time.perf_counter() - began, 1)}), flush=True)


def known() -> dict[str, float]:
    """Return the accuracy of each set that was run."""
    lines = KNOWN.read_text().splitlines()
    return {row["set"]: row["accuracy"] for row in map(json.loads, lines)}


def accuracy(name: str, warped: Any) -> float:
    """Return how many test sequences have the class of their nearest neighbour, of all training sequences."""
    frame = table(name)
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


if __name__ == "__main__":
    main()
