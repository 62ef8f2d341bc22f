"""From a person's data to the inputs of a graph, by its contract alone.

The newest rows up to the forecast origin (the last row with a known target) fill the inputs that look back, the rows
after it those that look ahead. Knows neither torch nor any plugin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.column_reading import LEFT_OUT
from lstm_onnx.contract import (
    Array,
    Axis,
    ColumnsSource,
    Contract,
    LengthsSource,
    StaticSource,
    Step,
    Table,
    TensorSpec,
    TimeSource,
)
from lstm_onnx.data.arrays import ARRAY_FORMATS, check_inputs, load_arrays
from lstm_onnx.data.frequency import advance, moment_text, step_text
from lstm_onnx.data.gathering import rules_of
from lstm_onnx.data.tables import Floats, is_numeric, require_all
from lstm_onnx.data.text_facts import reading_notes
from lstm_onnx.data.text_files import load_json
from lstm_onnx.data.time_series import Regular, regular_series, wide_series
from lstm_onnx.errors import UserError
from lstm_onnx.inference.cell_inputs import cell_columns, read_row_inputs
from lstm_onnx.inference.contract_table import contract_frame
from lstm_onnx.inference.image_inputs import image_input
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.sequence_inputs import (
    is_no_table,
    padded_axes,
    read_sequence_inputs,
    read_text_inputs,
    takes_sequences,
    takes_texts,
)
from lstm_onnx.inference.series_windows import (
    Window,
    every_window,
    newest_windows,
    note_ended,
    note_rest,
    without_ended,
)
from lstm_onnx.inference.sound_inputs import read_sound_inputs, sound_input


def read_inputs(contract: Contract, data: pl.DataFrame | Path, every: int | None = None) -> ModelInputs:
    """Read a table (or, where the inputs are no columns of a table, arrays by name) into the inputs.

    Args:
        contract: of the file that is to run.
        data: a table; a file with one; or a `.npz` or `.json` file of arrays.
        every: of series, take the windows that end so many rows apart, too; None for the newest of each alone.

    Raises:
        UserError: the data does not fit the contract; says what is missing or wrong, where, and what to do.
    """
    where = "the table"
    if not isinstance(data, pl.DataFrame):
        where = str(data)
        if holds_arrays(data):
            if every is not None:
                refuse_no_windows(contract, every, are_arrays=True)
            try:
                return ModelInputs(check_inputs(contract, load_arrays(data)))
            except UserError as error:
                text = str(error)
                raise UserError(text if text.startswith(where) else f"{where}: {text}") from None
    if sound_input(contract) is not None:
        return read_sound_inputs(contract, data, where)
    if image_input(contract) is not None:
        raise UserError(f"{where}: this model takes pictures; give one, a folder of them, or arrays in an .npz file")
    _refuse_sourceless(contract, where)
    if is_no_table(contract, data):
        assert isinstance(data, Path)
        read = read_sequence_inputs if takes_sequences(contract) else read_text_inputs
        return read(contract, data, where)
    frame, notes = contract_frame(contract, data, where)
    found = _from_frame(contract, frame, where, every)
    return replace(found, notes=(*reading_notes(where), *notes, *found.notes))


def _from_frame(contract: Contract, frame: pl.DataFrame, where: str, every: int | None) -> ModelInputs:
    if takes_sequences(contract):
        return read_sequence_inputs(contract, frame, where)
    if takes_texts(contract):
        return read_text_inputs(contract, frame, where)
    if cell_columns(contract):
        return read_row_inputs(contract, frame, where)
    return _from_table(contract, frame, where, every)


def refuse_no_windows(contract: Contract, every: int, are_arrays: bool) -> None:
    """Refuse to take windows of what has none.

    Raises:
        UserError: the model answers for no series, arrays are asked, or the windows are no row apart.
    """
    if every < 1:
        raise UserError(f"every: must be at least 1 row, and is {every}")
    others = takes_sequences(contract) or takes_texts(contract) or bool(cell_columns(contract))
    if others or image_input(contract) or sound_input(contract) or not target_columns(contract):
        raise UserError("--every: is for models of time series, which answer for windows of rows; leave it out")
    if are_arrays:
        raise UserError("--every: arrays are windows that are cut already; leave it out, or give a table")


def holds_arrays(path: Path) -> bool:
    """Whether a file holds arrays by name, and no table."""
    suffix = path.suffix.lower()
    return suffix == ".npz" or (suffix == ".json" and path.is_file() and isinstance(load_json(path), dict))


def target_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns whose last known value is the forecast origin.

    These are the past columns that an output gives the future of, or that label an axis of an output; where neither
    says anything, all past columns that are not known ahead.
    """
    past = _named(contract, "past")
    ahead = [c for t in contract.outputs if isinstance(t.source, ColumnsSource) for c in t.source.columns]
    labels = [label for t in contract.outputs for d in t.dims for label in contract.axes[d].labels or ()]
    for candidates in (ahead, labels):
        found = tuple(c for c in past if c in candidates)
        if found:
            return found
    return tuple(c for c in past if c not in _named(contract, "future")) or past


def _named(contract: Contract, rows: str) -> tuple[str, ...]:
    """All columns that the inputs want of these rows, each once."""
    sources = [t.source for t in contract.inputs if isinstance(t.source, ColumnsSource) and t.source.rows == rows]
    return tuple(dict.fromkeys(c for s in sources for c in s.columns))


def _refuse_sourceless(contract: Contract, where: str) -> None:
    told = padded_axes(contract)
    bare = [
        t
        for t in contract.external_inputs
        if (t.source is None and t.default is None)
        or (isinstance(t.source, LengthsSource) and t.source.axis not in told)
    ]
    if bare:
        wanted = ", ".join(f"'{t.name}' ({', '.join(str(d) for d in contract.dims_of(t))})" for t in bare)
        raise UserError(
            f"{where}: this model does not read tables: its input{'s' * (len(bare) > 1)} {wanted} must be given as "
            f"arrays by name, in a file of type {' or '.join(ARRAY_FORMATS)}"
        )


def _from_table(contract: Contract, frame: pl.DataFrame, where: str, every: int | None) -> ModelInputs:
    table = contract.table or Table()
    sources = [t.source for t in contract.inputs]
    constants = tuple(dict.fromkeys(c for s in sources if isinstance(s, StaticSource) for c in s.columns))
    numbers = tuple(dict.fromkeys((*_named(contract, "past"), *_named(contract, "future"))))
    targets = target_columns(contract)
    wide = targets[0] if table.wide and targets else None
    _refuse_missing_columns(frame, where, table, [c for c in (*numbers, *constants) if c != wide])
    columns = tuple(dict.fromkeys((*numbers, *constants)))
    if wide is None:
        totals = [columns.index(c) for c in targets]
        read = regular_series(
            frame,
            where,
            time=table.times,
            columns=columns,
            series=table.ids,
            step=table.step,
            fixed=True,
            clock=table.clock,
            rules=rules_of(table.clock, totals) if table.clock is not None else None,
        )
    else:
        columns = (wide, *(c for c in columns if c != wide))
        read = _read_wide(frame, where, table, columns[1:])
    place = {c: i for i, c in enumerate(columns)}
    notes = list(read.notes)
    windows = newest_windows(read, [place[c] for c in targets], targets, where, notes)
    if every is None:
        windows = without_ended(windows, contract, notes)
        note_ended(windows, read.step, notes)
    else:
        windows = every_window(windows, every, contract, notes)
    builder = _InputBuilder(contract, windows, read.step, place, where, notes)
    arrays = {t.name: builder.make(t) for t in contract.inputs if t.source is not None}
    if every is None:
        note_rest(windows, contract, notes)
    names = tuple(window.series.name for window in windows)
    clock = read.clock if table.clock is not None else None
    ids = _ids(read, names)
    origins = None if every is None else np.array([int(w.series.time[w.origin]) for w in windows])
    arrays = check_inputs(contract, arrays)
    return ModelInputs(arrays, names, tuple(notes), table=frame, clock=clock, ids=ids, origins=origins)


def _ids(read: Regular, names: Sequence[str]) -> pl.DataFrame | None:
    """Return the columns that tell series apart as they were, a row for each of those that are answered."""
    if read.ids is None:
        return None
    place = {one.name: i for i, one in enumerate(read.series)}
    return read.ids[[place[name] for name in names]]


def _refuse_missing_columns(frame: pl.DataFrame, where: str, table: Table, columns: Sequence[str]) -> None:
    require_all(frame, [c for c in (*table.times, *table.ids, *columns) if c is not None], where)


def _read_wide(frame: pl.DataFrame, where: str, table: Table, shared: Sequence[str]) -> Regular:
    taken = {*table.times, *shared, *(r.column for r in table.columns or () if r.role == LEFT_OUT)}
    columns = [c for c in frame.columns if c not in taken and is_numeric(frame.get_column(c))]
    if not columns:
        raise UserError(f"{where}: no column of numbers is left to forecast; add the series, a column each")
    return wide_series(
        frame,
        where,
        time=table.times,
        columns=columns,
        shared=shared,
        step=table.step,
        fixed=True,
        clock=table.clock,
        rules=rules_of(table.clock, None) if table.clock is not None else None,
    )


@dataclass(frozen=True)
class _InputBuilder:
    """Makes the input arrays, one row of the batch for each window."""

    contract: Contract
    windows: list[Window]
    step: Step
    place: dict[str, int]
    where: str
    notes: list[str]

    def make(self, tensor: TensorSpec) -> Array:
        """Return the array of one input, (batch, …)."""
        source = tensor.source
        if isinstance(source, StaticSource):
            array: Array = np.stack([self._constants(window, source.columns) for window in self.windows])
        elif isinstance(source, TimeSource):
            array = self._clock(tensor, source.rows == "past")
        elif isinstance(source, ColumnsSource) and source.rows == "past":
            array = self._past(tensor, source.columns)
        elif isinstance(source, ColumnsSource):
            array = self._future(tensor, source.columns)
        else:
            raise ValueError(f"input '{tensor.name}' has no source")
        if tensor.dtype.startswith("int") and array.dtype.kind == "f" and np.isnan(array).any():
            raise UserError(
                f"{self.where}: input '{tensor.name}' takes whole numbers, and cells are missing; fill them"
            )
        return array.astype(tensor.dtype)

    def _constants(self, window: Window, columns: Sequence[str]) -> Floats:
        found = np.full(len(columns), np.nan)
        for i, column in enumerate(columns):
            cells = window.series.values[:, self.place[column]]
            known = np.unique(cells[~np.isnan(cells)])
            if len(known) > 1:
                of = f" of series '{window.series.name}'" if window.series.name else ""
                raise UserError(
                    f"{self.where}: column '{column}'{of} must have one value, and has {known[0]:g} and {known[1]:g}"
                )
            if len(known):
                found[i] = known[0]
        return found

    def _past(self, tensor: TensorSpec, columns: Sequence[str]) -> Floats:
        length = self._history(tensor.dims[-2])
        places = [self.place[c] for c in columns]
        array = np.full((len(self.windows), length, len(columns)), np.nan)
        for i, window in enumerate(self.windows):
            rows = window.series.values[max(0, window.rows - length) : window.rows, places]
            array[i, length - len(rows) :] = rows
        return array

    def _clock(self, tensor: TensorSpec, past: bool) -> Array:
        dim = tensor.dims[-1]
        steps = np.arange(1 - self._history(dim), 1) if past else np.arange(1, self._ahead(dim) + 1)
        origins = np.array([window.series.time[window.origin] for window in self.windows])
        return advance(origins[:, None], self.step, steps)

    def _history(self, dim: str) -> int:
        """Length of an axis of past rows: what there is, within what the model was trained on and can take."""
        axis = self.contract.axes[dim]
        longest = max(window.rows for window in self.windows)
        least = axis.size or axis.min
        if longest < axis.min and axis.size is None:
            raise UserError(
                f"{self.where}: the model needs at least {axis.min} rows of the past, and there are {longest} up to "
                "the newest known value; add older rows"
            )
        length = axis.size or max(min(longest, axis.example_size or longest, axis.max or longest), least)
        wanted = axis.example_size or 0
        few = f"{longest} row{'s' * (longest > 1)} of the past given, where the model looks at {wanted}"
        if axis.size is None and longest < wanted and not any(note.startswith(few) for note in self.notes):
            self.notes.append(f"{few}: the more there are, the better it answers")
        short = sum(window.rows < length for window in self.windows)
        of = f"{short:,} of {len(self.windows):,} series"
        note = f"{of} have fewer than {length} rows of the past; the rest is missing"
        if short and note not in self.notes:
            self.notes.append(note)
        return length

    def _ahead(self, dim: str) -> int:
        """Length of an axis of future rows: fixed, or what there is after the origin of every series."""
        axis: Axis = self.contract.axes[dim]
        if axis.size is not None:
            return axis.size
        there = min(len(window.series.time) - window.rows for window in self.windows)
        if there < axis.min:
            needed = axis.min
            raise UserError(
                f"{self.where}: {needed} rows after the newest known value are needed, and there are {there}"
            )
        return min(there, axis.max or there)

    def _future(self, tensor: TensorSpec, columns: Sequence[str]) -> Floats:
        length = self._ahead(tensor.dims[-2])
        array = np.full((len(self.windows), length, len(columns)), np.nan)
        for i, window in enumerate(self.windows):
            rows = window.series.values[window.rows : window.rows + length, [self.place[c] for c in columns]]
            array[i, : len(rows)] = rows
        if tensor.missing:
            array = self._partly_known(array, columns)
        else:
            self._refuse_unknown_future(array, columns)
        return array

    def _partly_known(self, array: Floats, columns: Sequence[str]) -> Floats:
        """Take what is known ahead of some rows alone, and say so; refuse where nothing is known of a column."""
        unknown = np.isnan(array)
        nothing = unknown.all(axis=1, keepdims=True)
        self._refuse_unknown_future(np.where(nothing, array, np.where(unknown, 0.0, array)), columns)
        if unknown.any():
            i, _, j = (int(n) for n in np.argwhere(unknown)[0])
            of = f" of series '{self.windows[i].series.name}'" if self.windows[i].series.name else ""
            known = int((~unknown[i, :, j]).sum())
            self.notes.append(
                f"column '{columns[j]}'{of} is known for {known} of the {array.shape[1]} rows ahead; the others "
                f"({int(unknown.sum()):,} cells in all) count as missing"
            )
        return array

    def _refuse_unknown_future(self, array: Floats, columns: Sequence[str]) -> None:
        unknown = np.isnan(array)
        if not unknown.any():
            return
        i, _, j = (int(n) for n in np.argwhere(unknown)[0])
        window, length = self.windows[i], array.shape[1]
        stamps = advance(window.series.time[window.origin : window.rows], self.step, np.arange(1, length + 1))
        first = int(stamps[int(np.flatnonzero(unknown[i, :, j])[0])])
        of = f" of series '{window.series.name}'" if window.series.name else ""
        more = int(unknown.sum()) - 1
        others = f" (and {more:,} more cells are missing)" if more else ""
        raise UserError(
            f"{self.where}: column '{columns[j]}'{of} has no value at {moment_text(first, self.step)}{others}; it must "
            f"be known for the {length} rows ahead, {moment_text(int(stamps[0]), self.step)} to "
            f"{moment_text(int(stamps[-1]), self.step)} every {step_text(self.step)}: add these rows, with the targets "
            "left empty"
        )
