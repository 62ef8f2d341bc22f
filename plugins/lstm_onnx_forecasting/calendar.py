"""The phases of day, week and year in torch.

Times are int64 unix seconds. They are reduced to a remainder, as integers, before they become float32, which is off by
minutes for unix seconds of today.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lstm_onnx.contract import Step

DAY = 86_400
WEEK = 7 * DAY
YEAR = 31_556_952
"""The mean Gregorian year, 365.2425 days, in seconds: a calendar date keeps its phase within a day or two."""


def periods(step: Step, span: int) -> tuple[int, ...]:
    """Return the periods, in seconds, that can be learnt: day, week and year.

    Rows must lie close enough to tell where in a period they are, and cover it twice: of a season that was seen once,
    or in part, a network learns what does not come again.

    Args:
        step: distance between rows.
        span: seconds from the first to the last row of the training data.
    """
    if step.counted:
        return ()
    distance = step.seconds / step.per_second or step.months * YEAR // 12
    return tuple(p for p in (DAY, WEEK, YEAR) if 2 * distance <= p and 2 * p <= span)


class Phases(nn.Module):
    """Sine and cosine of where each time stands in each period, and in half of it.

    Args:
        found: the periods, in seconds.
        per_second: how many units of time a second has.
    """

    lengths: Tensor
    rates: Tensor
    quarters: Tensor

    def __init__(self, found: tuple[int, ...], per_second: int = 1) -> None:
        super().__init__()
        self.features = 4 * len(found)
        found = tuple(p * per_second for p in found)
        self.register_buffer("lengths", torch.tensor(found, dtype=torch.int64), persistent=False)
        rates = [torch.diag(torch.tensor([2 * math.pi * k / p for p in found])) for k in (1, 2, 1, 2)]
        self.register_buffer("rates", torch.cat(rates, dim=1), persistent=False)  # (period, features)
        quarters = torch.tensor([0, 0, math.pi / 2, math.pi / 2]).repeat_interleave(len(found))
        self.register_buffer("quarters", quarters, persistent=False)  # a cosine is a sine a quarter ahead

    def forward(self, time: Tensor) -> Tensor:
        """Map times (..., ) to features (..., features) from -1 to 1."""
        within = torch.remainder(time.unsqueeze(-1), self.lengths).to(torch.float32)  # to 2 s within a year
        return torch.sin(within @ self.rates + self.quarters)
