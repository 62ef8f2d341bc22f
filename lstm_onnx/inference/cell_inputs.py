"""From single cells of a table to the inputs of a graph: numbers, whole numbers and strings (`CellSource`)."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract import Array, CellSource, Contract, TensorSpec, TextSource
from lstm_onnx.data.arrays import check_inputs
from lstm_onnx.data.tables import numeric_column, require, require_all, row_number
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model_inputs import ModelInputs


def cell_columns(contract: Contract) -> tuple[str, ...]:
    """Name the columns of which an input has one cell for each example."""
    return tuple(dict.fromkeys(t.source.column for t in contract.inputs if isinstance(t.source, CellSource)))


def read_row_inputs(contract: Contract, frame: pl.DataFrame, where: str) -> ModelInputs:
    """Read a table with a row for each example, for a contract that takes nothing but cells.

    Raises:
        UserError: the table does not fit the contract; says what is missing or wrong, where, and what to do.
    """
    require_all(frame, cell_columns(contract), where)
    rows = np.arange(frame.height, dtype=np.int64)
    arrays, notes = read_cells(contract, frame, where, rows)
    names = tuple(str(row_number(where, int(i))) for i in rows)
    return ModelInputs(check_inputs(contract, arrays), names, notes, table=frame, rows=rows)


def read_cells(
    contract: Contract, frame: pl.DataFrame, where: str, rows: NDArray[np.int64], besides: str | None = None
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Read the inputs that are cells, or texts as strings, from these rows of a table.

    Args:
        contract: of the file that is to run.
        frame: the table.
        where: its file, for errors.
        rows: which.
        besides: a column of texts that is read elsewhere.

    Returns:
        an array (rows,) for each, by name, and one line for each thing that was repaired.

    Raises:
        UserError: a column is missing, or a cell is not what the input takes.
    """
    found: dict[str, Array] = {}
    notes: list[str] = []
    for tensor in contract.inputs:
        if _is_cell(tensor, besides):
            assert isinstance(tensor.source, CellSource | TextSource)
            read = _strings if tensor.dtype == "string" else _numbers
            found[tensor.name], told = read(tensor, frame, tensor.source.column, where, rows)
            notes += told
    return found, tuple(notes)


def _is_cell(tensor: TensorSpec, besides: str | None) -> bool:
    if isinstance(tensor.source, TextSource):
        return tensor.dtype == "string" and tensor.source.column != besides
    return isinstance(tensor.source, CellSource)


def _strings(
    tensor: TensorSpec, frame: pl.DataFrame, column: str, where: str, rows: NDArray[np.int64]
) -> tuple[Array, tuple[str, ...]]:
    require(frame, column, where)
    cells = frame.get_column(column)
    if cells.dtype.is_nested():
        raise UserError(f"{where}: column '{column}' holds {cells.dtype}, where text is needed; give one text a cell")
    texts = np.array([str(v) if v is not None else "" for v in cells.cast(pl.String).to_list()], dtype=object)[rows]
    may_be_empty = isinstance(tensor.source, TextSource) and tensor.source.may_be_empty
    empty = 0 if may_be_empty else int((texts == "").sum())
    told = (f"column '{column}': {empty:,} cell{'s are' if empty > 1 else ' is'} empty",) if empty else ()
    return texts, told


def _numbers(
    tensor: TensorSpec, frame: pl.DataFrame, column: str, where: str, rows: NDArray[np.int64]
) -> tuple[Array, tuple[str, ...]]:
    values, notes = numeric_column(frame, column, where)
    values = values[rows]
    whole = tensor.dtype.startswith(("int", "uint"))
    wrong = np.flatnonzero(np.isnan(values) & (not tensor.missing) | (whole & (values != np.floor(values))))
    if len(wrong):
        row = row_number(where, int(rows[wrong[0]]))
        more = f" (and {len(wrong) - 1:,} more)" if len(wrong) > 1 else ""
        what = "a whole number" if whole else "a number"
        raise UserError(
            f"{where}: row {row}, column '{column}': {what} is needed{more}, as none was missing in "
            f"training; fill it in, or leave the row out"
        )
    return values.astype(tensor.dtype), notes
