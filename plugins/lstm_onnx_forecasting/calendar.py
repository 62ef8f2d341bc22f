"""The calendar in torch, in integer arithmetic: phases of day, week and year, and the times of the steps ahead.

Times are int64 unix seconds. They are reduced to a remainder before they become float32, which is off by minutes for
unix seconds of today. Years are those of the proleptic Gregorian calendar; times from the year 0 on are right.
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

_EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01
_ERA = 146_097  # days in 400 years


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
        self.sessions = SessionRows(step) if step.sessions is not None else None
        size = 1 if self.sessions is not None else step.months or step.seconds
        ahead = torch.arange(1, horizon + 1, dtype=torch.int64) * size
        self.register_buffer("ahead", ahead, persistent=False)

    def forward(self, last: Tensor) -> Tensor:
        """Map the last known times (batch, 1) to times (batch, horizon); months begin on their first day at 00:00."""
        if self.sessions is not None:
            return self.sessions.times(self.sessions.number(last) + self.ahead)
        if not self.monthly:
            return last + self.ahead
        return (_first_day(_month(_days(last)) + self.ahead) - _EPOCH) * DAY


class SessionRows(nn.Module):
    """Numbers the rows of sessions, so that the row after Friday's last is Monday's first.

    The same arithmetic as `lstm_onnx.data.sessions`, for times from the year 0 on.

    Args:
        step: with sessions.
    """

    is_open: Tensor
    before: Tensor
    days: Tensor

    def __init__(self, step: Step) -> None:
        super().__init__()
        assert step.sessions is not None
        self.day, self.first = DAY * step.per_second, step.sessions.first
        self.rows, self.seconds = step.sessions.rows, step.seconds
        open_days = [int(day in step.sessions.days) for day in range(7)]
        before = [sum(open_days[:day]) for day in range(7)]
        self.register_buffer("is_open", torch.tensor(open_days, dtype=torch.int64), persistent=False)
        self.register_buffer("before", torch.tensor(before, dtype=torch.int64), persistent=False)
        self.register_buffer("days", torch.tensor(step.sessions.days, dtype=torch.int64), persistent=False)

    def number(self, time: Tensor) -> Tensor:
        """Count the rows up to each time (batch, any); the one at it, or the last before it."""
        shifted = time + _MONDAY * self.day
        days = _divide(shifted, self.day)
        within = shifted - days * self.day
        week = _divide(days, 7)
        weekday = days - 7 * week
        slot = (_divide(within - self.first + self.seconds, self.seconds) - 1).clamp(-1, self.rows - 1)
        is_open = _look_up(self.is_open, weekday)
        slot = is_open * (slot + 1) - 1
        return (week * len(self.days) + _look_up(self.before, weekday)) * self.rows + slot

    def times(self, number: Tensor) -> Tensor:
        """Return the times (batch, any) of rows by their number."""
        day = _divide(number, self.rows)
        week = _divide(day, len(self.days))
        days = week * 7 + _look_up(self.days, day - week * len(self.days))
        return (days - _MONDAY) * self.day + self.first + (number - day * self.rows) * self.seconds


_MONDAY = 719_533
"""Days from the last Monday before the year 0 to 1970-01-01: what is counted from there is never negative."""


def _look_up(table: Tensor, place: Tensor) -> Tensor:
    return table.index_select(0, place.reshape(-1)).reshape(place.shape)


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
