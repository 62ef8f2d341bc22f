"""Sequences of a padded batch from their own ends: one operator in ONNX."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.library.custom_op("lstm_onnx::reverse_sequence", mutates_args=())
def reverse_sequence_op(x: Tensor, lengths: Tensor, may_be_empty: bool = False) -> Tensor:
    """Reverse the first `lengths[b]` steps of each sequence of x (time, batch, feature); the rest stays in place.

    Where `may_be_empty`, x may have no step at all, of which ONNX's operator has to be told.
    """
    return _reverse_by_length(x, lengths)


@reverse_sequence_op.register_fake
def _(x: Tensor, lengths: Tensor, may_be_empty: bool = False) -> Tensor:
    return x.new_empty(x.shape)  # not empty_like: the result is contiguous even where x is a transposed view


def _reverse_by_length(x: Tensor, lengths: Tensor) -> Tensor:
    step = torch.arange(x.shape[0], device=x.device).unsqueeze(1)
    source = torch.where(step < lengths, lengths - 1 - step, step)  # (time, batch)
    return x.gather(0, source.unsqueeze(2).expand_as(x))


def reverse_by_length(x: Tensor, lengths: Tensor, may_be_empty: bool = False) -> Tensor:
    """Reverse the first `lengths[b]` steps of each sequence of x (time, batch, feature); the rest stays in place.

    Args:
        x: sequences, time first.
        lengths: (batch,) int64.
        may_be_empty: whether sequences without a step may come, for which the graph needs a few nodes more.
    """
    if torch.compiler.is_exporting():
        found: Tensor = torch.ops.lstm_onnx.reverse_sequence(x, lengths, may_be_empty)
        return found
    return _reverse_by_length(x, lengths)
