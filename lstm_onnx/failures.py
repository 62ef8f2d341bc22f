"""The ways in which a file can fail its verification, each a type of its own, and the report that collects them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lstm_onnx.contract import Tolerance
from lstm_onnx.differences import distance, worst
from lstm_onnx.errors import CheckFailed
from lstm_onnx.task import Array, Arrays


class ParityError(CheckFailed):
    """A file is not what it should be."""


class FileError(ParityError):
    """It is not a sound ONNX file."""


class ContractError(ParityError):
    """Its contract is missing, broken, or differs from the graph or from the JSON beside it."""


class OperatorError(ParityError):
    """It uses operators that a standard runtime need not have."""


class NameMismatch(ParityError):
    """Inputs or outputs have other names than the contract says."""


class TypeMismatch(ParityError):
    """An input or output has another element type than the contract says."""


class AxisMismatch(ParityError):
    """An axis is free where the contract fixes it, or fixed where it must be free."""


class ShapeMismatch(ParityError):
    """An answer has another shape than it should."""


class ValueMismatch(ParityError):
    """An answer has another value than it should."""


class StateMismatch(ParityError):
    """A sequence in pieces is answered otherwise than in one piece."""


class ProviderError(ParityError):
    """It did not run where it was asked to."""


TIES = 0.002
"""Share of examples that may be tied, beside the first: more are no chance."""


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    detail: str
    error: ParityError | None = None


@dataclass
class Report:
    """What was checked, and how it went.

    Attributes:
        where: the file.
        checks: in the order in which they ran; the first failure ends the list.
        largest_absolute: the largest difference of any number from what it should be, in the output's unit.
        largest_relative: the same over the largest number of its example.
        decisions: how many whole numbers and texts (labels, tokens, flags) were compared.
        changed: how many of them were not the same.
        examples: how many were compared, where there may be ties (`Tolerance.decided_by`).
        ties: how many of them were answered by another answer, equally good.
        clocks: outputs that are times, which nobody decides.
        variant: of the file, once that is known.
    """

    where: str
    checks: list[Check] = field(default_factory=list)
    largest_absolute: float = 0.0
    largest_relative: float = 0.0
    decisions: int = 0
    changed: int = 0
    examples: int = 0
    ties: int = 0
    clocks: frozenset[str] = frozenset()
    variant: str = ""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.error is None for check in self.checks)

    def raise_if_failed(self) -> None:
        """Raise the first failure, if there is one."""
        for check in self.checks:
            if check.error is not None:
                raise check.error

    def note(self, name: str, got: Array, wanted: Array) -> None:
        """Remember how far `got`, an output's answer, is from `wanted`, and whether decisions changed."""
        if name in self.clocks:
            return
        if wanted.dtype.kind != "f":
            self.decisions += wanted.size
            self.changed += int(np.count_nonzero(got != wanted))
            return
        absolute, relative = distance(got, wanted)
        self.largest_absolute = max(self.largest_absolute, absolute)
        self.largest_relative = max(self.largest_relative, relative)


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


def shape_text(dims: tuple[int | str, ...]) -> str:
    """Write a shape as people do."""
    return "(" + ", ".join(str(d) for d in dims) + ")"
