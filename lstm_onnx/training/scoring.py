"""Scores answers on a split, whoever gives them: PyTorch, an exported file, or a naive baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel

from lstm_onnx.contract import Array, Scores
from lstm_onnx.data.splits import Split
from lstm_onnx.errors import UserError
from lstm_onnx.task import Answer, AnyTask, Arrays, Task, TaskData, Totals

BATCH = 256
_MOST_BYTES = 1 << 20
"""Bytes of a batch of large examples, such as pictures: a model makes up to thirty times as many of them on its way."""
DECIDED_OTHERWISE = 0.01
"""Share of whole numbers and texts that rounding may decide otherwise in a model that is built anew."""


def batches(split: Split) -> Iterator[Arrays]:
    """Return a split as it is scored: `BATCH` examples at a time, or fewer where the first one is large."""
    first: Arrays = next(split.batches(1), {})
    size = sum(array.nbytes for array in first.values())
    return split.batches(max(1, min(BATCH, _MOST_BYTES // max(size, 1))))


def score(
    task: AnyTask, answer: Callable[[Arrays], dict[str, Array]], split: Split, config: BaseModel, info: BaseModel
) -> dict[str, float]:
    """Add up the task's metrics over a split and finish them; see `add_up`."""
    return task.finish(add_up(task, answer, split, config, info))


def add_up(
    task: AnyTask,
    answer: Callable[[Arrays], dict[str, Array]],
    split: Split,
    config: BaseModel,
    info: BaseModel,
    seen: Callable[[Arrays, Arrays], None] = lambda batch, outputs: None,
) -> dict[str, tuple[Any, Any]]:
    """Add up the task's metrics over a split.

    Args:
        task: whose metrics.
        answer: gives the main graph's outputs for a batch that holds its inputs.
        split: the examples.
        config: the task's options.
        info: what was learnt.
        seen: is shown each batch with its outputs.
    """
    totals: dict[str, tuple[Any, Any]] = {}
    for batch in batches(split):
        outputs = answer(batch)
        seen(batch, outputs)
        for name, (total, count) in task.totals(outputs, batch, config, info).items():
            before = totals.get(name, (0.0, 0.0))
            totals[name] = (before[0] + total, before[1] + count)
    return totals


def score_beside_baselines(
    task: AnyTask, answer: Callable[[Arrays], dict[str, Array]], data: TaskData[Any], config: BaseModel
) -> tuple[Scores, Totals]:
    """Score `answer` and each naive baseline on the test split; also return what its metrics added up to."""
    totals = add_up(task, answer, data.test, config, data.info)
    naive = {**task.baselines(config, data.info), **data.baselines}
    return beside(task, totals, data.test, config, data.info, naive), totals


def beside(
    task: AnyTask, totals: Totals, split: Split, config: BaseModel, info: BaseModel, naive: Mapping[str, Answer]
) -> Scores:
    """Finish what was added up, and score naive answers on the same examples."""
    return Scores(
        primary=task.primary_metric.name,
        model=task.finish(totals),
        baselines={name: score(task, baseline, split, config, info) for name, baseline in naive.items()},
    )


def check_stored(task: AnyTask, trained: Answer, stored: Answer, data: TaskData[Any]) -> None:
    """Hold the answers of a model that was just trained against those of what was stored of it.

    They differ where training or `Task.calibrate` changed something that is neither parameter nor buffer of the model:
    an exported file would not have it, so scores of the model in memory would be those of no file.

    Raises:
        UserError: they differ, which is a mistake of the plugin; names the method.
    """
    split = data.validation if data.validation is not None else data.test
    batch = next(batches(split))
    wanted, found = trained(batch), stored(batch)
    for name, array in wanted.items():
        if not _same(array, found[name]):
            calibrates = data.validation is not None and type(task).calibrate is not Task.calibrate
            method = f"{type(task).__name__}.{'calibrate' if calibrates else 'loss'}"
            raise UserError(
                f"plugin '{task.name}': the stored model gives another '{name}' than the trained one, since {method} "
                f"changed an attribute that is not stored; make it a parameter or a buffer (register_buffer)"
            )


def _same(a: Array, b: Array) -> bool:
    if a.dtype.kind != "f":
        return float(np.mean(a != b)) <= DECIDED_OTHERWISE if a.size else True
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True))
