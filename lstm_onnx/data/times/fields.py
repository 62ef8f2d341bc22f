"""Calendar arithmetic on arrays, in whole microseconds since 1970 of the clock on the wall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

SECOND = 1_000_000
DAY = 86_400 * SECOND
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PIVOT = 69
"""Of years of two digits: 69 to 99 are of the last century, as POSIX has it."""


def month_days(months: Whole) -> Whole:
    """Return the day number (from 1970-01-01) on which months counted from January 1970 begin."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def civil_days(year: Whole, month: Whole, day: Whole) -> tuple[Whole, Mask]:
    """Return the number of days from 1970-01-01 to each date, and which dates do not exist."""
    index = (year - 1970) * 12 + month - 1
    start = month_days(index)
    wrong = (month < 1) | (month > 12) | (day < 1) | (day > month_days(index + 1) - start)
    return start + day - 1, wrong


def week_days(year: Whole, week: Whole, weekday: Whole) -> tuple[Whole, Mask]:
    """Return the days of ISO week dates, and which do not exist: week 1 holds the year's fourth of January."""
    first, following = _first_monday(year), _first_monday(year + 1)
    days = first + (week - 1) * 7
    wrong = (week < 1) | (days >= following) | (weekday < 1) | (weekday > 7)
    return days + weekday - 1, wrong


def week_of(days: Whole) -> tuple[Whole, Whole, Whole]:
    """Return the ISO year, week and weekday (Monday is 1) of days counted from 1970-01-01."""
    weekday = (days + 3) % 7
    thursday = days - weekday + 3
    year = thursday.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return year, (days - _first_monday(year)) // 7 + 1, weekday + 1


def full_year(two: Whole) -> Whole:
    """Return the years that two digits mean."""
    found: Whole = np.where(two < _PIVOT, 2000 + two, 1900 + two)
    return found


def _first_monday(year: Whole) -> Whole:
    fourth = month_days((year - 1970) * 12) + 3
    return fourth - (fourth + 3) % 7
