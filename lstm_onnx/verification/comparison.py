"""Holds one set of answers against another."""

from __future__ import annotations

import numpy as np

from lstm_onnx.contract import Array, Tolerance
from lstm_onnx.task import Arrays
from lstm_onnx.verification.distance import distance, worst
from lstm_onnx.verification.report import Report, ShapeMismatch, ValueMismatch, shape_text

TIES = 0.002
"""Share of examples that may be tied, beside the first: more are no chance."""


def compare(got: Arrays, wanted: Arrays, tolerance: Tolerance | None, place: str, report: Report) -> None:
    """Hold answers against what they should be.

    Where the best answer is chosen by a number, and two are equally good but for the tolerance, rounding decides which
    one it is. Such ties are forgiven, example by example, as long as they are rare (`TIES`).

    Args:
        got: what came out.
        wanted: what should have.
        tolerance: how far numbers may be apart; None only takes note of how far values are.
        place: names the case in messages.
        report: remembers the distances.

    Raises:
        ShapeMismatch: a shape differs.
        ValueMismatch: a value differs by more than the tolerance; names the worst one.
    """
    for name, right in wanted.items():
        if got[name].shape != right.shape:
            raise ShapeMismatch(
                f"{place}: {name} has the shape {shape_text(got[name].shape)} instead of {shape_text(right.shape)}"
            )
    tied = _ties(got, wanted, tolerance, report)
    for name, right in wanted.items():
        there = got[name] if tied is None else np.where(tied.reshape(-1, *[1] * (right.ndim - 1)), right, got[name])
        report.note(name, there if right.dtype.kind == "f" else got[name], right)  # two answers have no distance
        allowed = tolerance.of(name) if tolerance is not None else None
        at = worst(there, right, allowed) if allowed is not None else None
        if at is None or allowed is None:
            continue
        if right.dtype.kind != "f":
            changed = int(np.count_nonzero(there != right))
            raise ValueMismatch(
                f"{place}: {name}{list(at)} is {there[at]} instead of {right[at]} ({changed} of {right.size} decisions "
                f"changed)"
            )
        absolute, relative = distance(there, right)
        raise ValueMismatch(
            f"{place}: {name}{list(at)} is {there[at]} instead of {right[at]} (largest difference "
            f"{absolute:.3g}, relative {relative:.3g}; allowed {allowed.atol:g} + {allowed.rtol:g} of largest)"
        )


def _ties(got: Arrays, wanted: Arrays, tolerance: Tolerance | None, report: Report) -> Array | None:
    """Find examples (batch,) decided otherwise, though what decides is the same; None if there may be none."""
    if tolerance is None or tolerance.decided_by is None or tolerance.decided_by not in wanted:
        return None
    name = tolerance.decided_by
    report.examples += len(wanted[name])
    decisions = [n for n, right in wanted.items() if right.dtype.kind != "f"]
    changed = np.array([any(np.any(got[n][k] != wanted[n][k]) for n in decisions) for k in range(len(wanted[name]))])
    for k in np.flatnonzero(changed):
        changed[k] = worst(got[name][k : k + 1], wanted[name][k : k + 1], tolerance.of(name)) is None
    found = int(changed.sum())
    if report.ties + found > 1 + TIES * report.examples:
        return None
    report.ties += found
    return changed
