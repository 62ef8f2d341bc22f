"""From a file of text to a table of text cells: what separates them, where the header is, and what is no data.

What stands around the data is passed over and noted: remarks above the header, a line `sep=;`, a line of units below
it, the header repeated in the middle, empty lines, a row of totals at the end. A quotation mark that is never closed,
or only many rows later, is a character of its cell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.cells import SEPARATORS, refuse_equal_names, rows_of_cells, separator, split_line
from lstm_onnx.data.header_rows import is_totals, is_units, names_columns, seems_data
from lstm_onnx.data.text_facts import TextFacts, remember
from lstm_onnx.data.text_files import decode
from lstm_onnx.errors import UserError, nothing_in

_LOOKED_AT = 50
"""Lines that tell what separates cells, and where the header is."""
HEAD = 1 << 20
"""Bytes that hold them."""
_SEP = re.compile(r"sep=(.)\Z", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=\d),(?=\d)")
_UNITS = 3
"""Lines below the header that may say more of the columns."""
_TOTALS = 2
_ENDS = re.compile(rb"\r\n|\n")


class NoHeader(UserError):
    """The first line of a file holds data, and names no columns.

    Attributes:
        cells: what it holds.
    """

    cells: tuple[str, ...] = ()


def parse_text(path: Path, data: bytes, names: Sequence[str] = ()) -> pl.DataFrame:
    """Read a table of text; see `lstm_onnx.data.tables.read_table`, and `text_facts` for what was passed over.

    Args:
        path: the file, for errors, and for what its ending says.
        data: what it holds.
        names: names of the columns, where the file has no header line.

    Raises:
        UserError: it cannot be read as a table; `NoHeader` where its first line holds data.
    """
    refuse_utf16(path, data)
    data = decode(data, path).rstrip("\r\n").encode()
    if not data.strip():
        raise nothing_in(path)
    refuse_zero_bytes(path, data)
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    notes: list[str] = []
    above, mark, data = beginning(path, data, notes)
    frame, rows = with_header(Lines(path, data, mark, above + 1), names, notes)
    frame, rows = without_other_rows(frame, rows, notes)
    remember(path, TextFacts(mark, None if _as_they_stand(rows) else rows, tuple(notes)))
    return frame


def refuse_utf16(path: Path, head: bytes) -> None:
    """Refuse what begins as UTF-16 does."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{path}: is UTF-16 text; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')")


def refuse_zero_bytes(path: Path, data: bytes) -> None:
    """Refuse what text does not hold."""
    if b"\0" in data:
        raise UserError(f"{path}: is not a text table (it holds zero bytes); is the file type '{path.suffix}' right?")


def _as_they_stand(rows: NDArray[np.int64]) -> bool:
    return bool(np.array_equal(rows, np.arange(2, len(rows) + 2)))


# --- above the data --------------------------------------------------------------------------------------------------


def beginning(path: Path, data: bytes, notes: list[str]) -> tuple[int, str, bytes]:
    """Pass over what stands above the header: the number of lines of it, what separates cells, and the rest."""
    head = data[:HEAD].decode(errors="replace").split("\n")
    if len(data) > HEAD and len(head) > 1:
        head.pop()  # cut short
    head = [line.removesuffix("\r") for line in head[:_LOOKED_AT]]
    if len(head) > 1 and (told := _SEP.match(head[0].strip())):
        notes.append(f"row 1 ('{head[0].strip()}') says what separates cells, and is passed over")
        return 1, told[1], _rest(data, 1)
    above = 0
    while above < len(head) - 1 and (head[above].lstrip().startswith("#") or not head[above].strip()):
        above += 1
    fallback = "\t" if path.suffix.lower() == ".tsv" else None
    mark, width = _shape(head[above:], fallback)
    if above and width > 1 and _width(head[above - 1], mark) == width:
        above -= 1  # a header that begins with #
    while width > 1 and above < len(head) - 2 and _is_remark(head[above:], mark, width):
        above += 1
        mark, width = _shape(head[above:], fallback)
    if above:
        first = next(line.strip() for line in head[:above] if line.strip() or above == 1)
        rows = f"rows 1 to {above} ('{first[:40]}' …) stand" if above > 1 else f"row 1 ('{first[:40]}') stands"
        notes.append(f"{rows} above the header: passed over")
    return above, mark, _rest(data, above)


def _shape(lines: Sequence[str], fallback: str | None) -> tuple[str, int]:
    """What separates cells, and how many most lines have."""
    mark = fallback or _mark(lines)
    return mark, Counter(_width(line, mark) for line in lines if line.strip()).most_common(1)[0][0]


def _is_remark(lines: Sequence[str], mark: str, width: int) -> bool:
    """Whether the first line stands above a table of several columns: one text, or nothing; or a name and its value.

    Such as `Meter;4711`, with fewer cells than the lines below, of which the first with all of them is a header.
    """
    cells = split_line(lines[0], mark) if lines[0].strip() else []
    if len(cells) < 2 or (width > 2 and sum(bool(cell) for cell in cells) < 2):
        return True
    if len(cells) >= width:
        return False
    known = [line for line in lines[1:] if line.strip()]
    whole = [below for line in known if len(below := split_line(line, mark)) == width]
    return len(whole) > 2 and names_columns(whole[0], whole[1:])


def _rest(data: bytes, lines: int) -> bytes:
    ends = [m.end() for _, m in zip(range(lines), _ENDS.finditer(data), strict=False)]
    return data[ends[-1] :] if ends else data


def _mark(lines: Sequence[str]) -> str:
    """What separates cells: that by which the lines have most cells, all as many; else what the header has most of."""
    known = [line for line in lines if line.strip()]
    if len(known) < 2:
        return separator(known[0]) if known else ","
    header = separator(known[0])
    width = _width(known[0], header)
    if width > 1 and all(_width(line, header) == width for line in known):
        return ";" if header == "," and _has_decimal_commas(known) else header
    found = []
    for place, mark in enumerate(SEPARATORS):
        counts = Counter(_width(line, mark) for line in known)
        most, often = counts.most_common(1)[0]
        if most > 1:
            found.append((often / len(known) if often > 1 else 0, _width(known[0], mark) == most, most, -place))
    if not found:
        return header
    best = max(found)
    return SEPARATORS[-best[3]] if best[0] > 0.5 else header


def _has_decimal_commas(lines: Sequence[str]) -> bool:
    """Whether semicolons part all lines alike, and each comma below the header stands between digits."""
    width = _width(lines[0], ";")
    rows = lines[1:]
    commas = sum(line.count(",") for line in rows)
    between = sum(len(_BETWEEN.findall(line)) for line in rows)
    return width > 1 and commas == between and all(_width(line, ";") == width for line in rows)


def _width(line: str, mark: str) -> int:
    return len(split_line(line, mark))


# --- the cells -------------------------------------------------------------------------------------------------------


def with_header(lines: Lines, names: Sequence[str], notes: list[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return the table of a header line and what follows, and the number of each of its rows in the file.

    Args:
        lines: from the header on.
        names: of the columns, where there is no header.
        notes: gets a line for what was passed over.

    Raises:
        UserError: the lines are no table; `NoHeader` where the first of them holds data.
    """
    path, mark, row = lines.path, lines.mark, lines.number
    header = [name.strip() for name in lines.first]
    if list(names) == header:  # it has a header line after all
        names = ()
    if names:
        if len(names) != len(header):
            raise UserError(
                f"{path}: row {row}: has {len(header)} cells, and {len(names)} names of columns are given (from "
                f"--header: {', '.join(names[:8])}); name each column once"
            )
        skip, given = 0, list(names)
    else:
        skip, given = 1, header
    frame, rows = lines.frame(len(header), skip, notes)
    if not names and frame.height and (why := seems_data(header, frame)) is not None:
        remember(path, TextFacts(mark))
        error = NoHeader(
            f"{path}: row {row} seems to be data ('{mark.join(lines.first)[:60]}': {why}), and should name the "
            "columns; add a header row, or give the names with --header"
        )
        error.cells = tuple(lines.first)
        raise error
    refuse_equal_names(given, path)
    frame.columns = [name or f"column {i + 1}" for i, name in enumerate(given)]
    if not given[0] and frame.width > 1 and _counts_rows(frame.to_series(0)):
        frame = frame.drop(frame.columns[0])
    return frame, rows


def _counts_rows(column: pl.Series) -> bool:
    numbers = column.cast(pl.Int64, strict=False)
    return numbers.null_count() == 0 and numbers.to_list() == list(range(len(numbers)))


class Lines:
    """Lines of a table.

    Args:
        path: the file, for errors.
        data: text of the lines, without line ends at the end.
        mark: what separates cells.
        number: of the first of them in the file.
    """

    def __init__(self, path: Path, data: bytes, mark: str, number: int) -> None:
        self.path, self.data, self.mark, self.number = path, data, mark, number
        first = data.split(b"\n", 1)[0].decode()
        if first.count('"') % 2:  # a name that goes on in the next line
            first = "\n".join(_lines_of(data.decode())[: 1 + _LOOKED_AT])
        self.first = [" ".join(name.split()) for name in next(_records(first, mark, 1))[1]]

    def frame(self, width: int, skip: int, notes: list[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        """Return the cells of all but the first `skip` lines, and the number of each row in the file."""
        if self.quotes_span_lines:
            rows, numbers = self._by_hand(width, skip, notes)
            schema = {str(i): pl.String for i in range(width)}
            return pl.DataFrame(rows, schema=schema, orient="row").select(
                pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep()
            ), numbers
        numbers = self._drop_empty(width, notes)
        self._check_rectangle(width, numbers, headed=skip == 1)
        frame = pl.read_csv(self.data, separator=self.mark, infer_schema=False, has_header=False, new_columns=None)
        return frame[skip:], numbers[skip:]

    @cached_property
    def quotes_span_lines(self) -> bool:
        """Whether a line has an odd number of quotation marks, so that a cell goes on in the next one."""
        if b'"' not in self.data:
            return False
        codes = np.frombuffer(self.data, dtype=np.uint8)
        ends = np.append(np.flatnonzero(codes == ord("\n")), len(codes))
        quotes = np.searchsorted(np.flatnonzero(codes == ord('"')), ends)
        return bool((np.diff(quotes, prepend=0) % 2).any())

    def _drop_empty(self, width: int, notes: list[str]) -> NDArray[np.int64]:
        """Take empty lines out of a table of several columns, and return the number of each line that is left."""
        codes = np.frombuffer(self.data, dtype=np.uint8)
        ends = np.append(np.flatnonzero(codes == ord("\n")), len(codes))
        numbers = self.number + np.arange(len(ends), dtype=np.int64)
        starts = np.append(0, ends[:-1] + 1)
        bare = ends - starts - ((ends > starts) & (codes[np.maximum(ends - 1, 0)] == ord("\r")))
        empty = bare == 0
        if width == 1 or not empty.any():
            return numbers
        keep = np.ones(len(codes) + 1, dtype=np.bool_)
        for start, end in zip(starts[empty], ends[empty], strict=True):
            keep[start : end + 1] = False
        self.data = codes[keep[: len(codes)]].tobytes().rstrip(b"\r\n")
        _note_empty(numbers[empty], notes)
        left: NDArray[np.int64] = numbers[~empty]
        return left

    def _check_rectangle(self, width: int, numbers: NDArray[np.int64], headed: bool) -> None:
        """Refuse rows with more or fewer cells than the header: polars would fill short rows without a word."""
        if b'"' in self.data:
            cells = np.fromiter((len(r) for r in rows_of_cells(self.data.decode(), self.mark)), dtype=np.int64)
            cells = np.where((cells == 0) & (width == 1), 1, cells)
        else:
            codes = np.frombuffer(self.data, dtype=np.uint8)
            ends = np.append(np.flatnonzero(codes == ord("\n")), len(codes))
            cuts = np.flatnonzero(codes == ord(self.mark))
            cells = np.diff(np.searchsorted(cuts, ends), prepend=0) + 1
        if len(cells) != len(numbers):
            raise UserError(
                f"{self.path}: a carriage return stands alone within a line, where other lines end in a line feed; "
                "save the file with one kind of line ends"
            )
        bad = np.flatnonzero(cells != width)
        if len(bad):
            usual, often = Counter(cells[1:].tolist()).most_common(1)[0]
            if headed and usual != width and 2 * often > len(cells) > 2:
                self._refuse_header(int(numbers[0]), width, usual)
            self._refuse(int(numbers[bad[0]]), int(cells[bad[0]]), width, len(bad) - 1)

    def _refuse_header(self, row: int, width: int, usual: int) -> None:
        raise UserError(
            f"{self.path}: row {row} ('{self.mark.join(self.first)[:40]}') should name the columns, and has {width} "
            f"cell{'s' * (width != 1)} where most rows below have {usual}; name each column, or delete what stands "
            f"above the header (cells are separated by {_spoken(self.mark)})"
        )

    def _refuse(self, row: int, found: int, width: int, others: int) -> None:
        more = f" (and {others} more rows)" if others > 0 else ""
        raise UserError(
            f"{self.path}: row {row}: has {found} cell{'s' * (found != 1)} where the header has {width}{more}; "
            f"complete or delete it (cells are separated by {_spoken(self.mark)}, and text with one needs quotes)"
        )

    def _by_hand(self, width: int, skip: int, notes: list[str]) -> tuple[list[list[str]], NDArray[np.int64]]:
        """Read rows of which some hold line ends in quotes, or quotation marks that are no quotes."""
        rows: list[list[str]] = []
        numbers: list[int] = []
        stray: list[int] = []
        empty: list[int] = []
        for number, cells, is_stray in _records(self.data.decode(), self.mark, width):
            place = self.number + number
            if not cells and width > 1:
                empty.append(place)
                continue
            if is_stray and len(cells) != width:
                raise UserError(
                    f"{self.path}: row {place}: has a quotation mark that is not closed within the row, and "
                    f"{len(cells)} cells where the header has {width}; close it, or take it out"
                )
            if len(cells or [""]) != width:
                self._refuse(place, len(cells), width, 0)
            stray += [place] * is_stray
            rows.append(cells or [""])
            numbers.append(place)
        if stray:
            more = f" (and in {len(stray) - 1:,} more rows)" if len(stray) > 1 else ""
            notes.append(
                f"row {stray[0]}{more}: a quotation mark that is not closed within the row is read as a character"
            )
        if empty:
            _note_empty(np.array(empty), notes)
        return rows[skip:], np.array(numbers[skip:], dtype=np.int64)


def _note_empty(numbers: NDArray[np.int64], notes: list[str]) -> None:
    more = f" (and {len(numbers) - 1:,} more)" if len(numbers) > 1 else ""
    notes.append(f"row {int(numbers[0])}{more} is empty: passed over")


def _records(text: str, mark: str, width: int) -> Iterator[tuple[int, list[str], bool]]:
    """Yield each record: the number of records and lines passed over before it, its cells, and if quotes were stray.

    A cell in quotes may hold line ends, unless each of its lines is a whole row by itself: then no cell was meant to
    go on, and the quotation mark is a character.
    """
    lines = _lines_of(text)
    place, number = 0, 0
    while place < len(lines):
        line = lines[place]
        if not line.strip():
            yield number, [], False
        elif '"' not in line:
            yield number, line.split(mark), False
        elif line.count('"') % 2 == 0:
            yield number, next(rows_of_cells(line, mark)), False
        elif (found := _longer(lines, place, mark, width)) is not None:
            cells, place = found
            yield number, cells, False
        else:
            yield number, line.split(mark), True
        place += 1
        number += 1


def _lines_of(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _longer(lines: Sequence[str], place: int, mark: str, width: int) -> tuple[list[str], int] | None:
    """Return the cells of a record that goes on in later lines, and its last line; None where a mark is stray."""
    end = next((k for k in range(place + 1, len(lines)) if lines[k].count('"') % 2), None)
    if end is None:
        return None
    span = lines[place : end + 1]
    if width > 1 and all(len(line.split(mark)) == width for line in span):
        return None
    records = list(rows_of_cells("\n".join(span), mark))
    if len(records) != 1 or not _opens(span[0], mark) or not _closes(span[-1], mark):
        return None
    return records[0], end


def _opens(line: str, mark: str) -> bool:
    """Whether the last cell that begins with a quotation mark may go on in the next line."""
    return any(cell.startswith('"') for cell in line.split(mark))


def _closes(line: str, mark: str) -> bool:
    """Whether a cell that began in a line before may end here: a quotation mark at the end of a cell."""
    return any(cell.endswith('"') for cell in line.split(mark))


def _spoken(mark: str) -> str:
    return {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright bars"}.get(mark, f"'{mark}'")


# --- below and among the data ----------------------------------------------------------------------------------------


def without_other_rows(
    frame: pl.DataFrame, rows: NDArray[np.int64], notes: list[str], first: bool = True, last: bool = True
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Take out rows that are no data, and note each kind; only the first rows hold units, only the last add up."""
    if frame.width < 2 or frame.height < 2:
        return frame, rows
    keep = np.ones(frame.height, dtype=np.bool_)
    for index in range(min(_UNITS, frame.height - 1) if first else 0):
        if not is_units(frame, index):
            break
        keep[index] = False
        shown = ", ".join(f"'{cell}'" for cell in frame.row(index)[:4] if cell)
        notes.append(f"row {rows[index]} ({shown}) holds no data, such as units: passed over")
    for index in (frame.get_column(frame.columns[0]) == frame.columns[0]).arg_true():
        if [str(cell or "").strip() for cell in frame.row(int(index))] == [c.strip() for c in frame.columns]:
            keep[int(index)] = False
            notes.append(f"row {rows[int(index)]} repeats the header: passed over")
    nulls = [column.null_count() for column in frame.get_columns()]
    bare = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().arg_true().to_numpy() if min(nulls) else ()
    if len(bare):
        keep[bare] = False
        _note_empty(rows[bare], notes)
    for index in range(frame.height - 1, max(0, frame.height - 1 - _TOTALS) if last else frame.height - 1, -1):
        if not keep[index]:
            continue
        word = is_totals(frame, index)
        if word is None:
            break
        keep[index] = False
        notes.append(f"row {rows[index]} ('{word}') adds up others: passed over")
    if keep.all():
        return frame, rows
    return frame.filter(pl.Series(keep)), rows[keep]
