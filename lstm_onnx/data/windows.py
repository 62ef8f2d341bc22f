"""Cuts long recordings, a row for each step, into windows of a fixed number of steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data.sequences import Ids, Sequences, Whole, id_columns, long_sequences, order_of_steps
from lstm_onnx.data.tables import is_numeric
from lstm_onnx.errors import UserError

_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_ROW = "\0row"


@dataclass(frozen=True)
class Windows:
    """Windows of recordings.

    Attributes:
        sequences: a sequence for each window; its name is that of the recording and its rows there.
        steps: for each window the rows of the table that it is made of.
        recording: for each window the number of its recording.
        notes: one line for each thing that a person should know.
    """

    sequences: Sequences
    steps: list[Whole]
    recording: Whole
    notes: tuple[str, ...]


def rows_of(text: str, option: str, frame: pl.DataFrame, where: Path | str, sequence: Ids, time: str | None) -> int:
    """Return how many rows a length is: `100` rows, or `4s`, `250ms`, `2m` by the usual distance of the times.

    Raises:
        UserError: it is no length, or there is no time to tell by.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise UserError(f"{option} {text}: must be a number of rows such as 100, or a time such as 4s, 250ms or 2m")
    if match[2] is None:
        if "." in match[1]:
            raise UserError(f"{option} {text}: rows are whole; for seconds write {text}s")
        return int(match[1])
    if time is None:
        raise UserError(f"{where}: {option} {text} needs the times of the steps: name them with --time, or give rows")
    distance = _distance(frame, where, sequence, time)
    rows = round(float(match[1]) * _UNITS[match[2].lower()] / distance)
    if rows < 1:
        raise UserError(f"{option} {text} is less than a step, which is {distance:g} s in column '{time}' of {where}")
    return rows


def _distance(frame: pl.DataFrame, where: Path | str, sequence: Ids, time: str) -> float:
    """Return the usual distance of steps in seconds; numbers that are no times count as seconds."""
    found, _ = order_of_steps(frame, time, str(where))
    seconds = found if is_numeric(frame.get_column(time)) else found / 1e6
    names = [frame.get_column(c).alias(f"s{k}") for k, c in enumerate(id_columns(sequence))]
    table = pl.DataFrame([pl.Series("t", seconds - seconds.min()), *names])
    by = [one.name for one in names]
    distance = pl.col("t").diff()
    steps = table.sort(*by, "t").with_columns((distance.over(by) if by else distance).alias("d"))
    usual = steps.filter(pl.col("d") > 0).get_column("d").median()
    if not isinstance(usual, float):
        raise UserError(f"{where}: column '{time}' does not rise, so a time cannot be told in rows; give rows")
    return usual


def cut_windows(
    frame: pl.DataFrame,
    where: Path | str,
    *,
    sequence: Ids,
    time: str | None,
    columns: Sequence[str],
    window: int,
    hop: int,
) -> Windows:
    """Cut each recording into windows of `window` rows, `hop` rows apart; what is left at its end is not used.

    A recording that is shorter gives one window, of all of it.

    Args:
        frame: the table.
        where: its file, for errors.
        sequence: the column that tells recordings apart, or those that do together; None takes the table for one.
        time: the column that orders the steps; None takes them as they stand.
        columns: the channels.
        window: rows.
        hop: rows.

    Raises:
        UserError: as `long_sequences`.
    """
    rows = pl.Series(_ROW, np.arange(frame.height))
    read = long_sequences(frame.with_columns(rows), where, sequence=sequence, time=time, columns=[*columns, _ROW])
    values, names, steps, recording, short = [], [], [], [], 0
    for number, (whole, name) in enumerate(zip(read.values, read.names, strict=True)):
        short += len(whole) < window
        for begin in range(0, max(len(whole) - window, 0) + 1, hop):
            piece = whole[begin : begin + window]
            values.append(np.ascontiguousarray(piece[:, :-1]))
            names.append(f"{name} {begin + 1}-{begin + len(piece)}".strip())
            steps.append(piece[:, -1].astype(np.int64))
            recording.append(number)
    found = Sequences(
        values,
        tuple(names),
        tuple(f"window {name}" for name in names),
        np.array([s[0] for s in steps], dtype=np.int64),
        read.notes,
    )
    count = f"{len(read.values):,} recording{'s' * (len(read.values) != 1)}"
    notes = [f"{count} cut into {len(values):,} windows of {window} rows, {hop} rows apart"]
    if short:
        notes.append(f"{short:,} recording{'s are' if short > 1 else ' is'} shorter than a window, and one as a whole")
    return Windows(found, steps, np.array(recording, dtype=np.int64), tuple(notes))
