"""The times of the steps ahead in torch, in integer arithmetic.

Times are int64 unix seconds. Years are those of the proleptic Gregorian calendar; times from the year 0 on are right.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_onnx.contract import Step

DAY = 86_400
_EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01
_ERA = 146_097  # days in 400 years


class StepsAhead(nn.Module):
    """The times of the next `horizon` steps.

    Args:
        step: a number of seconds, or of calendar months.
        horizon: how many steps.
    """

    ahead: Tensor

    def __init__(self, step: Step, horizon: int) -> None:
        super().__init__()
        self.monthly = bool(step.months)
        ahead = torch.arange(1, horizon + 1, dtype=torch.int64) * (step.months or step.seconds)
        self.register_buffer("ahead", ahead, persistent=False)

    def forward(self, last: Tensor) -> Tensor:
        """Map the last known times (batch, 1) to times (batch, horizon); months begin on their first day at 00:00."""
        if not self.monthly:
            return last + self.ahead
        return (_first_day(_month(_days(last)) + self.ahead) - _EPOCH) * DAY


def _days(time: Tensor) -> Tensor:
    """Days since 0000-03-01; never negative, so that dividing integers truncates as it floors."""
    return _divide(time + _EPOCH * DAY, DAY)


def _month(days: Tensor) -> Tensor:
    """Months since March of the year 0 (Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days)."""
    era = _divide(days, _ERA)
    day = days - era * _ERA  # of the era
    year = _divide(day - _divide(day, 1460) + _divide(day, 36_524) - _divide(day, 146_096), 365)
    day_of_year = day - (365 * year + _divide(year, 4) - _divide(year, 100))  # from March 1
    return 12 * (400 * era + year) + _divide(5 * day_of_year + 2, 153)


def _first_day(month: Tensor) -> Tensor:
    """Days from 0000-03-01 to the first day of a month counted from then (Hinnant, days_from_civil)."""
    year = _divide(month, 12)
    leap_days = _divide(year, 4) - _divide(year, 100) + _divide(year, 400)
    return 365 * year + leap_days + _divide(153 * (month - 12 * year) + 2, 5)


def _divide(a: Tensor, b: int) -> Tensor:
    return torch.div(a, b, rounding_mode="trunc")
