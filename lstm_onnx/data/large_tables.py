"""Which tables are read in pieces, with their rows or windows in files instead of memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data import parquet_pieces
from lstm_onnx.data.columns import called
from lstm_onnx.data.parquet_pieces import AS_PARQUET, is_pattern, parquet_files, pieces, row_count
from lstm_onnx.data.parts import PART_COLUMNS, split_column
from lstm_onnx.data.room import DiskRoom, memory_size
from lstm_onnx.data.table_folders import table_files
from lstm_onnx.errors import UserError

_PER_CELL = 24
"""Bytes that a cell of a table takes in memory on its way to batches, about; see `benchmarks/scale/train.py`."""
_ROWS, _BYTES = 1 << 16, 1 << 26
"""Rows of a piece of which a task makes examples, and bytes that they take in memory, about: at most."""
_SHARE = 0.5
"""Of the memory of the machine, which a table may take."""


def room_for(source: Path, store: str | None) -> DiskRoom | None:
    """Return where the rows of a table are to be kept if it is to be read in pieces; None if it is not.

    Args:
        source: what is learnt from.
        store: folder for files that a person named.

    Raises:
        UserError: a folder is named, and the table is not in Parquet; or a pattern stands for no file.
    """
    files = parquet_files(source)
    if store is not None:
        if not files:
            raise UserError(
                f"{source}: --store is for tables in Parquet; write it as Parquet, {AS_PARQUET}, or leave the option "
                "out"
            )
        return DiskRoom(Path(store))
    if not files:
        return None
    if is_pattern(source) or (source.is_dir() and _is_one_table(source, files)):
        return DiskRoom()
    memory = memory_size()
    cells = row_count(files) * len(pl.scan_parquet(files[0]).collect_schema())
    return DiskRoom() if source.is_file() and memory is not None and cells * _PER_CELL > _SHARE * memory else None


def _is_one_table(folder: Path, files: list[Path]) -> bool:
    """Whether the files of a folder are one table: of the same columns, and no table beside them or below."""
    if table_files(folder) != files or any(file.parent != folder for file in files):
        return False
    return len({tuple(pl.scan_parquet(file).collect_schema().names()) for file in files}) == 1


def part_column(files: list[Path]) -> str | None:
    """Return the column that says which part a row belongs to, by all rows of a table; None where it has none."""
    column = called(pl.scan_parquet(files[0]).head(0).collect(), PART_COLUMNS)
    if column is None:
        return None
    return split_column(pl.scan_parquet(files).select(pl.col(column).unique()).collect())


@dataclass(frozen=True)
class WholePiece:
    """Rows that hold whole examples.

    Attributes:
        file: in which the first of them stands.
        begin: how many rows stand before it there.
        frame: the rows.
    """

    file: Path
    begin: int
    frame: pl.DataFrame


def whole_pieces(files: list[Path], ids: tuple[str, ...]) -> Iterator[WholePiece]:
    """Yield a table in pieces that end where an example ends.

    Args:
        files: Parquet.
        ids: columns that tell examples apart together; empty where each row is one.

    Raises:
        UserError: rows of one example stand apart, in several pieces.
    """
    held: WholePiece | None = None
    seen = list[np.ndarray[tuple[int], np.dtype[np.uint64]]]()
    for file, begin, frame in located(files):
        piece = WholePiece(file, begin, frame)
        if not ids:
            yield piece
            continue
        if held is not None:
            piece = WholePiece(held.file, held.begin, pl.concat([held.frame, frame], how="vertical_relaxed"))
        runs = piece.frame.select(pl.struct(ids).rle_id()).to_series()
        last = int((runs < runs[-1]).sum())  # where the last example begins, which may go on
        if not last:
            held = piece
            continue
        before = len(piece.frame) - len(frame)
        held = WholePiece(file, begin + last - before, piece.frame[last:])
        seen.append(_hashes(piece.frame[:last], ids))
        yield WholePiece(piece.file, piece.begin, piece.frame[:last])
    if held is not None and len(held.frame):
        seen.append(_hashes(held.frame, ids))
        yield held
    together = np.sort(np.concatenate(seen)) if seen else np.empty(0, np.uint64)
    if bool((together[1:] == together[:-1]).any()):
        named = ", ".join(ids)
        raise UserError(
            f"{files[0].parent}: is read in pieces, and rows of one {named} stand far apart; sort the table by {named}"
        )


def _hashes(frame: pl.DataFrame, ids: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return frame.select(pl.struct(ids).hash()).to_series().unique().to_numpy()


def located(files: list[Path]) -> Iterator[tuple[Path, int, pl.DataFrame]]:
    """Yield pieces of a table, each with its file and how many rows stand before it there."""
    size = min(parquet_pieces.PIECE, _ROWS)
    for file in files:
        begin = 0
        for _, frame in pieces([file], size=size, most_bytes=_BYTES):
            yield file, begin, frame
            begin += len(frame)
