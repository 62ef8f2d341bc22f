"""Scores answers on a split, whoever gives them: PyTorch, an exported file, or a naive baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from lstm_onnx.contract import Array, Scores
from lstm_onnx.data.splits import Split
from lstm_onnx.task import AnyTask, Arrays, TaskData, Totals

BATCH = 256


def score(
    task: AnyTask, answer: Callable[[Arrays], dict[str, Array]], split: Split, config: BaseModel
) -> dict[str, float]:
    """Add up the task's metrics over a split and finish them; see `add_up`."""
    return task.finish(add_up(task, answer, split, config))


def add_up(
    task: AnyTask, answer: Callable[[Arrays], dict[str, Array]], split: Split, config: BaseModel
) -> dict[str, tuple[Any, Any]]:
    """Add up the task's metrics over a split.

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
    return totals


def score_beside_baselines(
    task: AnyTask, answer: Callable[[Arrays], dict[str, Array]], data: TaskData[Any], config: BaseModel
) -> tuple[Scores, Totals]:
    """Score `answer` and each naive baseline on the test split; also return what its metrics added up to."""
    totals = add_up(task, answer, data.test, config)
    naive = {**task.baselines(config, data.info), **data.baselines}
    scores = Scores(
        primary=task.primary_metric.name,
        model=task.finish(totals),
        baselines={name: score(task, baseline, data.test, config) for name, baseline in naive.items()},
    )
    return scores, totals
