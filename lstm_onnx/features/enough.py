"""How many examples it takes to calibrate."""

from __future__ import annotations


def enough(level: float, independent: int) -> bool:
    """Whether so many examples, none of which says what another does, tell a quantile: for 0.9 it takes 9 of them."""
    outer = max(level, 1 - level)
    return outer * (independent + 1) <= independent * (1 + 1e-9)
