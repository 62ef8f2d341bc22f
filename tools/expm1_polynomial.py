"""Print the polynomial q of `lstm_onnx/graph/c_lstm_kernel.c`: (exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2.

python tools/expm1_polynomial.py
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

HALF = math.log(2) / 2
DEGREE = 4


def coefficients() -> NDArray[np.float32]:
    """Return them from the constant on: least squares at Chebyshev's points, weighted by what counts in exp(r) - 1.

    At these points least squares come close to the least largest error (Trefethen, Approximation Theory and
    Approximation Practice, chapters 2 and 16).
    """
    r = HALF * np.cos(np.pi * (np.arange(400) + 0.5) / 400)
    weight = np.abs(r * r / np.expm1(r))
    found = np.linalg.lstsq(np.vander(r, DEGREE + 1, increasing=True) * weight[:, None], target(r) * weight, rcond=None)
    return found[0].astype(np.float32)


def target(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (exp(r) - 1 - r) / r^2 by its series, which is exact where the difference would cancel."""
    return np.sum([r**k / math.factorial(k + 2) for k in range(20)], axis=0)


def largest_error(found: NDArray[np.float32]) -> float:
    """Return the largest relative error that the polynomial leaves in exp(r) - 1."""
    r = np.linspace(-HALF, HALF, 20_000)  # an even count: without 0
    error = (np.polyval(found[::-1].astype(np.float64), r) - target(r)) * r * r / np.expm1(r)
    return float(np.abs(error).max())


if __name__ == "__main__":
    for power, value in enumerate(coefficients().tolist()):
        print(f"r^{power}: {value.hex()}")
    print(f"largest relative error: {largest_error(coefficients()):.2g}")
