"""One step of the optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from lstm_onnx.errors import UserError
from lstm_onnx.training.precision import loss_in

if TYPE_CHECKING:
    from lstm_onnx.training.loop import TrainingSession


def learn_from(s: TrainingSession, batch: dict[str, Tensor], step: int, total: int, where: str) -> float:
    """Change the weights by a batch, and return its loss.

    Args:
        s: the training.
        batch: tensors by name.
        step: which it is, from 0, of `total`: decides the learning rate.
        total: steps of the schedule.
        where: training stands, for errors.

    Raises:
        UserError: the loss is no number any more.
    """
    for group in s.optimizer.param_groups:
        group["lr"] = s.settings.rate(step, total)
    own, share = s.workers.rows(batch)
    weights = [weight for group in s.optimizer.param_groups for weight in group["params"]]
    for weight in weights:
        weight.grad = None
    value = 0.0
    if own:
        loss = loss_in(s.settings.precision, s.task, s.model, own)
        loss = loss if share == 1 else loss * share
        loss.backward()  # type: ignore[no-untyped-call]
        value = loss.item()
    value = s.workers.add_up(s.model, value)
    if s.settings.clip:
        clip_gradients(weights, s.settings.clip)
    s.optimizer.step()
    if not np.isfinite(value):
        raise UserError(
            f"the loss became {value} in {where}; lower --learning-rate (now {s.settings.learning_rate:g}) or --clip, "
            "or look for extreme values in the data"
        )
    return value


def clip_gradients(weights: Sequence[Tensor], most: float) -> None:
    """Scale gradients down to a norm of `most`, with the bits of `torch.nn.utils.clip_grad_norm_`.

    That multiplies by 1 where there is nothing to scale, which is left out on a CPU: it takes as long as the norm.
    """
    norm = get_total_norm([w.grad for w in weights if w.grad is not None], foreach=True)
    if norm.is_cuda or not (most / (norm + 1e-6)).item() >= 1:  # asking makes a GPU wait; NaN is spread
        clip_grads_with_norm_(weights, most, norm, foreach=True)
