"""`lstm-onnx adopt`: give a file that somebody else exported a contract."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.inspect import contract_tables
from lstm_onnx.cli.tables import predict_line
from lstm_onnx.cli.verify import distances, verdict
from lstm_onnx.progress import busy
from lstm_onnx.verification.options import VerifyOptions

if TYPE_CHECKING:
    from lstm_onnx.exporting.adopt import Adopted


@dataclass(frozen=True)
class Written(Result):
    """The file that was written."""

    adopted: Adopted

    def to_json(self) -> Iterable[str]:
        """Return where it is, what was found out, and all checks."""
        a = self.adopted
        beside = {"file": str(a.path), "contract": str(a.path.with_suffix(".json")), "notes": a.notes}
        yield encode(beside | verdict(a.report))

    def to_text(self) -> Iterable[Shown]:
        """Return what the file now says of itself, and how it was proved."""
        a = self.adopted
        yield from contract_tables(a.contract)
        for note in a.notes:
            yield {"found": note}
        yield {
            "file": f"{a.path} ({a.path.stat().st_size / 1024:,.0f} kB)",
            "contract": a.path.with_suffix(".json"),
            "proved": f"{len(a.report.checks)} checks, and it answers as the file did; {distances(a.report)}",
            "next": predict_line(a.path, a.contract),
        }


def adopt(
    file: Annotated[Path, typer.Argument(help=".onnx file without a contract")],
    to: Annotated[Path | None, typer.Option("-o", "--out", help="file to write; exported/NAME.onnx")] = None,
    about: Annotated[
        Path | None, typer.Option(help="TOML file that says what inputs, outputs and axes are, and how to scale")
    ] = None,
    example: Annotated[
        Path | None, typer.Option(help="inputs by name (.npz, .json) to be the first golden example; else made up")
    ] = None,
    *,
    options: VerifyOptions,
) -> Written:
    """Adopt a file."""
    from lstm_onnx.exporting.adopt import adopt as work

    with busy("asking the file, and proving what is written"):
        return Written(work(file, to, about, example, options.engines))
