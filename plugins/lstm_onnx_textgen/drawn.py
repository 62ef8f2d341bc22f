"""Weather reports, drawn: texts of which it is known how well they can be told at best."""

from __future__ import annotations

import numpy as np

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PLACES = ("north", "south", "east", "west", "hills", "valley", "city", "islands")
_WARM = ("rain", "sun", "wind", "clouds", "fog")
_COLD = ("snow", "frost", "wind", "clouds", "fog")
_TIMES = ("in the morning", "at noon", "all day", "in the evening")
_LOWEST, _HIGHEST = -9, 30


def draw(count: int, random: np.random.Generator) -> list[str]:
    """Draw reports: `Monday: snow in the hills at noon, -3 degrees.` is one.

    All choices are even ones: of 7 days, 8 places, 40 degrees, 5 skies that fit the degrees, and 4 times.
    """
    return [_report(random) for _ in range(count)]


def _report(random: np.random.Generator) -> str:
    degrees = int(random.integers(_LOWEST, _HIGHEST + 1))
    day, place, time = (str(random.choice(words)) for words in (_DAYS, _PLACES, _TIMES))
    sky = str(random.choice(_WARM if degrees > 0 else _COLD))
    return f"{day}: {sky} in the {place} {time}, {degrees} degrees."


BITS = float(np.log2(len(_DAYS) * len(_PLACES) * len(_TIMES) * len(_WARM) * (_HIGHEST - _LOWEST + 1)))
"""What the choices of a report are worth, in bits: no model needs less on average."""
