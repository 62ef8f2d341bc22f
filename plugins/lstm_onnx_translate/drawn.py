"""Dates in words, drawn, and as ISO 8601 writes them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

_MONTHS = "January February March April May June July August September October November December".split()
_ONES = ("", *"one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split())
_ONES += ("sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", *"twenty thirty forty fifty sixty seventy eighty ninety".split())
_FIRST = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_FIRST |= {"twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth"}
_BEGIN, _DAYS = date(1900, 1, 1), 36_524


def draw(count: int, random: np.random.Generator) -> tuple[list[str], list[str]]:
    """Draw dates from 1900 to 1999, each said in one of four ways, such as `the third of March nineteen ninety-nine`.

    Returns:
        the dates in words, and in figures.
    """
    days = [_BEGIN + timedelta(days=int(n)) for n in random.integers(0, _DAYS, count)]
    return [_in_words(day, int(way)) for day, way in zip(days, random.integers(0, 4, count), strict=True)], [
        day.isoformat() for day in days
    ]


def _in_words(day: date, way: int) -> str:
    month, nth = _MONTHS[day.month - 1], _ordinal(day.day)
    two = day.year % 100
    year = "nineteen " + ("hundred" if not two else f"oh {_number(two)}" if two < 10 else _number(two))
    return (
        f"the {nth} of {month} {year}",
        f"{month} the {nth}, {year}",
        f"{month} {day.day}, {year}",
        f"{day.day} {month[:3]} {two:02d}",
    )[way]


def _number(n: int) -> str:
    if n < 20:
        return _ONES[n]
    return _TENS[n // 10] + (f"-{_ONES[n % 10]}" if n % 10 else "")


def _ordinal(n: int) -> str:
    before, hyphen, last = _number(n).rpartition("-")
    return before + hyphen + _FIRST.get(last, f"{last}th")
