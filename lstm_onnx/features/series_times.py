"""The times of the steps ahead in torch, in integer arithmetic.

Times are int64 unix seconds, or what the step counts. Years are those of the proleptic Gregorian calendar; times from
the year 0 on are right.
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
        step: a number of seconds, or of calendar months, or a row of sessions.
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
        days = shifted // self.day  # not `_divide`: exported, that goes through float32, which is off above 2**24
        within = shifted - days * self.day
        week = days // 7
        weekday = days - 7 * week
        slot = ((within - self.first).clamp(-self.seconds) + self.seconds) // self.seconds - 1
        slot = slot.clamp(max=self.rows - 1)
        is_open = _look_up(self.is_open, weekday)
        slot = is_open * (slot + 1) - 1
        return (week * len(self.days) + _look_up(self.before, weekday)) * self.rows + slot

    def times(self, number: Tensor) -> Tensor:
        """Return the times (batch, any) of rows by their number."""
        day = number // self.rows
        week = day // len(self.days)
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
