"""What a score is worth: the figures, and on what they were reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from lstm_onnx import display
from lstm_onnx.contract import Scores


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores, and on what they were reached.

    Attributes:
        scores: of the model and its baselines; `scores["mse"]` is the model's.
        summary: one line that says what was read.
        examples: how many were scored.
        notes: one line for each thing that was repaired or left out.
        pictures: the files that were drawn.
        part: "test" for the test part of the data that the model was trained on, "all" for all of other data.
        tables: more of the scores, such as those of each class: a title -> the table.
        written: the table of all answers, where one was asked for.
        ahead: names of the baselines that are better than the model, the best first.
    """

    scores: Scores
    summary: str
    examples: int
    notes: tuple[str, ...]
    pictures: tuple[Path, ...] = ()
    part: Literal["test", "all"] = "test"
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    written: Path | None = None
    ahead: tuple[str, ...] = ()

    def __repr__(self) -> str:
        facts = {"data": self.summary} | display.scores_text(self.scores)
        return display.text(self._title, facts)

    @property
    def _title(self) -> str:
        return f"Scores on {self.examples:,} {'test ' * (self.part == 'test')}examples"

    def _repr_html_(self) -> str:
        facts = {"data": self.summary} | ({"noted": "; ".join(self.notes)} if self.notes else {})
        table = display.html_table(*display.scores_rows(self.scores))
        pictures = map(display.html_picture, self.pictures)
        return display.html(self._title, display.html_facts(facts), table, *pictures)
