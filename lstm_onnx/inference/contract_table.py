"""A person's table, read as the contract says that the one of training was: columns by name, numbers alike."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from lstm_onnx.column_reading import SERIES, ColumnReading
from lstm_onnx.contract import CellSource, ColumnsSource, Contract, StaticSource, Table, TextSource
from lstm_onnx.data.categories import levels_of, strange_words, with_levels
from lstm_onnx.data.followed import followed
from lstm_onnx.data.table_folders import read_table_folder
from lstm_onnx.data.tables import TEXT_FORMATS, read_table, records_frame
from lstm_onnx.data.text_files import decode_as_trained, load_json
from lstm_onnx.data.text_table import NoHeader
from lstm_onnx.data.times_across import times_across, turned

_SHOWN = 5


def contract_frame(contract: Contract, data: pl.DataFrame | Path, where: str) -> tuple[pl.DataFrame, list[str]]:
    """Read a table, and rewrite its columns of numbers as every reader understands them.

    Args:
        contract: of the file that is to run.
        data: a table, or a file with one; `.json` holds a list of records.
        where: the file, for errors.

    Returns:
        the table, and one line for each thing that a person should know of it.

    Raises:
        UserError: it cannot be read, or a cell is written otherwise than in training.
    """
    table = contract.table or Table()
    readings = table.columns
    notes: list[str] = []
    if isinstance(data, pl.DataFrame):
        frame = data
    elif data.suffix.lower() == ".json" and data.is_file():
        frame = records_frame(load_json(data), data)
    else:
        frame = _read(data, table, notes)
    if table.across and (times := times_across(frame)):
        frame = turned(frame, times, where, {code for r in readings or () for code in r.missing or ()})
    if table.wide and readings is not None:
        readings = (*readings, *_alike(readings, frame))
    levels = levels_of(readings)
    plain = with_levels(followed(frame, readings, where), levels, where)
    return plain, [*notes, *strange_words(frame, levels, where), *_unused(contract, frame)]


def _alike(readings: tuple[ColumnReading, ...], frame: pl.DataFrame) -> list[ColumnReading]:
    """Read series that are new in a wide table as those of training."""
    known = {r.column for r in readings}
    one = next((r for r in readings if r.role == SERIES), None)
    return [one.model_copy(update={"column": c}) for c in frame.columns if one is not None and c not in known]


def _read(path: Path, table: Table, notes: list[str]) -> pl.DataFrame:
    """Read a file; one without a header line has the columns of training, with or without those that are no input."""
    if path.is_dir():
        frame, found = read_table_folder(path, lambda file: _read(file, table, notes))
        notes += found
        return frame
    text = path.suffix.lower() in TEXT_FORMATS and path.is_file()
    content = decode_as_trained(path.read_bytes(), path, table.encoding).encode() if text else None
    try:
        return read_table(path, content)
    except NoHeader as error:
        known = tuple(r.column for r in table.columns or ())
        inputs = tuple(c for c in known if c not in table.others)
        names = next((n for n in (known, inputs) if n and len(n) == len(error.cells)), None)
        if names is None:
            raise
        notes.append(f"no header line: the columns are taken for those of training, '{names[0]}' to '{names[-1]}'")
        return read_table(path, content, names)


def _unused(contract: Contract, frame: pl.DataFrame) -> list[str]:
    """Name columns that training did not have, and that nothing is made of."""
    table = contract.table or Table()
    if table.columns is None or table.wide:
        return []
    known = {r.column for r in table.columns} | {*table.times, *table.ids, *table.others}
    for t in contract.inputs:
        if isinstance(t.source, ColumnsSource | StaticSource):
            known |= set(t.source.columns)
        elif isinstance(t.source, TextSource | CellSource):
            known.add(t.source.column)
    new = [c for c in frame.columns if c not in known]
    if not new:
        return []
    more = f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""
    return [f"not used, as training did not have them: {', '.join(repr(c) for c in new[:_SHOWN])}{more}"]
