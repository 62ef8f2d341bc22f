"""A Parquet table of any size in pieces: one file, or all files of a folder, in order of their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from lstm_onnx.data.tables import PARQUET
from lstm_onnx.errors import UserError, first_line

PIECE = 1 << 18
"""Rows that are read at once."""


def parquet_files(source: Path) -> list[Path]:
    """Return the Parquet files that a path stands for; none if it stands for something else."""
    if source.is_dir():
        return sorted(p for p in source.rglob("*") if p.is_file() and p.suffix.lower() in PARQUET)
    return [source] if source.suffix.lower() in PARQUET and source.is_file() else []


def pieces(
    files: Sequence[Path], columns: Sequence[str] | None = None, size: int | None = None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the rows of files, so many at a time, each with words that say where it stands.

    Args:
        files: Parquet.
        columns: those that are wanted; None for all.
        size: rows of a piece, at most; `PIECE` if not said.

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
            for begin in range(0, rows, size):
                count = min(size, rows - begin)
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
