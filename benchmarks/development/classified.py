"""A classifier with all defaults, and the figure of its test part."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lstm_onnx as lo
from benchmarks.development.figures import Figure, trained
from lstm_onnx.contract import Scores


def classified(
    part: str, name: str, seed: int, changed: Mapping[str, Any], data: Callable[[Path], Any]
) -> tuple[Figure, Scores]:
    """Train with all defaults but `changed`, and score the test part.

    Args:
        part: of the table.
        name: of the set.
        seed: of the training.
        changed: other options than the defaults.
        data: gives the examples, with a column `split`; it may write them into a folder.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        asked = {"seed": seed, "threads": 1, "device": "cpu", "split": "split", **changed}
        run = lo.train("classification", data(Path(folder)), runs=Path(folder) / "runs", **asked)
        scores = run.record.scores
        assert scores is not None
    reached = {n: round(scores.model[n], 4) for n in ("log_loss", "balanced_accuracy", "macro_f1")}
    figure = trained(
        *(part, name, seed, changed),
        metric="accuracy",
        value=round(scores.model["accuracy"], 4),
        seconds=round(time.perf_counter() - began, 1),
        more={**reached, "epochs": run.record.epochs_done},
    )
    return figure, scores
