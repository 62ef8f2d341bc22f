"""Cuts a large file of text into pieces that are tables by themselves: its first lines, the header, and some records.

Only whole records are cut apart: a cell in quotes may hold line ends. Where quotation marks do not come in pairs within
`LONGEST` bytes, nobody can say where a record ends without reading all of it, and the file stays whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.text_files import decode
from lstm_onnx.data.text_table import HEAD, beginning, parse_text
from lstm_onnx.errors import UserError

Whole = NDArray[np.int64]

LINES = (".jsonl", ".ndjson")
"""Files with a record in each line, and no header."""
LONGEST = 1 << 24
"""Bytes of a record, at most."""
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Records:
    """Where the records of a file lie.

    Attributes:
        head: bytes up to the first record, which every piece begins with.
        ends: where each record ends, in bytes from the beginning of the file (records,).
        mark: what separates cells; empty in files of lines.
        above: lines above the header.
    """

    head: int
    ends: Whole
    mark: str
    above: int

    def span(self, begin: int, rows: int) -> tuple[int, int]:
        """Return where the bytes of some records begin and end."""
        return int(self.ends[begin - 1]) if begin else self.head, int(self.ends[begin + rows - 1])


def find_records(path: Path) -> Records | None:
    """Find where each record of a file ends, reading it once; None where that cannot be told.

    Args:
        path: a `.csv`, `.tsv`, `.txt` or JSON-lines file.
    """
    if path.suffix.lower() in LINES:
        ends = _ends(path, 0, quoted=False)
        return None if ends is None else Records(0, ends, "", 0)
    found = _header(path)
    if found is None:
        return None
    head, mark, above = found
    ends = _ends(path, head, quoted=True)
    return None if ends is None or not len(ends) else Records(head, ends, mark, above)


def _header(path: Path) -> tuple[int, str, int] | None:
    """Return where the header line ends, what separates cells, and the lines above it; None where it is not plain."""
    with path.open("rb") as file:
        data = file.read(HEAD)
    data = data[: data.rfind(b"\n") + 1]
    try:
        parse_text(path, data)  # is there a header at all?
        above, mark, rest = beginning(path, decode(data, path).encode(), [])
    except UserError:
        return None  # whoever reads it says what is wrong
    breaks = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
    if rest.split(b"\n", 1)[0].count(b'"') % 2 or len(breaks) <= above:
        return None
    return int(breaks[above]) + 1, mark, above


def piece_of(path: Path, head: int, begin: int, end: int) -> bytes:
    """Return the first `head` bytes of a file, and those from `begin` to `end`."""
    with path.open("rb") as file:
        first = file.read(head)
        file.seek(begin)
        return first + file.read(end - begin)


def column_runs(path: Path, records: Records, names: list[str]) -> pl.DataFrame | None:
    """Return the runs of equal cells in some columns, as `value` and `len`; None where the rows are not the records.

    Args:
        path: the file.
        records: as `find_records` found them.
        names: of the columns; those that the file has not are left out.
    """
    try:
        lazy = pl.scan_csv(
            path,
            separator=records.mark,
            skip_lines=records.above,
            infer_schema=False,
            encoding="utf8-lossy",
            with_column_names=lambda given: [" ".join(name.split()) for name in given],
        )
        chosen = [name for name in names if name in lazy.collect_schema().names()]
        if not chosen:
            return None
        runs = lazy.select(pl.struct(chosen).rle()).unnest(chosen[0]).collect(engine="streaming")
    except pl.exceptions.PolarsError:
        return None
    return runs if int(runs.get_column("len").sum()) == len(records.ends) else None


def _ends(path: Path, begin: int, quoted: bool) -> Whole | None:
    """Return where records end; None where quotation marks do not come in pairs."""
    found: list[Whole] = []
    marks, last = 0, begin
    for place, codes in _chunks(path, begin):
        breaks = np.flatnonzero(codes == ord("\n"))
        if quoted:
            quotes = np.flatnonzero(codes == ord('"'))
            breaks = breaks[(marks + np.searchsorted(quotes, breaks)) % 2 == 0]
            marks += len(quotes)
        if len(breaks):
            found.append(place + breaks + 1)
            last = int(found[-1][-1])
        elif place + len(codes) - last > LONGEST:
            return None
    if marks % 2:
        return None
    size = path.stat().st_size
    if size > last:  # no line end after the last record
        found.append(np.array([size], dtype=np.int64))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _chunks(path: Path, begin: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    with path.open("rb") as file:
        file.seek(begin)
        while data := file.read(_CHUNK):
            yield begin, np.frombuffer(data, dtype=np.uint8)
            begin += len(data)
