"""`lstm-onnx report`: one page, or a model card, about a run or a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.reporting.options import ReportOptions

if TYPE_CHECKING:
    from lstm_onnx.reporting.report import Reported


@dataclass(frozen=True)
class ReportWritten(Result):
    """A report that was written."""

    found: Reported

    def to_json(self) -> Iterable[str]:
        """Return where it lies, and its figures."""
        page = self.found.page
        tiles = [{"label": t.label, "value": t.value, "note": t.note} for t in page.tiles]
        pictures = [str(p) for p in self.found.pictures]
        yield encode({"report": str(self.found.path), "name": page.name, "figures": tiles, "pictures": pictures})

    def to_text(self) -> Iterable[Shown]:
        """Return its figures, and where it lies."""
        page = self.found.page
        yield {t.label: f"{t.value}  {t.note}".rstrip() for t in page.tiles}
        size = self.found.path.stat().st_size / 1024
        lines = {"written": f"{self.found.path} ({size:,.0f} kB, {len(page.sections)} sections)"}
        if self.found.pictures:
            lines["pictures"] = f"{self.found.pictures[0].parent}/ ({len(self.found.pictures)})"
        else:
            lines["next"] = "open it in a browser, or send it: it needs nothing beside it"
        yield lines


def report(
    model: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="run folder or exported .onnx file")],
    data: Annotated[
        Path | None, typer.Argument(help="file to score, all of it; without it, the test part of what was learnt from")
    ] = None,
    *,
    options: ReportOptions,
) -> ReportWritten:
    """Write one self-contained page, or a model card, about a run or a file.

    Raises:
        UserError: as `lstm_onnx.report`.
    """
    from lstm_onnx.reporting.report import report as reported

    return ReportWritten(reported(model, data, options=options))
