"""The ways in which a file can fail its verification, each a type of its own, and the report that collects them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lstm_onnx import display
from lstm_onnx.contract import Array
from lstm_onnx.errors import CheckFailed
from lstm_onnx.verification.distance import distance

NO_CONTRACT = "no contract"
"""What a report calls the variant of a file without one."""


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


class FingerprintMismatch(ParityError):
    """A weight or a node is not the one that was exported, whether or not it shows in answers that were asked for."""


class SignatureError(ParityError):
    """It is not signed by whom it should be, or was changed since."""


class ProviderError(ParityError):
    """It did not run where it was asked to."""


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    detail: str
    error: ParityError | None = None


@dataclass(repr=False)
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

    def told(self) -> str:
        """Say in a line how it went."""
        for check in self.checks:
            if check.error is not None:
                return f"FAILED at '{check.name}': {check.detail}"
        text = f"{len(self.checks)} checks passed, largest difference {self.largest_absolute:.2g}"
        text += f", relative {self.largest_relative:.2g}"
        return text + (f", {self.changed} of {self.decisions:,} decisions changed" if self.decisions else "")

    def __repr__(self) -> str:
        return f"Verification of {self.where}: {self.told()}"

    def _repr_html_(self) -> str:
        rows = [(c.name, "ok" if c.error is None else "FAILED", c.detail) for c in self.checks]
        return display.html(repr(self), display.html_table(("check", "", "found"), rows))

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


def shape_text(dims: tuple[int | str, ...]) -> str:
    """Write a shape as people do."""
    return "(" + ", ".join(str(d) for d in dims) + ")"
