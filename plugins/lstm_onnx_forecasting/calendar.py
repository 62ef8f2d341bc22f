"""The phases of day, week and year in torch.

Times are int64 unix seconds. They are reduced to a remainder, as integers, before they become float32, which is off by
minutes for unix seconds of today.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.contract import Step
from lstm_onnx.features.series import Series

DAY = 86_400
WEEK = 7 * DAY
YEAR = 31_556_952
"""The mean Gregorian year, 365.2425 days, in seconds: a calendar date keeps its phase within a day or two."""


CLOSEST = 300
"""Seconds: of rows that are closer, the table of a week is large beside an LSTM."""


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


FINE = 900
"""Seconds between the rows of the table, if that parts the step: other data may stand between the rows of training."""


def grid_of(series: Series) -> tuple[int, int] | None:
    """Return how far rows of a table of the week are apart, and where they stand in that, if all weeks are alike.

    Both are in units of time, and None where weeks differ, rows are closer than `CLOSEST`, or no window was kept.
    """
    step, week = series.step, WEEK * series.step.per_second
    if step.counted or step.months or step.sessions is not None or step.seconds < CLOSEST * step.per_second:
        return None
    fine = FINE * step.per_second
    apart = fine if step.seconds % fine == 0 else step.seconds
    places = {one.last % apart for one in series.kept}
    return (apart, places.pop()) if len(places) == 1 and week % step.seconds == 0 else None


class Phases(nn.Module):
    """Sine and cosine of where each time stands in each period, and in half of it.

    Day and week on a grid are looked up in a table of a week, at the nearest time of the grid. So a runtime that is off
    by a minute, as OpenVINO is, whose whole numbers go through float32, finds the same row.

    Args:
        found: the periods, in seconds.
        per_second: how many units of time a second has.
        grid: as `grid_of` says.
    """

    lengths: Tensor
    rates: Tensor
    quarters: Tensor
    table: Tensor

    def __init__(self, found: tuple[int, ...], per_second: int = 1, grid: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.features = 4 * len(found)
        week = WEEK * per_second
        found = tuple(p * per_second for p in found)
        self.register_buffer("lengths", torch.tensor(found, dtype=torch.int64), persistent=False)
        rates = [torch.diag(torch.tensor([2 * math.pi * k / p for p in found])) for k in (1, 2, 1, 2)]
        self.register_buffer("rates", torch.cat(rates, dim=1), persistent=False)  # (period, features)
        quarters = torch.tensor([0, 0, math.pi / 2, math.pi / 2]).repeat_interleave(len(found))
        self.register_buffer("quarters", quarters, persistent=False)  # a cosine is a sine a quarter ahead
        self.week, self.step, self.shift = week, 0, 0
        if grid is not None and max(found) <= week:
            self.step, first = grid
            middle = self.step // 2
            self.shift = (middle - first) % self.step  # puts times of the grid into the middle of their row
            table = self._computed(torch.arange(middle - self.shift, week, self.step)[: week // self.step])
            self.register_buffer("table", table, persistent=False)  # (rows of a week, features)

    def forward(self, time: Tensor) -> Tensor:
        """Map times (batch, any) to features (batch, any, features) from -1 to 1."""
        if not self.step:
            return self._computed(time)
        row = torch.div(torch.remainder(time + self.shift, self.week), self.step, rounding_mode="trunc")
        return functional.embedding(row, self.table)

    def _computed(self, time: Tensor) -> Tensor:
        within = torch.remainder(time.unsqueeze(-1), self.lengths).to(torch.float32)  # to 2 s within a year
        return torch.sin(within @ self.rates + self.quarters)
