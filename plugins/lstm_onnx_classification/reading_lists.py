"""Tables whose cells are whole sequences, as frames of arrays are."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from lstm_onnx.contract import Table
from lstm_onnx.data.columns import called
from lstm_onnx.data.list_columns import list_columns, list_sequences
from lstm_onnx.data.parts import split_column
from lstm_onnx.data.tables import require
from lstm_onnx.errors import UserError
from lstm_onnx_classification.cells import cells, part_names
from lstm_onnx_classification.columns import LABELS
from lstm_onnx_classification.examples import Examples, RawExamples
from lstm_onnx_classification.options import Config


def holds_lists(frame: pl.DataFrame, config: Config) -> bool:
    """Whether a table is one of sequences in cells."""
    label = config.label or called(frame, LABELS)
    channels = [c for c in list_columns(frame) if c != label]
    return not config.text and bool(channels) and set(config.channels) <= set(channels)


def read_lists(frame: pl.DataFrame, where: Path, config: Config) -> RawExamples:
    """Read a row as an example, a column of lists for each channel.

    Raises:
        UserError: no column holds the classes, or lists do not fit each other.
    """
    label = config.label or called(frame, LABELS)
    if label is None:
        raise UserError(f"{where}: no column is called {', '.join(LABELS)}; name that of the classes with --label")
    for option, column in (("--label", label), ("--group", config.group), ("--split", config.split)):
        if column is not None:
            require(frame, column, where, option)
    channels = config.channels or tuple(c for c in list_columns(frame) if c != label)
    found = list_sequences(frame, where, channels)
    split = config.split or split_column(frame)
    known = tuple(c for c in (label, config.group, split) if c is not None)
    rest = [c for c in frame.columns if c not in (*known, *channels)]
    numbers = found.rows.tolist()
    notes = (
        f"a row is a sequence: its channels are the lists in {', '.join(repr(c) for c in channels[:8])}",
        *((f"not used: {', '.join(repr(c) for c in rest[:5])}",) if rest else ()),
    )
    return RawExamples(
        Examples(
            found.values,
            cells(frame, label, where, "class"),
            [f"{where}: {place}" for place in found.places],
            cells(frame, config.group, where, "group") if config.group else None,
        ),
        parts=part_names(cells(frame, split, where, "part"), split, numbers, where) if split else None,
        channels=channels,
        table=Table(others=known),
        config=config.model_copy(update={"label": label, "channels": channels}),
        notes=notes,
    )
