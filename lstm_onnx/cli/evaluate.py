"""`lstm-onnx evaluate`: score a run or a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import behind, frame_table, scores_json, scores_table
from lstm_onnx.evaluation.options import EvaluateOptions

if TYPE_CHECKING:
    from lstm_onnx.evaluation.evaluation import Evaluation


@dataclass(frozen=True)
class Scored(Result):
    """Scores of a model."""

    model: Path
    evaluation: Evaluation

    def to_json(self) -> Iterable[str]:
        """Return the scores, and on what they were reached."""
        found = self.evaluation
        about = {"model": str(self.model), "data": found.summary, "part": found.part, "examples": found.examples}
        about |= {"notes": list(found.notes)} if found.notes else {}
        about |= {"ahead": list(found.ahead)}
        tables = {title: table.to_dicts() for title, table in found.tables.items()}
        yield encode(about | scores_json(found.scores) | ({"tables": tables} if tables else {}))

    def to_text(self) -> Iterable[Shown]:
        """Return the scores beside the baselines'."""
        found = self.evaluation
        for note in found.notes:
            yield {"noted": note}
        yield {"data": found.summary}
        test = "test " * (found.part == "test")
        yield scores_table(found.scores, f"scores on {found.examples:,} {test}examples")
        yield behind(found.scores, found.ahead)
        for title, table in found.tables.items():
            yield frame_table(table, max(1, table.height), title)
        if found.pictures:
            yield {"pictures": ", ".join(map(str, found.pictures))}
        if found.written is not None:
            yield {"answers": str(found.written)}


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="run folder or exported .onnx file")],
    data: Annotated[
        Path | None, typer.Argument(help="file to score, all of it; without it, the test part of what was learnt from")
    ] = None,
    *,
    options: EvaluateOptions,
) -> Scored:
    """Score a run by PyTorch, or a file by ONNX Runtime, on the test part of its own data, or on all of other data."""
    from lstm_onnx.evaluation import evaluate as evaluation

    return Scored(model, evaluation.evaluate(model, data, options=options))
