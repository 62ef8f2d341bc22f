"""Faults, planted into a recording: each of a kind that sensors really have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KINDS = ("spike", "gap to zero", "stuck", "drift", "noise")


def plant(
    values: NDArray[np.float32], count: int, spread: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64], list[str]]:
    """Plant faults into values (steps, columns), spread evenly over them, each in one column, in spreads of it.

    Returns:
        the rows with faults; 1 for each row that has one, 0 for others; and the kind of each fault.
    """
    found = values.copy()
    marks = np.zeros(len(values), dtype=np.int64)
    kinds = []
    every = len(values) // (count + 1)
    for number in range(1, count + 1):
        kind = KINDS[int(random.integers(len(KINDS)))]
        column = int(random.integers(values.shape[1]))
        length = {"spike": 1, "gap to zero": 4, "stuck": 12, "drift": 16, "noise": 12}[kind]
        begin = number * every + int(random.integers(max(1, every // 3)))
        rows = slice(begin, begin + length)
        size = spread[column] * random.choice([-1.0, 1.0])
        before = found[rows, column].copy()
        if kind == "spike":
            found[rows, column] += 2 * size
        elif kind == "gap to zero":
            found[rows, column] = 0
        elif kind == "stuck":
            found[rows, column] = before[0]
        elif kind == "drift":
            found[rows, column] += np.linspace(0.2, 2, length) * size
        else:
            found[rows, column] += random.normal(0, 0.8 * spread[column], length)
        marks[rows] = (found[rows, column] != before).astype(np.int64)
        kinds.append(kind)
    return found, marks, kinds
