"""Scores answers on a split, whoever gives them: PyTorch, an exported file, or a naive baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from lstm_onnx.contract import Scores
from lstm_onnx.plugins import AnyTask
from lstm_onnx.task import Array, Arrays, Split

BATCH = 256


def score(
    task: AnyTask, answer: Callable[[Arrays], dict[str, Array]], split: Split, config: BaseModel
) -> dict[str, float]:
    """Add up the task's metrics over a split and finish them.

    Args:
        task: whose metrics.
        answer: gives the main graph's outputs for a batch that holds its inputs.
        split: the examples.
        config: the task's options.
    """
    totals: dict[str, tuple[Any, Any]] = {}
    for batch in split.batches(BATCH):
        for name, (total, count) in task.metrics(answer(batch), batch, config).items():
            before = totals.get(name, (0.0, 0.0))
            totals[name] = (before[0] + total, before[1] + count)
    return task.finish(totals)


def score_beside_baselines(
    task: AnyTask, answer: Callable[[Arrays], dict[str, Array]], split: Split, config: BaseModel, info: BaseModel
) -> Scores:
    """Score `answer` and each of the task's naive baselines on the same examples."""
    return Scores(
        headline=task.headline.name,
        model=score(task, answer, split, config),
        baselines={name: score(task, naive, split, config) for name, naive in task.baselines(config, info).items()},
    )
