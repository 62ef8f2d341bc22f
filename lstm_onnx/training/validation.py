"""What a training asks of its validation part: how good the weights are, and how sure the model may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from lstm_onnx.training.checkpoint import Weights, save_weights, weights_of
from lstm_onnx.training.devices import to_tensors
from lstm_onnx.training.observers import Row
from lstm_onnx.training.scoring import score

if TYPE_CHECKING:
    from lstm_onnx.training.loop import TrainingSession


def validate(s: TrainingSession) -> Row:
    """Return mean loss and primary metric on the validation split, in fp32; nothing without one."""
    if s.data.validation is None:
        return {}
    s.model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for batch in s.data.validation.batches(s.settings.batch_size):
            size = len(next(iter(batch.values())))
            total += s.task.loss(s.model, next(to_tensors(iter([batch]), s.model))).item() * size
            count += size
    found = score(s.task, s.answer, s.data.validation, s.config, s.data.info)
    names = dict.fromkeys((s.task.primary_metric.name, s.task.watched(s.config).name))
    return {"validation_loss": total / count} | {name: found[name] for name in names}


def calibrate(s: TrainingSession) -> Weights:
    """Let the task adjust the best weights, and keep them; return what it changed.

    It does so on the validation split; without one, on examples that were learnt from, if it can leave them out.
    """
    s.model.eval()
    before, size = weights_of(s.model), s.settings.batch_size
    with torch.no_grad():
        if s.data.validation is not None:
            s.task.calibrate(s.model, to_tensors(s.data.validation.batches(size), s.model), s.config)
        else:
            order = np.random.default_rng([s.settings.seed, 0])  # epochs count from 1: none has this
            s.task.calibrate_left_out(s.model, to_tensors(s.data.train.batches(size, order), s.model), s.config)
    after = weights_of(s.model)
    changed = {name: tensor for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    if changed:
        save_weights(after, s.run.weights)
    return changed
