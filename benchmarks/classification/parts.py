"""The training and the test part of a set, read from its file as plain lists: for methods other than the plugin's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.ucr_format import read_ts

Sequence = NDArray[np.float32]


@dataclass(frozen=True)
class Part:
    """Sequences of shape (time, channel), or texts, and the class of each."""

    items: list[Any]
    labels: list[str]


def read(path: Path) -> tuple[Part, Part]:
    """Return the training and the test part of what `benchmarks.classification.sets` wrote."""
    if path.suffix == ".ts":
        return _ts(path), _ts(path.with_name(path.name.replace("_TRAIN", "_TEST")))
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return _arrays(arrays, ""), _arrays(arrays, "test_")
    frame = pl.read_csv(path)
    return _rows(frame, "train"), _rows(frame, "test")


def _ts(path: Path) -> Part:
    found = read_ts(path)
    assert found.labels is not None
    return Part(found.sequences, found.labels)


def _arrays(arrays: Any, prefix: str) -> Part:
    values, lengths = arrays[f"{prefix}values"], arrays[f"{prefix}lengths"]
    cut: list[Sequence] = [v[:n] for v, n in zip(values, lengths, strict=True)]
    return Part(cut, arrays[f"{prefix}labels"].tolist())


def _rows(frame: pl.DataFrame, split: str) -> Part:
    chosen = frame.filter(pl.col("split") == split)
    return Part(chosen["text"].to_list(), chosen["label"].to_list())
