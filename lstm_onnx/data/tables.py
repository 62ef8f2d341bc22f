"""Reading and writing a person's tables, with errors that name the file, the row and the column.

Text cells stay text until a column is asked for, so that an error can quote what stands in the file. A row number is
the one that an editor or a spreadsheet shows: the header is row 1 (a Parquet file has no header row: its first row is
row 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.arff import parse_arff
from lstm_onnx.data.atomic_files import replacing
from lstm_onnx.data.cells import LARGEST, MISSING, TRUTH
from lstm_onnx.data.limits import refuse_bomb
from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.data.text_facts import facts_of, remember
from lstm_onnx.data.text_files import decode, parse_json
from lstm_onnx.data.text_table import parse_text
from lstm_onnx.errors import UserError, first_line, nearest, no_such_file, nothing_in

Floats = NDArray[np.float64]

TEXT_FORMATS = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")
FORMATS = (*TEXT_FORMATS, *PARQUET, ".jsonl", ".ndjson", ".json", ".arff")
WRITTEN = (".csv", ".tsv", ".parquet", ".json")
_TRUTH = {word: str(value) for word, value in TRUTH.items()}
_WIDEST = 16
"""Bytes of a cell of a kind that is not in `_WIDTHS`: polars' view of a text."""
_WIDTHS = {pl.Int8: 1, pl.UInt8: 1, pl.Boolean: 1, pl.Int16: 2, pl.UInt16: 2, pl.Int32: 4, pl.UInt32: 4, pl.Float32: 4}
_WIDTHS |= {pl.Date: 4, pl.Int64: 8, pl.UInt64: 8, pl.Float64: 8, pl.Datetime: 8, pl.Duration: 8, pl.Time: 8}


def read_table(path: Path | str, content: bytes | None = None, names: Sequence[str] = ()) -> pl.DataFrame:
    """Read a CSV, TSV, Parquet, ARFF, JSON (a list of records) or JSON-lines file.

    Columns of text files are strings, with null for an empty cell. What separates the cells of a `.csv`, and which of
    its rows are no data, is found out (`lstm_onnx.data.text_table`; `text_facts.reading_notes` says what was passed
    over). A first column without a name that only counts the rows (as pandas writes its index) is left out; any other
    column without a name is called `column N`.

    Args:
        path: the file.
        content: what a file of text holds, in UTF-8, where that is known already; else it is read.
        names: names of the columns, for a file of text without a header line.

    Raises:
        UserError: the file cannot be read as a table; the line says where and why.
    """
    path = Path(path)
    if (piece := shown_piece()) is not None and piece.path == path:
        return piece.handed_out()
    check_readable(path, FORMATS)
    suffix = path.suffix.lower()
    remember(path, None)
    try:
        if suffix in TEXT_FORMATS:
            frame = parse_text(path, path.read_bytes() if content is None else content, names)
        elif suffix in PARQUET:
            refuse_bomb(path, _promised(path))
            frame = pl.read_parquet(path)
        elif suffix == ".arff":
            frame = parse_arff(path, path.read_bytes() if content is None else content)
        else:
            frame = _read_records(path, path.read_bytes() if content is None else content)
    except (pl.exceptions.PolarsError, OSError) as error:
        first = first_line(error)
        raise UserError(f"{path}: cannot be read as {suffix[1:]}: {first}") from None
    except pl.exceptions.PanicException:  # no Exception: a damaged Parquet file led polars where it cannot go on
        raise UserError(f"{path}: cannot be read as {suffix[1:]}: it is damaged; write it again") from None
    if names and frame.columns != list(names):
        raise UserError(f"{path}: its columns have names already; leave --header out")
    if frame.height == 0:
        raise no_rows(path)
    return frame


def no_rows(path: Path) -> UserError:
    """Return the error of a table that has a header alone."""
    return UserError(f"{path}: has a header but no rows; add the rows, or choose another file")


def _promised(path: Path) -> int:
    """Bytes that the rows of a Parquet file take at least, however well they are packed in it."""
    lazy = pl.scan_parquet(path)
    width = sum(_WIDTHS.get(kind.base_type(), _WIDEST) for kind in lazy.collect_schema().values())
    return width * int(lazy.select(pl.len()).collect().item())


def check_readable(path: Path, formats: tuple[str, ...]) -> None:
    """Refuse a path that is not a file with something in it, in one of the formats."""
    if not path.exists():
        raise no_such_file(path, formats)
    if path.is_dir():
        names = [p.name for p in sorted(path.iterdir()) if p.suffix.lower() in formats][:5]
        holds = f", such as {', '.join(names)}" if names else ""
        raise UserError(f"{path}: is a folder; give one file{holds}")
    if path.suffix.lower() not in formats:
        raise UserError(f"{path}: files of type '{path.suffix}' are not read; use one of {', '.join(formats)}")
    if path.stat().st_size == 0:
        raise nothing_in(path)


def row_number(where: Path | str, index: int) -> int:
    """Return the number by which a person finds the data row `index` (from 0) in the file `where`."""
    facts = facts_of(where)
    if facts is not None and facts.rows is not None and index < len(facts.rows):
        return int(facts.rows[index])
    return index + (2 if Path(where).suffix.lower() in TEXT_FORMATS else 1)


def require(frame: pl.DataFrame, column: str, where: Path | str, option: str = "", hint: str | None = None) -> None:
    """Refuse a column that the table does not have, and suggest the nearest name.

    Args:
        frame: the table.
        column: the name that is looked for.
        where: the file, for the error.
        option: what asked for the column, such as `--target`.
        hint: ends the error in place of the nearest name.
    """
    if column not in frame.columns:
        by = f" (from {option})" if option else ""
        folded = " ".join(column.split())
        if folded in frame.columns:
            raise UserError(
                f"{where}: there is no column {column!r}{by}: line breaks and rows of spaces in a header count as one "
                f"space; write '{folded}'"
            )
        raise UserError(f"{where}: there is no column '{column}'{by}{hint or nearest(column, frame.columns)}")


def require_all(frame: pl.DataFrame, columns: Sequence[str], where: Path | str) -> None:
    """Refuse a table that lacks any of the columns, and name all that are missing."""
    missing = [c for c in columns if c not in frame.columns]
    if len(missing) == 1:
        require(frame, missing[0], where)
    if missing:
        rest = [c for c in frame.columns if c not in columns]
        named = [(c, near) for c in missing if (near := nearest(c, rest)).startswith("; did you mean")]
        hint = ", ".join(f"{near.removeprefix('; did you mean ').rstrip('?')} for '{c}'" for c, near in named)
        raise UserError(
            f"{where}: the columns {', '.join(repr(c) for c in missing)} are missing"
            + (f"; did you mean {hint}?" if hint else f"; there is: {', '.join(frame.columns[:20])}")
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_records(path: Path, data: bytes) -> pl.DataFrame:
    if path.suffix.lower() == ".json":
        return records_frame(parse_json(data, path), path)
    lines = enumerate(decode(data, path).splitlines(), start=1)
    return records_frame([parse_json(line.encode(), path, number) for number, line in lines if line.strip()], path)


def records_frame(records: Any, where: Path | str) -> pl.DataFrame:
    """Make a table of a list of JSON objects, one a row.

    Raises:
        UserError: it is something else, or its values do not fit in columns.
    """
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise UserError(f"{where}: holds JSON that is no list of records; a table is [{{'column': value, …}}, …]")
    try:
        return pl.DataFrame(records, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError, OverflowError, RecursionError) as error:
        first = first_line(error)
        raise UserError(f"{where}: its records do not make columns of one type: {first}") from None


def numeric_column(frame: pl.DataFrame, column: str, where: Path | str) -> tuple[Floats, tuple[str, ...]]:
    """Return a column as float64 with NaN for missing cells, and notes on what was repaired.

    What a cell says is told by `lstm_onnx.data.cells`; infinities, and what is one to a model's 32 bits, count as
    missing and are noted. Anything else that is no number is refused: a decimal comma, say, is never guessed.

    Returns:
        values of shape (rows,), and one line for each repair.

    Raises:
        UserError: the column does not exist, or a cell is no number; names file, row, column and cell.
    """
    require(frame, column, where)
    cells = frame.get_column(column)
    if cells.dtype.is_numeric() or cells.dtype in (pl.Boolean, pl.Null):
        values = cells.cast(pl.Float64).to_numpy().astype(np.float64)
    elif cells.dtype == pl.String:
        values = _parse_numbers(cells, column, where)
    else:
        raise UserError(f"{where}: column '{column}' holds {cells.dtype}, where numbers are needed; choose another")
    infinite = np.abs(values) > LARGEST
    if not infinite.any():
        return values, ()
    row = row_number(where, int(np.flatnonzero(infinite)[0]))
    count = int(infinite.sum())
    note = f"column '{column}': {count} infinite value{'s' * (count > 1)} (the first in row {row}) taken as missing"
    return np.where(infinite, np.nan, values), (note,)


def _parse_numbers(cells: pl.Series, column: str, where: Path | str) -> Floats:
    quick = cells.cast(pl.Float64, strict=False)
    if quick.null_count() == cells.null_count():
        return quick.to_numpy().astype(np.float64)
    plain = cells.str.strip_chars().str.to_lowercase()
    plain = plain.set(plain.is_in(MISSING), None).replace(_TRUTH)
    parsed = plain.cast(pl.Float64, strict=False)
    bad = (parsed.is_null() & plain.is_not_null()).arg_true()
    if len(bad):
        index = int(bad[0])
        found = str(cells[index])
        more = f" (and {len(bad) - 1} more such cells)" if len(bad) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, index)}, column '{column}': found '{found}' where a number is needed"
            f"{more}; {_number_hint(found.strip())}"
        )
    return parsed.to_numpy().astype(np.float64)


def _number_hint(found: str) -> str:
    squeezed = found.replace(" ", "").replace("\u00a0", "").replace("\u202f", "").replace("'", "")
    if squeezed != found and _is_number(squeezed.replace(",", ".")):
        return f"write it without spaces and marks between digits: {squeezed.replace(',', '.')}"
    if found.count(",") == 1 and "." not in found and _is_number(found.replace(",", ".")):
        return f"if the comma is a decimal comma write {found.replace(',', '.')}, else leave it out"
    if "," in found and _is_number(found.replace(",", "")):
        return f"write it without commas between digits: {found.replace(',', '')}"
    if found.endswith("%") and _is_number(found[:-1]):
        return f"write it without the sign: {found[:-1]}"
    return "correct it, or leave the cell empty if the value is not known"


def is_numeric(column: pl.Series) -> bool:
    """Whether a column is meant to hold numbers: at least half of its non-missing cells do (booleans count).

    A stray word in such a column is an error to report, not a reason to leave the column out.
    """
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return True
    if column.dtype != pl.String:
        return False
    plain = column.str.strip_chars().str.to_lowercase()
    plain = plain.filter(plain.is_not_null() & ~plain.is_in(MISSING))
    numbers = plain.replace(_TRUTH).cast(pl.Float64, strict=False)
    return len(plain) > 0 and 2 * int(numbers.is_not_null().sum()) >= len(plain)


def is_empty(column: pl.Series) -> bool:
    """Whether no cell of a column says anything, as of columns that a spreadsheet leaves at the right of a table."""
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.to_lowercase()
        return bool((column.is_null() | column.is_in(MISSING)).all())
    return column.null_count() == len(column)


def write_table(frame: pl.DataFrame, path: Path | str) -> None:
    """Write a table as `.csv`, `.tsv`, `.parquet` or `.json` (a list of records), whole or not at all.

    NaN becomes an empty cell or null. Times are written as `2020-01-31 13:00:00`, dates as `2020-01-31`.

    Raises:
        UserError: the file type is not one of these, or the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITTEN:
        raise UserError(f"{path}: tables are not written as '{suffix}'; use one of {', '.join(WRITTEN)}")
    frame = frame.fill_nan(None)
    with replacing(path) as beside:
        if suffix == ".parquet":
            frame.write_parquet(beside)
        elif suffix == ".json":
            moments = [pl.col(c).dt.strftime("%Y-%m-%d %H:%M:%S") for c, d in frame.schema.items() if d == pl.Datetime]
            beside.write_text(frame.with_columns(moments).write_json() + "\n", encoding="utf-8")
        else:
            frame.write_csv(beside, separator="\t" if suffix == ".tsv" else ",", datetime_format="%Y-%m-%d %H:%M:%S")
