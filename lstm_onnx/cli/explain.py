"""`lstm-onnx explain`: say why a file answers as it does. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import check_picture
from lstm_onnx.display import number
from lstm_onnx.explaining.options import ExplainOptions

if TYPE_CHECKING:
    from lstm_onnx.explaining.explain import Explanation

_BAR = 24


@dataclass(frozen=True)
class Explained(Result):
    """What an answer rests on, and what was written."""

    found: Explanation
    written: dict[str, Path] = field(default_factory=dict)

    def to_json(self) -> Iterable[str]:
        """Return what is explained, and every part."""
        kinds = {
            kind: {"value": s.value, "hidden": s.hidden, "parts": self.found.table.filter(kind=kind).to_dicts()}
            for kind, s in self.found.shares.items()
        }
        yield encode({"question": self.found.question, "example": self.found.example, "by": kinds})

    def to_text(self) -> Iterable[Shown]:
        """Return the strongest parts of each kind."""
        yield {"explained": f"{self.found.question}, example {self.found.example}"}
        for kind, shares in self.found.shares.items():
            top = self.found.top(kind)
            most = max(top["shapley"].abs().max(), 1e-30)  # type: ignore[type-var]
            told = f"{number(shares.value)} with all, {number(shares.hidden)} with none"
            table = Table(title=f"by {kind}: {told}", title_justify="left")
            for name, side in ((kind, "left"), ("adds", "right"), ("±", "right"), ("", "left"), ("alone", "right")):
                table.add_column(name, justify=side)  # type: ignore[arg-type]
            for row in top.iter_rows(named=True):
                bar = ("+" if row["shapley"] >= 0 else "-") * round(_BAR * abs(row["shapley"]) / most)
                cells = (number(row["shapley"]), number(row["error"]), bar, number(row["occlusion"]))
                table.add_row(row["part"], *cells)
            yield table
        yield "adds: its fair share of the answer (Shapley); alone: how far the answer falls when it alone is hidden"
        if self.written:
            yield self.written


def explain(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    data: Annotated[Path, typer.Argument(help="what predict takes: a table, a picture, or arrays by name")],
    *,
    options: ExplainOptions,
) -> Explained:
    """Say which steps, columns, words or patches an answer rests on.

    Raises:
        UserError: as `lstm_onnx.explain`.
    """
    from lstm_onnx.data.tables import write_table
    from lstm_onnx.explaining.explain import explain as explained
    from lstm_onnx.explaining.picture import explanation_figure
    from lstm_onnx.training.plots import save_figure

    check_picture("plot", options.plot)
    found = explained(file, data, options=options)
    written = {}
    if options.plot is not None:
        written["plot"] = save_figure(explanation_figure(found), options.plot)
    if options.to is not None:
        write_table(found.table, options.to)
        written["table"] = options.to
    return Explained(found, written)
