"""What is answered apart when data is more than memory holds: files, and pieces of files that are cut between examples.

Nothing here depends on how many processes there are, so the answers do not either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lstm_onnx.contract import Contract, Table
from lstm_onnx.data.parquet_pieces import files_of_pattern
from lstm_onnx.data.parquet_pieces import is_pattern as is_pattern
from lstm_onnx.data.tables import FORMATS, PARQUET, TEXT_FORMATS
from lstm_onnx.data.text_pieces import LINES, Records, column_runs, find_records
from lstm_onnx.errors import UserError
from lstm_onnx.inference.cell_inputs import cell_columns
from lstm_onnx.inference.picture_answers import picture_columns
from lstm_onnx.inference.sequence_inputs import is_no_table, takes_sequences, takes_texts

PART_ROWS = 1_000_000
"""Rows of a piece of a file, about; JSON and ARFF files are read whole."""


@dataclass(frozen=True)
class Part:
    """A file, or some rows of it.

    Attributes:
        file: where the rows are.
        name: of the file of its answers, without ending.
        begin: its first row, from 0.
        rows: how many; None for the whole file.
        span: of a file of text: the bytes that come first in each of its pieces, and where its own begin and end.
    """

    file: Path
    name: str
    begin: int = 0
    rows: int | None = None
    span: tuple[int, int, int] | None = None

    def __str__(self) -> str:
        if self.rows is None:
            return str(self.file)
        return f"{self.file}, rows {self.begin + 1:,} to {self.begin + self.rows:,}"


def list_parts(contract: Contract, data: Path, rows: int = PART_ROWS) -> list[Part]:
    """List the parts of a file, or of all files of a pattern, in order of their names.

    Args:
        contract: of the model that is asked; says which rows belong to one example.
        data: a file, or a pattern such as `data/*.parquet` (`**` for folders in folders).
        rows: about how many rows of a file make a part; examples stay whole.

    Raises:
        UserError: there is no such file, it is no table, or the rows of one example stand apart.
    """
    files = files_of_pattern(data) if is_pattern(data) else [data]
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: is no file; give a pattern of files, such as '{file}/*.parquet'")
        if file.suffix.lower() not in FORMATS:
            raise UserError(f"{file}: files of type '{file.suffix}' are not read in parts; use {', '.join(FORMATS)}")
    parts = []
    for file, name in zip(files, _names(files), strict=True):
        records = None
        if file.suffix.lower() in PARQUET:
            cuts = list(_cuts(contract, file, rows))
        else:
            records = _records_of(contract, file, rows)
            cuts = list(_text_cuts(contract, file, records, rows)) if records is not None else []
        if len(cuts) < 2:
            parts.append(Part(file, name))
            continue
        digits = len(str(len(cuts) - 1))
        for k, (begin, count) in enumerate(cuts):
            span = (records.head, *records.span(begin, count)) if records is not None else None
            parts.append(Part(file, f"{name}-{k:0{digits}}", begin, count, span))
    return parts


def _names(files: Sequence[Path]) -> list[str]:
    """Name files by their stems, by more of their paths where stems are not enough."""
    paths = [file.absolute().parts for file in files]
    common = 0
    while all(len(p) > common + 1 and p[common] == paths[0][common] for p in paths):
        common += 1
    for names in ([file.stem for file in files], [file.name for file in files]):
        if max(Counter(names).values()) == 1:
            return names
    return ["-".join(p[common:]) for p in paths]


def _cuts(contract: Contract, file: Path, rows: int) -> Iterator[tuple[int, int]]:
    """Yield where each piece begins and how many rows it has."""
    try:
        lazy = pl.scan_parquet(file)
        total = int(lazy.select(pl.len()).collect().item())
        if total <= rows:
            yield 0, total
            return
        table = contract.table or Table()
        if row_is_example(contract, table):
            yield from ((begin, min(rows, total - begin)) for begin in range(0, total, rows))
            return
        ids = [name for name in table.ids if name in lazy.collect_schema().names()]
        if not ids:
            yield 0, total  # one series, or one sequence: it cannot be taken apart
            return
        runs = lazy.select(pl.struct(ids).rle()).unnest(ids[0]).collect()
    except (pl.exceptions.PolarsError, OSError):
        yield 0, 0  # whoever reads it says what is wrong
        return
    yield from _between_runs(file, runs, total, rows)


def _records_of(contract: Contract, file: Path, rows: int) -> Records | None:
    """Find the records of a file of text with more than so many rows; None where it is to be read whole."""
    least = 2  # bytes of a row, with its line end
    cuttable = file.suffix.lower() in (*TEXT_FORMATS, *LINES) and not is_no_table(contract, file)
    if not cuttable or file.stat().st_size < least * rows:
        return None
    records = find_records(file)
    return records if records is not None and len(records.ends) > rows else None


def _text_cuts(contract: Contract, file: Path, records: Records, rows: int) -> Iterator[tuple[int, int]]:
    """Yield where each piece of a file of text begins and how many records it has."""
    total, table = len(records.ends), contract.table or Table()
    if row_is_example(contract, table):
        yield from ((begin, min(rows, total - begin)) for begin in range(0, total, rows))
    elif table.ids and records.mark and (runs := column_runs(file, records, list(table.ids))) is not None:
        yield from _between_runs(file, runs, total, rows)
    else:
        yield 0, total


def _between_runs(file: Path, runs: pl.DataFrame, total: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield pieces that end where another example begins."""
    values = runs.get_column("value")
    if values.n_unique() < runs.height:
        apart = values.filter(values.is_duplicated())[0]
        said = ", ".join(f"{name} {value}" for name, value in apart.items())
        raise UserError(
            f"{file}: the rows of {said} stand apart, so that the file cannot be read in pieces; sort it by "
            f"{', '.join(apart)}, or give --part-rows {total} to read it whole"
        )
    begin = end = 0
    for count in runs.get_column("len").to_list():
        if end > begin and end + count - begin > rows:
            yield begin, end - begin
            begin = end
        end += count
    yield begin, end - begin


def row_is_example(contract: Contract, table: Table) -> bool:
    """Whether each row of a table is an example by itself, so that tables can be cut anywhere."""
    if takes_sequences(contract):
        return table.steps
    return takes_texts(contract) or bool(cell_columns(contract)) or bool(picture_columns(contract))
