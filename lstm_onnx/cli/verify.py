"""`lstm-onnx verify`: check that a file is what its contract says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.progress import busy
from lstm_onnx.verification.options import VerifyOptions
from lstm_onnx.verification.report import NO_CONTRACT

if TYPE_CHECKING:
    from lstm_onnx.verification.report import Report


@dataclass(frozen=True)
class Verified(Result):
    """The checks of a file; a failed one fails the command."""

    file: Path
    report: Report
    against_torch: bool
    reduced: str = ""

    def to_json(self) -> Iterable[str]:
        """Return all checks."""
        reduced = {"reduced": self.reduced} if self.reduced else {}
        yield encode({"file": str(self.file)} | verdict(self.report) | reduced)

    def to_text(self) -> Iterable[Shown]:
        """Return all checks, and how far apart the answers are."""
        yield checks_table(self.report)
        if self.reduced:
            yield {"reduced": self.reduced}
        if self.report.passed and self.report.variant == NO_CONTRACT:
            asked = any(c.name.startswith("cpu, ") for c in self.report.checks)
            told = f"with and without its optimiser, ONNX Runtime reads it alike: {distances(self.report)}"
            yield {"compared": told if asked else "nothing: no made-up inputs serve"}
            yield {"next": f"lstm-onnx adopt {self.file}, which gives it a contract"}
        elif self.report.passed:
            compared = "PyTorch" if self.against_torch else "its golden examples"
            how = "is near" if self.against_torch and self.report.variant == "int8" else "agrees with"
            yield {"verified": f"{self.file} {how} {compared}: {distances(self.report)}"}

    def fault(self) -> Exception | None:
        """Return the first check that failed."""
        return next((c.error for c in self.report.checks if c.error is not None), None)


def checks_table(report: Report) -> Table:
    """The checks of a verification, a row each."""
    table = Table()
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found", overflow="fold")
    for check in report.checks:
        mark = Text("ok", "green") if check.error is None else Text("FAILED", "red")
        if check.error is None and check.detail.startswith(("not ", "parts ")):
            mark = Text("-", "yellow")  # not asked, not checked, or not alike: nothing was proved
        table.add_row(check.name, mark, check.detail)
    return table


def verdict(report: Report) -> dict[str, Any]:
    """A report as JSON shows it."""
    return {
        "passed": report.passed,
        "largest_absolute": report.largest_absolute,
        "largest_relative": report.largest_relative,
        "decisions": report.decisions,
        "changed": report.changed,
        "ties": report.ties,
        "checks": [
            {"name": c.name, "passed": c.error is None, "detail": c.detail, "failure": _kind(c.error)}
            for c in report.checks
        ],
    }


def _kind(error: Exception | None) -> str | None:
    return type(error).__name__ if error is not None else None


def distances(report: Report) -> str:
    """Say how far the answers are from what they were compared with."""
    text = f"largest difference {report.largest_absolute:.2g}, relative {report.largest_relative:.2g}"
    if report.decisions:
        text += f", {report.changed} of {report.decisions:,} decisions changed"
    return text + (f" by {report.ties} near ties in {report.examples:,} examples" if report.ties else "")


def verify(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    run: Annotated[
        list[Path] | None, typer.Option(help="run folder: also compare with PyTorch's answers; of an ensemble, each")
    ] = None,
    *,
    options: VerifyOptions,
) -> Verified:
    """Verify a file."""
    from lstm_onnx.verification import verify as verification

    with busy("verifying"):
        report = verification.verify(file, run or None, options=options)
        return Verified(file, report, bool(run), _reduced(file, options))


def _reduced(file: Path, options: VerifyOptions) -> str:
    if options.reduce is None:
        return ""
    from lstm_onnx.verification.reduction import write_reduced

    return f"{options.reduce}, {write_reduced(file.read_bytes(), options.reduce, file)}"
