"""Tables and lines that several commands show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from lstm_onnx.display import number, scores_rows
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from lstm_onnx.contract import Contract, Scores


def folding(*columns: str, title: str | None = None) -> Table:
    """Return an empty table whose cells are folded, not cut, where the terminal is narrow."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def scores_table(scores: Scores, title: str) -> Table:
    """The model beside its baselines, a metric a row; the primary metric comes first and is bold."""
    header, rows = scores_rows(scores)
    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name, justify="left" if name == "metric" else "right")
    for metric, *row in rows:
        table.add_row(metric, *row, style="bold" if metric == scores.primary else None)
    return table


def behind(scores: Scores, ahead: Sequence[str]) -> dict[str, object]:
    """Say that baselines are better than the model, if some are."""
    if not ahead:
        return {}
    name = scores.primary
    found = " and ".join(f"{who} ({number(scores.baselines[who][name])})" for who in ahead)
    be = "is" if len(ahead) == 1 else "are"
    return {"behind": f"{found} {be} better than the model ({number(scores.model[name])}) by {name}"}


def scores_json(scores: Scores | None) -> dict[str, Any]:
    """Scores as a part of a JSON object; nothing where there are none."""
    return {"scores": json.loads(scores.model_dump_json())} if scores is not None else {}


def frame_table(frame: pl.DataFrame, limit: int = 24, title: str | None = None) -> Table:
    """The first rows of a table of answers."""
    table = Table(title=title, title_justify="left")
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", no_wrap=kind.is_temporal())
    for row in frame.head(limit).iter_rows():
        table.add_row(*map(_cell, row))
    if frame.height > limit:
        table.caption = f"{limit} of {frame.height:,} rows; --out FILE writes them all"
    return table


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime) and not value.second:
        return value.isoformat(" ", "minutes")
    return "-" if value is None else str(value)


def broken(reason: str) -> Text:
    """Say of a plugin that it is broken, and why."""
    return Text.assemble(("broken:", "red"), f" {reason}")


def predict_line(file: Path, contract: Contract) -> str:
    """Write the command that answers with a file, for the kind of data that it takes."""
    kinds = {t.source.kind for t in contract.inputs if t.source is not None} - {"lengths"}
    table = "DATA.csv" if contract.stream is None else "--stream < DATA.csv"
    bare = any(t.source is None and t.default is None for t in contract.external_inputs)
    data = "DATA.npz" if bare else "PICTURE.jpg" if kinds == {"image"} else table
    return f"lstm-onnx predict {file} {data}"


def check_picture(option: str, path: Path | None) -> None:
    """Refuse, before any work, to draw to a file of a kind that is no picture.

    Raises:
        UserError: it does not end in .png, .svg or .pdf.
    """
    if path is not None and path.suffix not in (".png", ".svg", ".pdf"):
        raise UserError(f"--{option} {path}: a picture ends in .png, .svg or .pdf")
