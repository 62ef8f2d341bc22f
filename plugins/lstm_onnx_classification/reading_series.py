"""Sequences of numbers from `.ts` files, tables and `.npz` files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract import Table
from lstm_onnx.data.arrays import load_npz
from lstm_onnx.data.parts import Part
from lstm_onnx.data.sequences import block_sequences, long_sequences, wide_sequences
from lstm_onnx.data.tables import row_number
from lstm_onnx.data.ucr_format import channel_names, read_ts
from lstm_onnx.errors import UserError
from lstm_onnx_classification.cells import cells, has_cell, part_names, refuse_changes
from lstm_onnx_classification.columns import LABELS, Roles, wide_columns
from lstm_onnx_classification.examples import Examples, RawExamples, StepArray, joined
from lstm_onnx_classification.labels import OnBad
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading_texts import SKIP, left_out

Array = NDArray[Any]

_VALUES, _LENGTHS, _LABELS, _CHANNELS = "values", "lengths", "labels", "channels"


def read_ts_file(path: Path, config: Config) -> RawExamples:
    """Read a `.ts` file."""
    if config.group or config.split:
        option = "--group" if config.group else "--split"
        raise UserError(f"{path}: has no columns, so there is none for {option}; leave it out, or give a table")
    found = read_ts(path)
    if found.labels is None:
        raise UserError(f"{path}: has no classes ('@classLabel false'); give a file with them to learn from")
    if not found.classes:
        raise UserError(f"{path}: has numbers to predict (@targetLabel), and classes are needed (@classLabel)")
    places = [f"{path}: line {n}" for n in found.lines]
    return RawExamples(
        Examples(found.sequences, found.labels, places),
        channels=found.channels,
        table=_table_of_arrays(len(found.channels)),
        named=found.classes,
        notes=found.notes,
    )


def read_series_table(frame: pl.DataFrame, where: Path, roles: Roles, on_missing: OnBad = "stop") -> RawExamples:
    """Read a table of sequences, a row for each or a row for each step."""
    channels: tuple[str, ...]
    if roles.blocks:
        found = block_sequences(frame, where, roles.blocks)
        channels = tuple(roles.blocks)
        blocks = {name: tuple(columns) for name, columns in roles.blocks.items()}
        name = roles.ids[0] if roles.ids else None
        table = Table(steps=True, blocks=blocks, series=name, others=roles.others)
    elif roles.wide:
        steps = list(roles.channels) or wide_columns(frame, (*roles.others, *roles.ids))
        found = wide_sequences(frame, where, steps)
        channels = channel_names(1)
        table = Table(steps=True, series=roles.ids[0] if roles.ids else None, others=roles.others)
    else:
        found = long_sequences(frame, where, sequence=roles.ids, time=roles.time, columns=roles.channels)
        for column in roles.known:
            refuse_changes(frame, roles.ids, column, where)
        channels = roles.channels
        others = tuple(c for c in roles.known if c not in roles.ids)
        table = Table(time=roles.time, series=roles.ids[0], series_with=roles.ids[1:], others=others)
    rows, values, places, notes = found.rows.tolist(), found.values, found.places, found.notes
    if on_missing == "skip":
        there = np.flatnonzero(has_cell(frame, roles.label, where, rows))
        notes += left_out(where, np.delete(found.rows, there), "without a label")
        rows, values, places = ([column[i] for i in there] for column in (rows, values, places))  # type: ignore[assignment]
        if not rows:
            raise UserError(f"{where}: no row has a label in column '{roles.label}'")
    parts = None
    if roles.split is not None:
        numbers = [row_number(where, i) for i in rows]
        parts = part_names(cells(frame, roles.split, where, "part", rows), roles.split, numbers, where)
    return RawExamples(
        Examples(
            values,
            cells(frame, roles.label, where, "class", rows, f"fill it in, delete the row, or {SKIP}"),
            [f"{where}: {place}" for place in places],
            cells(frame, roles.group, where, "group", rows) if roles.group else None,
        ),
        parts=parts,
        channels=channels,
        table=table,
        notes=notes,
    )


def read_npz(path: Path, config: Config) -> RawExamples:
    """Read arrays: `values` (example, time, channel) or (example, time), `labels`, and perhaps `lengths`.

    `test_values` and so on are the test examples, `validation_values` those for validation; `channels` names the
    channels, and an array called as `config.group` says holds the group of each example.
    """
    if config.split:
        raise UserError(
            f"{path}: has no columns, so there is none for --split; give the test examples as 'test_values' and "
            "'test_labels'"
        )
    arrays = load_npz(path)
    read: list[Examples] = []
    parts: list[Part] = []
    prefixes: tuple[tuple[Part, str], ...] = (("train", ""), ("validation", "validation_"), ("test", "test_"))
    for part, prefix in prefixes:
        if part == "train" or prefix + _VALUES in arrays:
            one = _labelled(arrays, prefix, config.group, path)
            read.append(one)
            parts += [part] * len(one)
    channels = _channels(arrays, read, path)
    return RawExamples(
        joined(read),
        parts=tuple(parts) if len(read) > 1 else None,
        channels=channels,
        table=_table_of_arrays(len(channels)),
        notes=_order_of_axes(arrays),
    )


def _order_of_axes(arrays: dict[str, Array]) -> tuple[str, ...]:
    """Say how the axes were taken, where there are more channels than steps, and nothing names them."""
    values = arrays[_VALUES]
    if values.ndim != 3 or values.shape[1] >= values.shape[2] or _CHANNELS in arrays:
        return ()
    steps, channels = values.shape[1:]
    return (
        f"'{_VALUES}' is read as (example, time, channel): {steps} steps of {channels} channels; if the axes are "
        f"(example, channel, time), swap the last two, or name the channels by an array '{_CHANNELS}' if they are not",
    )


def _table_of_arrays(channels: int) -> Table:
    """How `predict` may read a table for a model of data that was none."""
    return Table(steps=True, series="id", others=LABELS) if channels == 1 else Table(series="sequence")


def _array(arrays: dict[str, Array], name: str, path: Path) -> Array:
    if name not in arrays:
        raise UserError(f"{path}: has no array '{name}'; there is: {', '.join(arrays) or 'nothing'}")
    return arrays[name]


def _labelled(arrays: dict[str, Array], prefix: str, group: str | None, path: Path) -> Examples:
    name = prefix + _VALUES
    values = _array(arrays, name, path)
    if values.dtype.kind not in "fiub" or values.ndim not in (2, 3):
        raise UserError(
            f"{path}: '{name}' is {values.dtype} {values.shape}, and must be numbers of shape (example, time, channel)"
        )
    values = values[:, :, None] if values.ndim == 2 else values
    if 0 in values.shape:
        raise UserError(f"{path}: '{name}' has the shape {values.shape}; give one example, step and channel at least")
    with np.errstate(over="ignore"):  # beyond float32 is infinite, which counts as missing
        values = values.astype(np.float32)
    values[np.isinf(values)] = np.nan
    lengths = _lengths(arrays, prefix, values, path)
    labels = _texts(arrays, prefix + _LABELS, len(values), path)
    items: list[StepArray] = [row[:length].copy() for row, length in zip(values, lengths, strict=True)]
    places = [f"{path}: {name}[{i}]" for i in range(len(values))]
    return Examples(items, labels, places, _texts(arrays, prefix + group, len(values), path) if group else None)


def _lengths(arrays: dict[str, Array], prefix: str, values: Array, path: Path) -> list[int]:
    name = prefix + _LENGTHS
    if name not in arrays:
        return [values.shape[1]] * len(values)
    lengths = arrays[name]
    if lengths.dtype.kind not in "iu" or lengths.shape != (len(values),):
        raise UserError(
            f"{path}: '{name}' is {lengths.dtype} {lengths.shape}, and must be whole numbers of shape ({len(values)},)"
        )
    wrong = np.flatnonzero((lengths < 1) | (lengths > values.shape[1]))
    if len(wrong):
        at = int(wrong[0])
        more = f" (and {len(wrong) - 1:,} more are out of bounds)" if len(wrong) > 1 else ""
        raise UserError(
            f"{path}: {name}[{at}] is {lengths[at]}{more}, and a length must be from 1 to {values.shape[1]}; correct "
            "it, or leave the example out"
        )
    return [int(n) for n in lengths]


def _texts(arrays: dict[str, Array], name: str, count: int, path: Path) -> list[str]:
    found = _array(arrays, name, path)
    if found.shape != (count,) or found.dtype.kind not in "iufbUS":
        raise UserError(
            f"{path}: '{name}' is {found.dtype} {found.shape}, and must be text or numbers of shape ({count},)"
        )
    texts = [v.decode(errors="replace") if isinstance(v, bytes) else f"{v:g}" if isinstance(v, float) else str(v)
             for v in found.tolist()]  # fmt: skip
    missing = [i for i, text in enumerate(texts) if text.strip() in ("", "nan")]
    if missing:
        raise UserError(f"{path}: {name}[{missing[0]}] is empty; fill it in, or leave the example out")
    return [text.strip() for text in texts]


def _channels(arrays: dict[str, Array], read: list[Examples], path: Path) -> tuple[str, ...]:
    counts = [one.items[0].shape[1] for one in read]  # type: ignore[union-attr]
    for one, count in zip(read, counts, strict=True):
        if count != counts[0]:
            raise UserError(f"{one.places[0]}: has {count} channels, and 'values' has {counts[0]}; give all the same")
    if _CHANNELS not in arrays:
        return channel_names(counts[0])
    names = tuple(str(name) for name in arrays[_CHANNELS].ravel())
    if len(names) != counts[0]:
        raise UserError(f"{path}: '{_CHANNELS}' has {len(names)} names for {counts[0]} channels; name each once")
    return names
