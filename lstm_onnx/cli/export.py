"""`lstm-onnx export`: write a run as `.onnx` files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import predict_line, scores_json
from lstm_onnx.cli.verify import distances, verdict
from lstm_onnx.display import number
from lstm_onnx.exporting.options import ExportOptions
from lstm_onnx.progress import busy

if TYPE_CHECKING:
    from lstm_onnx.exporting.exported import Exported


@dataclass(frozen=True)
class Written(Result):
    """The files of an export."""

    files: list[Exported]

    def to_json(self) -> Iterator[str]:
        """Return an object for each file."""
        for file in self.files:
            beside = {"file": str(file.path), "contract": str(file.path.with_suffix(".json"))}
            rest = {"note": file.note} | scores_json(file.contract.scores)
            yield encode(beside | {"variant": file.contract.variant} | verdict(file.report) | rest)

    def to_text(self) -> Iterable[Shown]:
        """Return for each file how large it is, how far from PyTorch, and what its variant loses."""
        for file in self.files:
            first = self.files[0]
            last = {"next": predict_line(first.path, first.contract)} if file is self.files[-1] else {}
            yield _lines(file) | last


def _lines(file: Exported) -> dict[str, object]:
    scores = file.contract.scores
    lines: dict[str, object] = {
        "file": f"{file.path} ({file.path.stat().st_size / 1024:,.0f} kB)",
        "contract": file.path.with_suffix(".json"),
        "proved": f"{len(file.report.checks)} checks, {distances(file.report)}",
    }
    if file.note:
        lines["note"] = file.note
    if scores is not None and scores.fp32 is not None and scores.drop is not None:
        name = scores.primary
        before, after = (number(s[name]) for s in (scores.fp32, scores.model))
        lines["costs"] = f"{scores.drop:+.2f}% of {name} on the test data: {after} instead of {before}"
    return lines


def export(
    run: Annotated[
        list[Path] | None,
        typer.Argument(
            help="run folder; the newest one. Several, or the folder of several: one file, for all together"
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="file to write; exported/NAME.onnx. Beside it, variants add their name"),
    ] = None,
    runs: Annotated[Path, typer.Option(help="folder of the run folders")] = Path("runs"),
    *,
    options: ExportOptions,
) -> Written:
    """Export, and prove every file before it is written."""
    from lstm_onnx.exporting.export import export_all

    with busy("exporting and comparing with PyTorch"):
        return Written(export_all(run, to, runs, options=options))
