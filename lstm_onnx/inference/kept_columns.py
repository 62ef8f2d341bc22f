"""Columns of the question that stand beside the answers, so that both can be joined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from lstm_onnx.contract import Array, AudioSource, CellSource, ColumnsSource, Contract, ImageSource, Table, TextSource
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.inference.kept_of_series import ALL, beside_forecasts
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_table import PICTURE, SOUND, to_table

_NAMES = re.compile(r"(.*[\s_.\-])?(id|ids|uid|uuid|guid|key|nr|no|number|index|name|filename|file|row)", re.IGNORECASE)
_LONGEST = 64
"""Cells that tell rows apart are no longer than this: longer ones are texts."""


def beside(
    table: pl.DataFrame,
    contract: Contract,
    inputs: ModelInputs,
    outputs: Mapping[str, Array],
    top: int | None,
    keep: Sequence[str] | None,
) -> pl.DataFrame:
    """Put columns of the question in front of the answers: of each example those of its (first) row.

    Args:
        table: the answers.
        contract: of the file that ran.
        inputs: what went in, with the question's table if it was one.
        outputs: what came out.
        top: as in `to_table`.
        keep: names of columns, or `all` for all that are not there yet; None for those that tell rows apart: called
            `id` and the like, or with a short text or whole number of its own in each row.

    Raises:
        UserError: a column is asked for that is not in the question, differs within a series that is forecast, or the
            question is no table.
    """
    if inputs.table is None or inputs.rows is None:
        if not keep:
            return table
        if inputs.table is None:
            raise UserError("--keep: the answers are not for rows of a table, so no column can stand beside them")
        return beside_forecasts(table, contract, inputs, inputs.table, keep)
    columns = _chosen(inputs.table, contract, table.columns, keep)
    if not columns:
        return table
    numbered = replace(inputs, names=tuple(map(str, range(len(inputs.rows)))), ids=None)
    example = to_table(contract, numbered, outputs, top).to_series(0).cast(pl.Int64).to_numpy()
    rows = np.asarray(inputs.rows)[example]
    kept = [inputs.table.get_column(c)[rows].alias(_header(c, table.columns)) for c in columns]
    return pl.DataFrame([*kept, *table.get_columns()])


def _chosen(question: pl.DataFrame, contract: Contract, there: Sequence[str], keep: Sequence[str] | None) -> list[str]:
    if keep and list(keep) != [ALL]:
        if missing := [c for c in keep if c not in question.columns]:
            raise UserError(f"--keep {missing[0]}: there is no such column{nearest(missing[0], question.columns)}")
        return [c for c in dict.fromkeys(keep) if not _stands(c, contract, there)]
    taken = _taken(contract, there)
    free = [c for c in question.columns if c not in taken and not _stands(c, contract, there)]
    if keep:
        return free
    return [c for c in free if c not in there and _tells_apart(question.get_column(c))]


def _taken(contract: Contract, there: Sequence[str]) -> set[str]:
    """Columns that go into the model; a column of pictures or sounds where examples are called by it."""
    table = contract.table or Table()
    named = {PICTURE, SOUND} & set(there)
    found = {c for columns in (table.blocks or {}).values() for c in columns}
    for tensor in contract.inputs:
        if isinstance(tensor.source, ColumnsSource):
            found |= set(tensor.source.columns)
        elif isinstance(tensor.source, CellSource | TextSource):
            found.add(tensor.source.column)
        elif isinstance(tensor.source, ImageSource | AudioSource) and named and tensor.source.column is not None:
            found.add(tensor.source.column)
    return found


def _stands(column: str, contract: Contract, there: Sequence[str]) -> bool:
    """Whether a column already names the examples of the answers."""
    texts = {t.source.column for t in contract.inputs if isinstance(t.source, TextSource)}
    ids = contract.table.ids if contract.table is not None else ()
    return column in there and (column in texts or column in ids)


def _header(column: str, there: Sequence[str]) -> str:
    return f"{column} (given)" if column in there else column


def _tells_apart(cells: pl.Series) -> bool:
    if cells.dtype.is_nested() or not (cells.dtype == pl.String or cells.dtype.is_integer()):
        return False
    if _NAMES.fullmatch(cells.name.strip()):
        return True
    if len(cells) < 2 or cells.null_count() or cells.n_unique() < len(cells):
        return False
    if cells.dtype.is_integer():
        return False  # a count or a measure may well be different in each row
    longest = cells.str.len_chars().max()
    return isinstance(longest, int) and longest <= _LONGEST and not bool(cells.str.contains(r"\s").any())
