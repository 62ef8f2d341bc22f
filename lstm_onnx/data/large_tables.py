"""Which tables are read in pieces, with their rows or windows in files instead of memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from pydantic import BaseModel

from lstm_onnx.data import parquet_pieces
from lstm_onnx.data.columns import called
from lstm_onnx.data.number_format import Evidence
from lstm_onnx.data.parquet_pieces import is_pattern, parquet_files, pieces, row_count
from lstm_onnx.data.parts import PART_COLUMNS, split_column
from lstm_onnx.data.room import DiskRoom, memory_size
from lstm_onnx.data.table_folders import table_files as files_of_tables
from lstm_onnx.data.text_facts import TextFacts
from lstm_onnx.data.text_store import SUFFIXES, StoredText, store_text
from lstm_onnx.errors import UserError

_PER_CELL = 24
"""Bytes that a cell of a table takes in memory on its way to batches, about; see `benchmarks/scale/train.py`."""
_ROWS, _BYTES = 1 << 16, 1 << 26
"""Rows of a piece of which a task makes examples, and bytes that they take in memory, about: at most."""
_SHARE = 0.5
"""Of the memory of the machine, which a table may take."""
_PER_BYTE = 6
"""Bytes that one of a file of text takes in memory on its way to batches, about."""


def room_for(source: Path, store: str | None) -> DiskRoom | None:
    """Return where the rows of a table are to be kept if it is to be read in pieces; None if it is not.

    Args:
        source: what is learnt from.
        store: folder for files that a person named.

    Raises:
        UserError: a folder is named, and the table is in neither Parquet nor CSV; or a pattern stands for no file.
    """
    files, is_text = parquet_files(source), _is_text(source)
    if store is not None:
        if not files and not is_text:
            raise UserError(
                f"{source}: --store is for tables in Parquet, CSV and TSV; write it as Parquet, or leave the option out"
            )
        return DiskRoom(Path(store))
    if is_text:
        most = memory_size()
        return DiskRoom() if most is not None and _PER_BYTE * source.stat().st_size > _SHARE * most else None
    if not files:
        return None
    if is_pattern(source) or (source.is_dir() and _is_one_table(source, files)):
        return DiskRoom()
    memory = memory_size()
    cells = row_count(files) * len(pl.scan_parquet(files[0]).collect_schema())
    return DiskRoom() if source.is_file() and memory is not None and cells * _PER_CELL > _SHARE * memory else None


def _is_text(source: Path) -> bool:
    return source.suffix.lower() in SUFFIXES and source.is_file()


@dataclass(frozen=True)
class TableFiles:
    """The files of a table that is read in pieces, all of them Parquet.

    Attributes:
        files: that are read.
        texts: what is known of those that were made of a file of text.
    """

    files: list[Path]
    texts: Mapping[Path, StoredText]

    def source(self, file: Path) -> Path:
        """Return the file that a person knows."""
        return self.texts[file].source if file in self.texts else file

    def facts(self, file: Path, begin: int, count: int) -> TextFacts:
        """Return what is known of the reading of some rows of a file."""
        if file in self.texts:
            return self.texts[file].facts(file, begin, count)
        return TextFacts(",", begin + 1 + np.arange(count))

    @property
    def evidence(self) -> Mapping[str, Evidence]:
        """What all cells of columns of text say of how their numbers are written; of Parquet, nothing."""
        return {name: one for text in self.texts.values() for name, one in text.evidence.items()}

    @property
    def what(self) -> str:
        """Say what is read: `3 Parquet files`."""
        if self.texts:
            return "a file of text"
        return f"{len(self.files)} Parquet file{'s' * (len(self.files) > 1)}"


@contextmanager
def table_files(source: Path, room: DiskRoom, options: BaseModel) -> Iterator[TableFiles]:
    """Open a table to read it in pieces; one of text is put into Parquet, which is gone after the block.

    Args:
        source: a Parquet file, a folder or a pattern of them, or a file of text.
        room: has the folder for that.
        options: what a person says of how text is read: `header`, `missing` and `encoding`, as far as a task has them.

    Raises:
        UserError: the file is no table; or the disk is full.
    """
    if not _is_text(source):
        yield TableFiles(parquet_files(source), {})
        return
    with TemporaryDirectory(dir=room.folder) as folder:
        names, missing = getattr(options, "header", ()), getattr(options, "missing", ())
        try:
            found = store_text(source, Path(folder), names, missing, getattr(options, "encoding", None) or "utf-8")
        except OSError as error:
            if error.errno != ENOSPC:
                raise UserError(f"{source}: cannot be read: {error.strerror or error}") from None
            raise room.full(source.stat().st_size, error) from None
        yield TableFiles(list(found.files), dict.fromkeys(found.files, found))


def _is_one_table(folder: Path, files: list[Path]) -> bool:
    """Whether the files of a folder are one table: of the same columns, and no table beside them or below."""
    if files_of_tables(folder) != files or any(file.parent != folder for file in files):
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
