"""From the steps of a sequence to one vector; padding has no say in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BELOW = -2.0
"""Less than any hidden state of an LSTM, which lies between -1 and 1."""


def valid_steps(x: Tensor, lengths: Tensor) -> Tensor:
    """Return which steps of x (batch, time, …) count, (batch, time, 1)."""
    return (torch.arange(x.shape[1], device=x.device) < lengths.unsqueeze(1)).unsqueeze(2)


class Pooling(nn.Module):
    """Joins several ways to pool hidden states; sequences without any step give zeros.

    Args:
        kinds: last, mean, max, attention.
        size: features of a hidden state, both directions together.
    """

    def __init__(self, kinds: tuple[str, ...], size: int) -> None:
        super().__init__()
        self.kinds, self.size = kinds, size * len(kinds)
        self.attend = (
            nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 1)) if "attention" in kinds else None
        )

    def forward(self, states: Tensor, last: Tensor, lengths: Tensor) -> Tensor:
        """Pool.

        Args:
            states: hidden states (batch, time, size), zero in the padding.
            last: the state after the last step in each direction, (batch, size).
            lengths: (batch,) int64.

        Returns:
            (batch, size * kinds).
        """
        found = [self._pool(kind, states, last, lengths) for kind in self.kinds]
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)

    def _pool(self, kind: str, states: Tensor, last: Tensor, lengths: Tensor) -> Tensor:
        if kind == "last":
            return last
        if kind == "mean":
            return mean_over_time(states, lengths)
        valid = valid_steps(states, lengths)
        if kind == "max":
            largest = torch.where(valid, states, torch.full((), BELOW, device=states.device)).amax(dim=1)
            return torch.where(lengths.unsqueeze(1) > 0, largest, torch.zeros((), device=states.device))
        assert self.attend is not None
        scores = torch.where(valid, self.attend(states), torch.full((), -1e9, device=states.device))
        weights = torch.softmax(scores, dim=1) * valid.to(states.dtype)
        return (weights * states).sum(dim=1)


def mean_over_time(x: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean over the valid steps of x (batch, time, feature), which is zero in the padding."""
    return x.sum(dim=1) / lengths.clamp(min=1).unsqueeze(1).to(x.dtype)
