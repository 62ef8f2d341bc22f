"""What the LSTM reads of long sequences: patches of a few steps, so that it has fewer to remember and is faster."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

READ = 128
"""Patches of a usual sequence that the LSTM reads, at most, where their length is chosen by the data."""


def patch_for(usual: int) -> int:
    """Return how many steps make a patch, for sequences of `usual` steps."""
    return max(1, -(-usual // READ))


class Patches(nn.Module):
    """Reads `steps` steps at once: a linear map of all their values, learnt.

    Args:
        features: of a step.
        steps: of a patch.
        size: of the vector that a patch becomes.
    """

    def __init__(self, features: int, steps: int, size: int) -> None:
        super().__init__()
        self.steps, self.size = steps, size
        self.read = nn.Conv1d(features, size, steps, stride=steps)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors of patches, (batch, ceil(time / steps), size), and how many of these count, (batch,).

        Args:
            x: (batch, time, feature), zero in the padding: so a last patch that is not full reads zeros.
            lengths: steps that count, (batch,) int64.
        """
        padded = functional.pad(x.transpose(1, 2), (0, self.steps - 1))  # one more patch where steps are left over
        count = torch.div(lengths + (self.steps - 1), self.steps, rounding_mode="trunc")
        return self.read(padded).transpose(1, 2), count
