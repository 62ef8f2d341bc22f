"""A large table of text, read once in pieces: its cells go into Parquet files, and what the whole of it says is kept.

Every rule of `lstm_onnx.data.text_table` holds, as if the file were read whole: lines above the header, units below it,
empty lines, repeated headers, and a row of totals at the end. What separates cells and what is above the header is told
by the first lines; how numbers are written, by all cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.evidence import ColumnEvidence
from lstm_onnx.data.number_format import Evidence, tidy
from lstm_onnx.data.tables import no_rows
from lstm_onnx.data.text_facts import TextFacts
from lstm_onnx.data.text_files import decode
from lstm_onnx.data.text_table import (
    HEAD,
    Lines,
    beginning,
    refuse_utf16,
    refuse_zero_bytes,
    with_header,
    without_other_rows,
)
from lstm_onnx.errors import UserError, no_such_file, nothing_in

SUFFIXES = (".csv", ".tsv")
PIECE = 1 << 24
"""Bytes that are read at once."""
LONGEST = 1 << 26
"""Bytes of a cell in quotes, at most."""
_ADVICE = "give the encoding that it has with --encoding where there is the option, or save it as UTF-8"
_GROUP = 1 << 16
"""Rows that are read at once, at least."""


@dataclass(frozen=True)
class StoredText:
    """A table of text that was put into Parquet.

    Attributes:
        source: the file of text.
        files: Parquet, one for each piece, and how many rows stand before it.
        mark: what separates its cells.
        evidence: what all cells of a column say of how its numbers are written.
        notes: one line for each thing that was passed over.
        begins: where in the table the numbers of the lines go on otherwise than one by one, (runs,) int64.
        lines: number of the line of the row that each of them begins with, (runs,) int64.
    """

    source: Path
    files: dict[Path, int]
    mark: str
    evidence: dict[str, Evidence] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    begins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    lines: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))

    def facts(self, file: Path, begin: int, count: int) -> TextFacts:
        """Return what `read_table` would remember of so many rows, from one of a Parquet file on."""
        rows = np.arange(begin, begin + count) + self.files[file]
        run = np.searchsorted(self.begins, rows, side="right") - 1
        return TextFacts(self.mark, self.lines[run] + rows - self.begins[run], () if rows[0] else self.notes)


def store_text(
    path: Path, folder: Path, names: Sequence[str] = (), missing: Sequence[str] = (), encoding: str = "utf-8"
) -> StoredText:
    """Read a `.csv` or `.tsv` file once, and write its cells as texts into Parquet files.

    Args:
        path: the file.
        folder: where the others are made.
        names: of the columns, where the file has no header line.
        missing: cells that stand for a missing value, beside the usual ones.
        encoding: of the text.

    Raises:
        UserError: it is no table; or nobody can say where a row of it ends without all that follow.
    """
    reading = _Reading(path, names, encoding)
    told = frozenset(tidy(cell) for cell in missing)
    evidence: dict[str, ColumnEvidence] = {}
    files: dict[Path, int] = {}
    begins, lines, count = list[NDArray[np.int64]](), list[NDArray[np.int64]](), 0
    for frame, rows in reading.pieces():
        if not len(rows):
            continue
        for column in frame.get_columns():
            evidence.setdefault(column.name, ColumnEvidence(told)).add(column)
        file = folder / f"{path.stem}-{len(files):06d}.parquet"
        frame.write_parquet(file, row_group_size=_GROUP)
        files[file] = count
        jumps = np.flatnonzero(np.diff(rows, prepend=rows[0] - 2) != 1)
        begins.append(jumps + count)
        lines.append(rows[jumps])
        count += len(rows)
    if not count:
        raise no_rows(path)
    for file in files:
        reading.mend(file)
    found = {name: one.evidence for name, one in evidence.items()}
    return StoredText(
        path, files, reading.mark, found, tuple(reading.notes), np.concatenate(begins), np.concatenate(lines)
    )


class _Reading:
    """Cuts a file between rows, and reads each piece as a part of the whole.

    Args:
        path: the file.
        names: of the columns, where it has no header line.
        encoding: of the text.

    Attributes:
        mark: what separates cells.
        notes: what was passed over.
        index: the first column, if it has no name and counts the rows of the first piece.
        counts: whether it counts all of them.
        by_hand: whether a cell somewhere holds a line end, so that all empty cells in quotes are missing.
    """

    def __init__(self, path: Path, names: Sequence[str], encoding: str) -> None:
        self.path, self.names, self.encoding = path, names, encoding
        self.mark, self.notes = ",", list[str]()
        self.index: str | None = None
        self.counts, self.by_hand = True, False
        self._columns: list[str] = []
        self._counted = 0

    def pieces(self) -> Iterator[tuple[pl.DataFrame, NDArray[np.int64]]]:
        """Yield the rows, and the number of each in the file."""
        line, number = 1, 1  # a row may have several lines
        for data, first, last in self._cut():
            text = decode(data, self.path, self.encoding, _ADVICE, first=line)
            line += text.count("\n")
            plain = (text.rstrip("\r\n") if last else text.removesuffix("\n").removesuffix("\r")).encode()
            refuse_zero_bytes(self.path, plain)
            if first:
                frame, rows = self._first(plain)
            elif plain:
                frame, rows = self._more(plain, number)
            else:
                return
            number = int(rows[-1]) + 1 if len(rows) else number
            yield self._without_other_rows(frame, rows, first, last)

    def mend(self, file: Path) -> None:
        """Do what only the end tells: leave out a column that counts all rows, and know one kind of empty cell."""
        counted = self.index if self.counts else None
        if counted is None and not self.by_hand:
            return
        frame = pl.read_parquet(file)
        if counted is not None:
            frame = frame.drop(counted)
        if self.by_hand:
            frame = frame.with_columns(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())
        frame.write_parquet(file, row_group_size=_GROUP)

    def _first(self, data: bytes) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        if not data.strip():
            raise nothing_in(self.path)
        above, self.mark, data = beginning(self.path, data, self.notes)
        lines = Lines(self.path, data, self.mark, above + 1)
        self.by_hand |= lines.quotes_span_lines
        frame, rows = with_header(lines, self.names, self.notes)
        if frame.width < len(lines.first):
            self.index = "column 1"
            counted = pl.Series(self.index, np.arange(frame.height), dtype=pl.Int64).cast(pl.String)
            frame = frame.insert_column(0, counted)
        self._columns = frame.columns
        return frame, rows

    def _more(self, data: bytes, number: int) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        lines = Lines(self.path, data, self.mark, number)
        self.by_hand |= lines.quotes_span_lines
        frame, rows = lines.frame(len(self._columns), 0, self.notes)
        frame.columns = self._columns
        return frame, rows

    def _without_other_rows(
        self, frame: pl.DataFrame, rows: NDArray[np.int64], first: bool, last: bool
    ) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        if self.index is None:
            return without_other_rows(frame, rows, self.notes, first, last)
        cells = frame.get_column(self.index)
        due = np.arange(self._counted, self._counted + len(cells))
        self.counts &= cells.cast(pl.Int64, strict=False).to_list() == due.tolist()
        self._counted += len(cells)
        rest, left = without_other_rows(frame.drop(self.index), rows, self.notes, first, last)
        return rest.insert_column(0, cells[np.searchsorted(rows, left)]), left

    def _cut(self) -> Iterator[tuple[bytes, bool, bool]]:
        """Yield bytes that end where a row ends, and whether they are the first and the last."""
        if not self.path.is_file():
            raise no_such_file(self.path, SUFFIXES)
        size, done, held, first = self.path.stat().st_size, 0, b"", True
        with self.path.open("rb") as file:
            while done < size:
                wanted = PIECE if size - done - PIECE > PIECE // 2 else size - done
                read = file.read(max(wanted, min(HEAD, size)) if first else wanted)
                done += len(read)
                held += read
                if first and done == len(read):
                    self._refuse_strange(held[:HEAD])
                if done >= size or not read:
                    break
                if end := _last_end(held):
                    yield held[:end], first, False
                    held, first = held[end:], False
                elif len(held) > LONGEST:
                    raise UserError(
                        f"{self.path}: a quotation mark is not closed within {LONGEST >> 20} MB, so that the file "
                        "cannot be read in pieces; close it or take it out, or write the table as Parquet"
                    )
        yield held, first, True

    def _refuse_strange(self, head: bytes) -> None:
        refuse_utf16(self.path, head)
        if len(head) == HEAD and b"\n" not in head:
            raise UserError(f"{self.path}: its lines do not end in line feeds; save it with those of Unix or Windows")


def _last_end(data: bytes) -> int:
    """Return how many bytes end with the last row that is surely whole and has no empty line beside it; 0 for none."""
    codes = np.frombuffer(data, dtype=np.uint8)
    breaks = np.flatnonzero(codes == ord("\n"))
    quotes = np.flatnonzero(codes == ord('"'))
    breaks = breaks[(np.searchsorted(quotes, breaks) % 2 == 0) & (breaks + 1 < len(codes)) & (breaks > 0)]
    before, after = codes[np.maximum(breaks - 1, 0)], codes[np.minimum(breaks + 1, len(codes) - 1)]
    before = np.where(before == ord("\r"), codes[np.maximum(breaks - 2, 0)], before)
    good = breaks[(before != ord("\n")) & (after != ord("\n")) & (after != ord("\r"))]
    return int(good[-1]) + 1 if len(good) else 0
