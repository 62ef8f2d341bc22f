"""Once more, on everything: the validation part has said how long to train, and is then learnt from, too.

A fresh model makes as many steps as the best one had made, on the examples of both parts. The learning rate falls to 0
within these steps: where the best model was found amid high rates, that was the luck of an epoch, and does not come
twice. What a task calibrated on the validation part is kept: examples that it learnt from would make it too sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lstm_onnx.contract import Array
from lstm_onnx.data.splits import Split
from lstm_onnx.errors import UserError
from lstm_onnx.task import AnyTask, TaskData
from lstm_onnx.training.checkpoint import Weights, save_weights, weights_of
from lstm_onnx.training.devices import to_tensors
from lstm_onnx.training.ready import made_ready
from lstm_onnx.training.restore import load_weights
from lstm_onnx.training.step import learn_from

if TYPE_CHECKING:
    from lstm_onnx.training.loop import TrainingSession


class Both:
    """Two splits as one. A batch is of one of them, so that it is padded and gathered as its own split does it."""

    def __init__(self, *splits: Split) -> None:
        self.splits = splits

    def __len__(self) -> int:
        """Return the number of examples."""
        return sum(map(len, self.splits))

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[dict[str, Array]]:
        """Yield the batches of one split after the other or, shuffled, in random turns."""
        if shuffle is None:
            for split in self.splits:
                yield from split.batches(size)
            return
        going = [split.batches(size, generator) for split, generator in zip(self.splits, shuffle.spawn(2), strict=True)]
        left = np.array([-(-len(split) // size) for split in self.splits])
        while left.sum():
            k = int(shuffle.choice(len(left), p=left / left.sum()))
            left[k] -= 1
            batch = next(going[k], None)
            if batch is not None:
                yield batch
        for rest in going:  # of a split that makes smaller batches than it is asked for
            yield from rest


def check_refit(task: AnyTask, data: TaskData[Any], goes_on: bool) -> None:
    """Refuse what cannot be done.

    Args:
        task: that is trained.
        data: that it read.
        goes_on: whether the run begins with the weights of another.

    Raises:
        UserError: there is no validation part, or the run goes on from another.
    """
    if goes_on:
        raise UserError("--refit: begins with fresh weights, and --from with those of a run; leave one of the two out")
    if data.validation is None:
        raise UserError(
            f"--refit: '{task.name}' keeps no part of this data to validate: all is learnt from; leave it out"
        )


def refit(s: TrainingSession, batches: int, calibrated: Weights) -> None:
    """Train the session's model anew on training and validation part, store its weights, and note it in the record.

    Args:
        s: the training, with the best weights found.
        batches: of an epoch of the training part.
        calibrated: what the task changed on the validation part, which stays.
    """
    assert s.data.validation is not None
    both, settings = Both(s.data.train, s.data.validation), s.settings
    steps = s.progress.best_epoch * batches
    seeds = np.random.SeedSequence([settings.seed, 0])  # epochs count from 1: none has these
    torch.manual_seed(int(seeds.generate_state(1)[0]))
    load_weights(s.model, weights_of(s.task.build_model(s.config, s.data.info)), s.run.weights)
    s.task.solve_first(s.model, to_tensors(both.batches(settings.batch_size), s.model), s.config)
    s.optimizer.state.clear()
    s.model.train()
    drawn = to_tensors(_steps(both, settings.batch_size, np.random.default_rng(seeds), steps), s.model)
    for step, batch in enumerate(made_ready(drawn, s.model, settings.batch_size)):
        loss = learn_from(s, batch, step, steps, f"step {step + 1} of the refit")
        s.observer.refitted(step + 1, steps, loss)
    with s.optimizer.averaged():
        learnt = weights_of(s.model)
    load_weights(s.model, learnt | calibrated, s.run.weights)
    save_weights(weights_of(s.model), s.run.weights)
    note = f"refitted on all {len(both):,} examples but those of the test, for {steps:,} steps"
    s.run.record.notes = [*(n for n in s.run.record.notes if n != note), note]


def _steps(split: Split, size: int, shuffle: np.random.Generator, count: int) -> Iterator[dict[str, Array]]:
    """Yield so many batches, epoch after epoch."""
    while True:
        for batch in split.batches(size, shuffle):
            if not count:
                return
            count -= 1
            yield batch
