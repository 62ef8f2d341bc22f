"""A Parquet table of any size in pieces: one file, or all of a folder or a pattern, in order of their names."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from lstm_onnx.data.tables import PARQUET
from lstm_onnx.errors import UserError, first_line

PIECE = 1 << 18
"""Rows that are read at once."""
_TRIED = 1000
AS_PARQUET = "in Python: polars.scan_csv('x.csv').sink_parquet('x.parquet')"
"""How a table of any size is written so."""


def is_pattern(path: Path) -> bool:
    """Whether a path stands for several files: `data/*.parquet`."""
    return glob.has_magic(str(path)) and not path.exists()


def files_of_pattern(pattern: Path) -> list[Path]:
    """Return what a pattern stands for, in order of the names.

    Raises:
        UserError: there is none.
    """
    files = sorted(map(Path, glob.glob(str(pattern), recursive=True)))
    if not files:
        raise UserError(f"{pattern}: no file has such a name; put the pattern in quotes, and mind the folder")
    return files


def parquet_files(source: Path) -> list[Path]:
    """Return the Parquet files that a path stands for; none if it stands for something else.

    Raises:
        UserError: it is a pattern of no files, or also of others.
    """
    if is_pattern(source):
        files = files_of_pattern(source)
        if others := [path for path in files if path.suffix.lower() not in PARQUET or not path.is_file()]:
            raise UserError(
                f"{others[0]}: several files are learnt from in Parquet alone; write each as such, {AS_PARQUET}"
            )
        return files
    if source.is_dir():
        return sorted(p for p in source.rglob("*") if p.is_file() and p.suffix.lower() in PARQUET)
    return [source] if source.suffix.lower() in PARQUET and source.is_file() else []


def pieces(
    files: Sequence[Path], columns: Sequence[str] | None = None, size: int | None = None, most_bytes: int | None = None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the rows of files, so many at a time, each with words that say where it stands.

    Args:
        files: Parquet.
        columns: those that are wanted; None for all.
        size: rows of a piece, at most; `PIECE` if not said.
        most_bytes: of a piece, about, as the first rows of a file tell; None for any.

    Raises:
        UserError: a file cannot be read, or lacks a column.
    """
    size = size or PIECE
    for file in files:
        try:
            lazy = pl.scan_parquet(file)
            if columns is not None:
                there = lazy.collect_schema().names()
                if missing := [c for c in columns if c not in there]:
                    raise UserError(f"{file}: has no column '{missing[0]}', which other files of the table have")
                lazy = lazy.select(columns)
            rows = int(pl.scan_parquet(file).select(pl.len()).collect().item())
            each = size
            if most_bytes is not None and rows > _TRIED:
                each = max(1, min(size, int(most_bytes / (lazy.head(_TRIED).collect().estimated_size() / _TRIED + 1))))
            for begin in range(0, rows, each):
                count = min(each, rows - begin)
                where = str(file) if count == rows else f"{file}, rows {begin + 1:,} to {begin + count:,}"
                yield where, lazy.slice(begin, count).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise UserError(f"{file}: cannot be read as Parquet: {first_line(error)}") from None


def row_count(files: Sequence[Path]) -> int:
    """Return how many rows files have.

    Raises:
        UserError: one cannot be read.
    """
    try:
        return sum(int(pl.scan_parquet(file).select(pl.len()).collect().item()) for file in files)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{files[0].parent}: cannot be read as Parquet: {first_line(error)}") from None
