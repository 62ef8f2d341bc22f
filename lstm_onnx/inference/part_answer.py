"""Answers for one part of much data, whichever process does it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lstm_onnx.data.found_from import found_from
from lstm_onnx.data.tables import write_table
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import Model, load
from lstm_onnx.inference.options import PART_ERROR
from lstm_onnx.inference.part_list import Part
from lstm_onnx.inference.part_rows import rows_of
from lstm_onnx.inference.settings import parse_settings

Answered = tuple[Part, int, tuple[str, ...], str | None]
"""A part, the rows of its answers, what was repaired, and why there are none."""


@dataclass(frozen=True)
class Asked:
    """How each part is asked; see `Model.predict` and `lstm_onnx.load`."""

    file: str
    provider: str = "auto"
    settings: tuple[str, ...] = ()
    top: int | None = None
    keep: tuple[str, ...] = ()
    every: int | None = None


def open_model(asked: Asked) -> Model:
    """Load the model that is asked, with its settings."""
    model = load(asked.file, asked.provider, threads=1)
    return model.with_options(**parse_settings(asked.settings)) if asked.settings else model


def answer_part(model: Model, part: Part, asked: Asked, folder: Path) -> Answered:
    """Answer a part, and write the answers into the folder."""
    try:
        with rows_of(part, folder) as question, found_from(part.file.parent):
            prediction = model.predict(question, asked.top, asked.keep or None, asked.every)
        write_table(prediction.table, answers_of(folder, part))
    except UserError as error:
        text = str(error)
        return part, 0, (), text if text.startswith(str(part.file)) else f"{part}: {text.removeprefix('the table: ')}"
    (folder / (part.name + PART_ERROR)).unlink(missing_ok=True)
    return part, prediction.table.height, tuple(prediction.notes), None


def answers_of(folder: Path, part: Part) -> Path:
    """Return where the answers to a part are written."""
    return folder / f"{part.name}.parquet"
