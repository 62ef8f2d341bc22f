"""From whole sequences or texts to the inputs of a graph, by its contract alone.

For contracts whose inputs are all rows of a sequence (`ColumnsSource(rows="all")`) or texts (`TextSource`): each
example is padded at its end to the longest of the batch, and an input of `LengthsSource` says how much of it counts.
Single cells may come beside them (`CellSource`), and other texts: of a text's row, or of the first row of a sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.column_reading import STEP
from lstm_onnx.contract import Array, ColumnsSource, Contract, LengthsSource, Table, TensorSpec, TextSource
from lstm_onnx.data.arrays import check_inputs
from lstm_onnx.data.list_columns import list_columns, list_sequences
from lstm_onnx.data.sequences import Sequences, block_sequences, long_sequences, wide_sequences
from lstm_onnx.data.tables import (
    check_readable,
    is_numeric,
    require,
    require_all,
    row_number,
)
from lstm_onnx.data.text_files import read_lines
from lstm_onnx.data.ucr_format import SUFFIX, read_ts
from lstm_onnx.data.windows import cut_windows
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.inference.batches import CELLS, apart
from lstm_onnx.inference.cell_inputs import cell_columns, read_cells
from lstm_onnx.inference.contract_table import contract_frame
from lstm_onnx.inference.model_inputs import ModelInputs

_LINES = ".txt"
_NAME = 32_767
"""A text that names its answer is cut to so many letters: what a cell of a spreadsheet holds."""


def padded_axes(contract: Contract) -> set[str]:
    """Name the axes along which examples are padded: the lengths along them can be told from a table."""
    found = set()
    for tensor in contract.inputs:
        if isinstance(tensor.source, ColumnsSource) and tensor.source.rows == "all" and len(tensor.dims) > 1:
            found.add(tensor.dims[-2])
        elif isinstance(tensor.source, TextSource) and len(tensor.dims) > 1:
            found.add(tensor.dims[-1])
    return found


def takes_sequences(contract: Contract) -> bool:
    """Whether the inputs are whole sequences."""
    return any(isinstance(t.source, ColumnsSource) and t.source.rows == "all" for t in contract.inputs)


def takes_texts(contract: Contract) -> bool:
    """Whether the inputs are texts."""
    return any(isinstance(t.source, TextSource) for t in contract.inputs)


def is_no_table(contract: Contract, data: pl.DataFrame | Path) -> bool:
    """Whether a file holds sequences or texts without being a table."""
    if isinstance(data, pl.DataFrame):
        return False
    suffix = data.suffix.lower()
    return (suffix == SUFFIX and takes_sequences(contract)) or (
        suffix == _LINES and takes_texts(contract) and not takes_sequences(contract)
    )


def read_sequence_inputs(contract: Contract, data: pl.DataFrame | Path, where: str) -> ModelInputs:
    """Read whole sequences into the inputs.

    Args:
        contract: of the file that is to run.
        data: a table as the contract's `table` says: a row for each sequence (`steps`), or for each step, where one
            without the column of `series` is one sequence; a file with one; or a `.ts` file, whose dimensions are the
            channels in their order.
        where: the file, for errors.

    Raises:
        UserError: the data does not fit the contract; says what is missing or wrong, where, and what to do.
    """
    columns = tuple(
        dict.fromkeys(c for t in contract.inputs if isinstance(t.source, ColumnsSource) for c in t.source.columns)
    )
    cells: dict[str, Array] = {}
    levels: dict[str, Array] = {}
    notes: tuple[str, ...] = ()
    question: pl.DataFrame | None = None
    if isinstance(data, Path) and data.suffix.lower() == SUFFIX:
        _refuse_cells(contract, data)
        _refuse_words(contract, data)
        read = _from_ts(data, columns)
    else:
        question = frame = _frame(contract, data, where)
        table = contract.table or Table()
        frame, levels = _words_as_numbers(contract, frame, where)
        if set(columns) <= set(list_columns(frame)):
            read = list_sequences(frame, where, columns)
        else:
            read = _from_wide(frame, where, contract) if table.steps else _from_long(frame, where, table, columns)
        cells, notes = read_cells(contract, frame, where, read.rows)
    place = {c: i for i, c in enumerate(columns)}
    sizes = _Sizes(contract, where, [len(v) for v in read.values], read.places, "step")
    arrays = {}
    for tensor in contract.inputs:
        if isinstance(tensor.source, ColumnsSource):
            chosen = [place[c] for c in tensor.source.columns]
            rows: list[Array] = [v[:, chosen] for v in read.values]
            if tensor.dtype == "string":
                rows = [levels[tensor.source.columns[0]][row.astype(np.int64)] for row in rows]
            arrays[tensor.name] = sizes.rows(tensor, tensor.dims[-2], rows)
        elif isinstance(tensor.source, LengthsSource):
            arrays[tensor.name] = sizes.lengths(tensor, tensor.source)
    notes = (*read.notes, *notes)
    steps = tuple(read.steps) if read.steps is not None else None
    found = _checked(contract, arrays | cells)
    return ModelInputs(found, read.names, notes, table=question, rows=read.rows, steps=steps, ids=read.ids)


def _word_columns(contract: Contract) -> tuple[str, ...]:
    """Name the columns of which a step has a word."""
    sources = [t.source for t in contract.inputs if t.dtype == "string" and isinstance(t.source, ColumnsSource)]
    return tuple(s.columns[0] for s in sources)


def _words_as_numbers(contract: Contract, frame: pl.DataFrame, where: str) -> tuple[pl.DataFrame, dict[str, Array]]:
    """Put numbers in the place of words, so that steps are read and sorted by one rule; and return the words."""
    levels: dict[str, Array] = {}
    for column in _word_columns(contract):
        require(frame, column, where)
        if frame.get_column(column).dtype.is_nested():
            kind = frame.get_column(column).dtype
            raise UserError(f"{where}: column '{column}' holds {kind}, where a word is needed at each step")
        words = frame.get_column(column).cast(pl.String).fill_null("").to_list()
        known = {word: number for number, word in enumerate(dict.fromkeys(words))}
        levels[column] = np.array(list(known), dtype=object)
        numbers = pl.Series(column, [known[word] for word in words], dtype=pl.Float64)
        frame = frame.with_columns(numbers)
    return frame, levels


def _refuse_words(contract: Contract, data: Path) -> None:
    if columns := _word_columns(contract):
        raise UserError(f"{data}: holds numbers alone, and the model takes words in '{columns[0]}'; give a table")


def _refuse_cells(contract: Contract, data: Path, besides: str | None = None) -> None:
    texts = [t.source.column for t in contract.inputs if isinstance(t.source, TextSource)]
    if columns := [*cell_columns(contract), *(c for c in texts if c != besides)]:
        raise UserError(f"{data}: has no column '{columns[0]}', which the model takes; give a table with it")


def read_text_inputs(contract: Contract, data: pl.DataFrame | Path, where: str) -> ModelInputs:
    """Read texts into the inputs: strings, or their UTF-8 bytes padded with 0. A text may be empty.

    Args:
        contract: of the file that is to run.
        data: a table with the column that the contract names; a file with one; or a `.txt` file with a text in each
            line.
        where: the file, for errors.

    Raises:
        UserError: the data does not fit the contract; says what is missing or wrong, where, and what to do.
    """
    source = next(t.source for t in contract.inputs if isinstance(t.source, TextSource))
    column = source.column
    others: dict[str, Array] = {}
    question: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()
    if isinstance(data, Path) and data.suffix.lower() == _LINES:
        _refuse_cells(contract, data, column)
        texts, first = _lines(data, _encoding(contract)), 1
    else:
        question = frame = _frame(contract, data, where)
        texts, first = _cells(frame, column, where), row_number(where, 0)
        others, notes = read_cells(contract, frame, where, np.arange(frame.height, dtype=np.int64), column)
    encoded = [np.frombuffer(text.encode(), dtype=np.uint8) for text in texts]
    places = tuple(f"row {first + i}" for i in range(len(texts)))
    sizes = _Sizes(contract, where, [len(row) for row in encoded], places, "byte")
    arrays: dict[str, Array] = {}
    for tensor in contract.inputs:
        if isinstance(tensor.source, TextSource):
            whole = tensor.dtype == "string"
            strings = np.array(texts, dtype=object)
            arrays[tensor.name] = strings if whole else sizes.rows(tensor, tensor.dims[-1], encoded)
        elif isinstance(tensor.source, LengthsSource):
            arrays[tensor.name] = sizes.lengths(tensor, tensor.source)
    if long := sum(len(text) > _NAME for text in texts):
        notes += (f"{long:,} text{'s' * (long > 1)} of more than {_NAME:,} letters stand cut beside the answers",)
    empty = 0 if source.may_be_empty else sum(not text.strip() for text in texts)
    notes += (f"{empty:,} text{'s are' if empty > 1 else ' is'} empty",) if empty else ()
    rows = np.arange(len(texts))
    return ModelInputs(_checked(contract, arrays | others), tuple(map(_name, texts)), notes, table=question, rows=rows)


def _checked(contract: Contract, arrays: dict[str, Array]) -> dict[str, Array]:
    """Hold arrays to the contract; where examples lie apart, that is done with each batch."""
    apart_in = [t.name for t in contract.inputs if t.dtype != "string" and arrays.get(t.name, _NONE).dtype == object]
    return arrays if apart_in else check_inputs(contract, arrays)


_NONE = np.zeros(0)


def _encoding(contract: Contract) -> str | None:
    return contract.table.encoding if contract.table is not None else None


def _frame(contract: Contract, data: pl.DataFrame | Path, where: str) -> pl.DataFrame:
    return data if isinstance(data, pl.DataFrame) else contract_frame(contract, data, where)[0]


def _cells(frame: pl.DataFrame, column: str, where: str) -> list[str]:
    require(frame, column, where)
    cells = frame.get_column(column)
    if cells.dtype.is_nested():
        raise UserError(
            f"{where}: column '{column}' holds {cells.dtype}, where text is needed; give a text in each cell"
        )
    return cells.cast(pl.String).fill_null("").to_list()


def _from_ts(path: Path, columns: Sequence[str]) -> Sequences:
    found = read_ts(path)
    if len(found.channels) != len(columns):
        raise UserError(
            f"{path}: has {len(found.channels)} dimension{'s' * (len(found.channels) != 1)}, and the model takes "
            f"{len(columns)}: {', '.join(columns[:8])}{' …' if len(columns) > 8 else ''}"
        )
    count = len(found.sequences)
    return Sequences(
        found.sequences,
        tuple(str(i + 1) for i in range(count)),
        tuple(f"line {n}" for n in found.lines),
        np.arange(count, dtype=np.int64),
    )


def _from_wide(frame: pl.DataFrame, where: str, contract: Contract) -> Sequences:
    table = contract.table or Table()
    steps = [r.column for r in table.columns or () if r.role == STEP]
    if table.blocks is not None:
        require_all(frame, [c for own in table.blocks.values() for c in own], where)
        read = block_sequences(frame, where, table.blocks)
        return _named_rows(read, frame, table)
    if steps:
        columns, notes = _steps_by_name(frame, where, steps)
    else:
        taken = (table.series, *table.others, *cell_columns(contract))
        columns = [c for c in frame.columns if c not in taken and is_numeric(frame.get_column(c))]
        notes = ()
    if not columns:
        raise UserError(f"{where}: no column holds numbers; give a row for each sequence, with its steps in columns")
    read = wide_sequences(frame, where, columns)
    return _named_rows(replace(read, notes=(*notes, *read.notes)), frame, table)


def _named_rows(read: Sequences, frame: pl.DataFrame, table: Table) -> Sequences:
    if table.series is None or table.series not in frame.columns:
        if table.series is not None and table.columns is not None:
            gone = f"there is no column '{table.series}', so answers go by the number of their row"
            return replace(read, notes=(*read.notes, f"{gone}{_near(table.series, frame)}"))
        return read
    names = frame.get_column(table.series).cast(pl.String).fill_null("").to_list()
    return Sequences(read.values, tuple(names), read.places, read.rows, read.notes)


def _near(word: str, frame: pl.DataFrame) -> str:
    hint = nearest(word, frame.columns)
    return hint if "did you mean" in hint else ""


def _steps_by_name(frame: pl.DataFrame, where: str, steps: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the steps of training in their order; the last of them may be missing, as sequences may be shorter."""
    there = [c for c in steps if c in frame.columns]
    if there == list(steps):
        return there, ()
    if not there:
        raise UserError(
            f"{where}: none of the {len(steps)} steps of training is there, '{steps[0]}' to '{steps[-1]}'"
            f"{nearest(steps[0], frame.columns)}; name them as in training"
        )
    if there != list(steps[: len(there)]):
        gone = [c for c in steps[: steps.index(there[-1])] if c not in there]
        more = f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""
        raise UserError(
            f"{where}: there is no column '{gone[0]}'{more}, a step of training{nearest(gone[0], frame.columns)}"
        )
    gone = list(steps[len(there) :])
    return there, (f"no columns '{gone[0]}' to '{gone[-1]}': all sequences have {len(there)} steps at most",)


def _from_long(frame: pl.DataFrame, where: str, table: Table, columns: Sequence[str]) -> Sequences:
    sequence = [c for c in table.ids if c in frame.columns]
    require_all(frame, [*columns, *(table.ids if sequence else ())], where)
    time = table.time if table.time in frame.columns else None
    notes = []
    if table.series and not sequence:
        notes.append(f"there is no column '{table.series}', so all rows are taken for one sequence")
    if table.time and not time:
        notes.append(f"there is no column '{table.time}', so steps are taken in the order in which they stand")
    if table.window is not None:
        hop = table.hop or table.window
        cut = cut_windows(frame, where, sequence=sequence, time=time, columns=columns, window=table.window, hop=hop)
        read = cut.sequences
        return Sequences(read.values, read.names, read.places, read.rows, (*notes, *cut.notes, *read.notes))
    read = long_sequences(frame, where, sequence=sequence, time=time, columns=columns)
    return replace(read, notes=(*notes, *read.notes))


class _Sizes:
    """The lengths of a batch, held to the contract.

    Args:
        contract: says the bounds.
        where: the file, for errors.
        counts: length of each example.
        places: where each stands, for errors.
        unit: what is counted: `step`.
    """

    def __init__(self, contract: Contract, where: str, counts: Sequence[int], places: Sequence[str], unit: str) -> None:
        self.contract, self.where, self.places, self.unit = contract, where, places, unit
        self.counts = np.array(counts, dtype=np.int64)
        self.together = bool(_word_columns(contract))  # words are not cut apart
        self.measured = {t.source.axis for t in contract.inputs if isinstance(t.source, LengthsSource)}

    def lengths(self, tensor: TensorSpec, source: LengthsSource) -> Array:
        """Return how much of each example counts; refuses one that is too short."""
        self._refuse(self.counts < source.min, f"the model needs {source.min} at least")
        return self.counts.astype(tensor.dtype)

    def rows(self, tensor: TensorSpec, dim: str, rows: Sequence[Array]) -> Array:
        """Return (batch, length, …), zeros after the end of each example; refuses what does not fit.

        Many examples of differing length, which together would be far larger than each alone, lie apart: in an array
        of objects.
        """
        axis = self.contract.axes[dim]
        limit = axis.size or axis.max
        if limit is not None:
            self._refuse(self.counts > limit, f"the model takes {limit:,} at most")
        length = axis.size or max(int(self.counts.max()), axis.min)
        if dim not in self.measured and bool((self.counts != length).any()):
            low, high = int(self.counts.min()), int(self.counts.max())
            found = f"{low:,} to {high:,}" if low < high else f"{low:,}"
            wanted = f"{length:,} in each" if low == high else "the same number in each"
            raise UserError(
                f"{self.where}: has {found} {self.unit}s in an example, and this model takes no lengths, so it needs "
                f"{wanted}; give examples of one length"
            )
        kind = rows[0].dtype
        if tensor.dtype.startswith("int") and any(np.isnan(row).any() for row in rows if row.dtype.kind == "f"):
            raise UserError(
                f"{self.where}: input '{tensor.name}' takes whole numbers, and cells are missing; fill them"
            )
        if axis.size is None and len(rows) * length > CELLS and dim in self.measured and not self.together:
            return apart([row.astype(tensor.dtype) for row in rows])
        words = kind.kind == "O"
        array: Array = np.full((len(rows), length, *rows[0].shape[1:]), "" if words else 0, dtype=kind)
        for place, row in zip(array, rows, strict=True):
            place[: len(row)] = row
        return array if words else array.astype(tensor.dtype)

    def _refuse(self, wrong: Array, limit: str) -> None:
        at = np.flatnonzero(wrong)
        if len(at):
            count = int(self.counts[at[0]])
            more = f" (and {len(at) - 1:,} more do not fit)" if len(at) > 1 else ""
            raise UserError(
                f"{self.where}: {self.places[int(at[0])]}: has {count:,} {self.unit}{'s' * (count != 1)}{more}, and "
                f"{limit}; {'cut it' if 'most' in limit else 'give more'}, or leave it out"
            )


def _lines(path: Path, encoding: str | None) -> list[str]:
    check_readable(path, (_LINES,))
    return read_lines(path, encoding)


def _name(text: str) -> str:
    return text if len(text) <= _NAME else text[: _NAME - 1] + "…"
