"""The data that plugins bring, or draw, beside the simple methods that a training scores on the same examples."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

import lstm_onnx as lo
from benchmarks.development.figures import Figure, trained
from benchmarks.development.part import Part
from lstm_onnx.plugins.registry import load_task

PLUGINS = {
    "Japanese vowels": "classification",
    "traffic": "forecasting",
    "worn machines": "regression",
    "sentences": "tagging",
    "dates": "translate",
    "weather reports": "textgen",
    "traffic with faults": "anomaly",
    "utterances": "speech",
    "scenes": "captioning",
}
"""What each plugin learns from if no data is given."""


def _train(name: str, seed: int, changed: Mapping[str, Any]) -> Iterator[Figure]:
    """Train with all defaults but `changed`; the seed also chooses the parts, and what is drawn."""
    began = time.perf_counter()
    metric = load_task(PLUGINS[name]).task.primary_metric
    with tempfile.TemporaryDirectory() as folder:
        asked = {"seed": seed, "threads": 1, "device": "cpu", **changed}
        run = lo.train(PLUGINS[name], runs=folder, **asked)
        scores = run.record.scores
        assert scores is not None
    kind: dict[str, Any] = {"metric": metric.name, "better": metric.mode}
    yield trained(
        *("bundled", name, seed, changed),
        **kind,
        value=float(f"{scores.model[metric.name]:.4g}"),
        seconds=round(time.perf_counter() - began, 1),
        more={"epochs": run.record.epochs_done},
    )
    for method, figures in scores.baselines.items():
        if metric.name in figures:
            yield Figure("bundled", name, method, value=float(f"{figures[metric.name]:.4g}"), seed=seed, **kind)


BUNDLED = Part("data that the plugins bring", lambda: list(PLUGINS), _train, None, None)
