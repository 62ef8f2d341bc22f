"""One step of the optimizer."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import torch
from torch import Tensor

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
    own, share = s.workers.rows(batch)
    s.optimizer.forget_gradients()
    value = 0.0
    if own:
        loss = loss_in(s.settings.precision, s.task, s.model, own)
        loss = loss if share == 1 else loss * share
        loss.backward()
        value = loss.item()
    value = s.workers.add_up(s.model, value)
    if s.settings.clip:
        clip(s.optimizer.gradients(), s.settings.clip)
    s.optimizer.step(s.settings.rate(step, total), s.settings.average_decay(total))
    if not isfinite(value):
        raise UserError(
            f"the loss became {value} in {where}; lower --learning-rate (now {s.settings.learning_rate:g}) or --clip, "
            "or look for extreme values in the data"
        )
    return value


def clip(gradients: list[Tensor], most: float) -> None:
    """Scale gradients down to a norm of `most`, with the bits of `torch.nn.utils.clip_grad_norm_`.

    All are on one device. PyTorch multiplies by 1 where there is nothing to scale, which is left out on a CPU: it
    takes as long as the norm.
    """
    if not gradients:
        return
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    scale = most / (norm + 1e-6)
    if norm.is_cuda or not scale.item() >= 1:  # asking makes a GPU wait; NaN is spread
        torch._foreach_mul_(gradients, scale.clamp(max=1.0))
