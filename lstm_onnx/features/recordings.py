"""Recordings: tables with a row for each step, with a label beside each row; and how they are cut in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl
from pydantic import ConfigDict, Field

from lstm_onnx.contract import Array, Table
from lstm_onnx.data.columns import called
from lstm_onnx.data.folds import HELD_OUT, current_fold, must_validate
from lstm_onnx.data.labelled import Labels, labelled_sequences
from lstm_onnx.data.parts import Part
from lstm_onnx.data.table_options import Columns, TableOptions
from lstm_onnx.data.tables import is_numeric
from lstm_onnx.data.timestamps import require_asked
from lstm_onnx.errors import UserError

_TIME = ("time", "timestamp", "date", "datetime", "t", "step", "tick")
_SEQUENCE = ("sequence", "recording", "series", "machine", "case", "unit")
_SEQUENCES = (*_SEQUENCE, *(f"{name}_id" for name in _SEQUENCE))


class RecordingOptions(TableOptions):
    """Roles of the columns of recordings: a task's `Config` may inherit them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: tuple[str, ...] = Field((), description="columns of numbers to look at; all without another role")
    time: str | None = Field(None, description="column that orders the rows; as they stand without it")
    sequence: Columns = Field(
        (), description="column that tells recordings apart, or those that do together; the table is one without it"
    )
    ignore: tuple[str, ...] = Field((), description="columns to leave out")
    test_file: str | None = Field(None, description="file of examples to score; X_TEST beside X_TRAIN is found")


OptionsT = TypeVar("OptionsT", bound=RecordingOptions)


@dataclass(frozen=True)
class Recording:
    """One recording.

    Attributes:
        name: what the column of sequences says, "" for the only one.
        values: float32 (steps, columns), NaN where missing.
        labels: of each step, None where there is none.
    """

    name: str
    values: Array
    labels: list[str | None]


def find_channels(frame: pl.DataFrame, where: Path, config: OptionsT, label: str | None) -> tuple[OptionsT, str]:
    """Take the columns that were asked for, and find the others by their names and by what they hold.

    Args:
        frame: the table.
        where: its file, for errors.
        config: what a person chose.
        label: the column of labels, which has a role already.

    Returns:
        the options with what was found, and a line that says it.

    Raises:
        UserError: a column is not there, or none is left to look at.
    """
    for option in ("time", "sequence", "channels", "ignore"):
        chosen = getattr(config, option)
        for column in (chosen,) if isinstance(chosen, str) else chosen or ():
            require_asked(frame, column, where, f"--{option}")
    free = frame.select(c for c in frame.columns if c not in {*config.channels, *config.ignore, label})
    named = called(free, _SEQUENCES)
    sequence = config.sequence or ((named,) if named is not None else ())
    time = config.time or called(free, _TIME)
    channels = config.channels or tuple(
        c for c in free.columns if c not in (*sequence, time) and is_numeric(frame.get_column(c))
    )
    if not channels:
        raise UserError(f"{where}: no column of numbers is left to look at; there is: {', '.join(frame.columns[:20])}")
    told = f"looks at {', '.join(map(repr, channels[:8]))}{' …' if len(channels) > 8 else ''}"
    told += f", rows in the order of '{time}'" if time else ", rows as they stand"
    told += f", recordings by {' and '.join(map(repr, sequence))}" if sequence else ""
    return config.model_copy(update={"sequence": sequence, "time": time, "channels": channels}), told


def recording_roles(config: RecordingOptions, label: str | None) -> dict[str, tuple[str, str | None]]:
    """Say what each column is for, as `Understanding.settle` wants it, where `find_channels` has found the roles."""
    roles: dict[str | None, tuple[str, str | None]] = dict.fromkeys(config.channels, ("channel", "number"))
    roles |= {config.time: ("time", None), label: ("label", "category")}
    roles |= dict.fromkeys(config.sequence, ("recording", "id"))
    return {column: role for column, role in roles.items() if column is not None}


def read_recordings(
    frame: pl.DataFrame, where: Path, config: RecordingOptions, label: str | None
) -> tuple[list[Recording], tuple[str, ...]]:
    """Read the recordings of a table, whose roles are found, and a line for each thing that was repaired."""
    read, labels = labelled_sequences(
        frame,
        where,
        sequence=config.sequence,
        time=config.time,
        columns=config.channels,
        labels=[label] if label else [],
    )
    blank: Labels = [[None] * len(v) for v in read.values]
    beside = labels[label] if label else blank
    found = [Recording(n, v, told) for n, v, told in zip(read.names, read.values, beside, strict=True)]
    return found, read.notes


def table_of_recordings(config: RecordingOptions, others: tuple[str, ...]) -> Table:
    """Say how the table of recordings, whose roles are found, is read; `others` are columns that are no input."""
    first = config.sequence[0] if config.sequence else None
    return Table(time=config.time, series=first, series_with=config.sequence[1:], others=others)


def cut_in_time(
    lengths: Sequence[int], window: int, shares: tuple[float, float], overlap: int = 1
) -> list[tuple[int, slice, Part]]:
    """Cut recordings: pieces of the first rows to learn from, the rows after them to validate, the last ones to test.

    Args:
        lengths: steps of each recording.
        window: steps of a piece to learn from.
        shares: of the rows of a recording that are kept for the test, and of the others for validation; may be 0.
        overlap: in how many pieces a row stands.

    Returns:
        the number of the recording, the rows and the part of each piece; test and validation are not cut further.
    """
    found: list[tuple[int, slice, Part]] = []
    fold = current_fold()
    for number, length in enumerate(lengths):
        if fold is not None:  # rolling origins: all folds together test the share, each what comes before the next
            newest = length * shares[0] / fold.count
            length = round(length - newest * fold.after)
            end = round(length - newest)
        else:
            end = round(length * (1 - shares[0]))
        middle = round(end * (1 - (shares[1] or (HELD_OUT if must_validate() else 0))))
        for begin in range(0, max(1, middle - window // 2), max(1, window // overlap)):
            found.append((number, slice(begin, min(begin + window, middle)), "train"))
        found.append((number, slice(middle, end), "validation"))
        found.append((number, slice(end, length), "test"))
    return [piece for piece in found if piece[1].start < piece[1].stop]
