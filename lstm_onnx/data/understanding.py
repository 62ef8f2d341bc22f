"""Decides, once and in training, how the columns of numbers of a table are read, and says what is odd about a column.

`Understanding` looks at every column; a task gives each its role, and gets back the table to work on (`with_numbers`)
and what goes into the contract (`reading`). Whoever reads later follows that (`lstm_onnx.data.followed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.column_reading import LEFT_OUT, ColumnReading
from lstm_onnx.data.cells import MISSING
from lstm_onnx.data.evidence import of_column
from lstm_onnx.data.followed import rewritten
from lstm_onnx.data.number_format import Evidence, NumberFormat, tidy
from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import is_empty, is_numeric, require, row_number
from lstm_onnx.data.text_facts import facts_of, reading_notes
from lstm_onnx.errors import UserError

_NINES = re.compile(r"-?(9{2,})(\.0+|\.9+)?\Z|-9{2,}(\.0+|\.9+)?\Z|-1\Z|-1\.0+\Z")
_FAR = 3
"""A repeated number this many ranges of all others away from them is odd."""


@dataclass
class _Numbers:
    """How the numbers of a column are written, or why that cannot be told."""

    format: NumberFormat = field(default_factory=NumberFormat)
    doubt: str | None = None


@dataclass(frozen=True)
class Settled:
    """A table whose columns have their roles.

    Attributes:
        frame: with numbers that every reader understands.
        understood: how each of its columns is read.
        notes: one line for each thing that a person should know.
    """

    frame: pl.DataFrame
    understood: tuple[ColumnReading, ...]
    notes: tuple[str, ...]


class Understanding:
    """What the cells of a table say of its columns.

    Args:
        frame: the table, as `read_table` gives it.
        where: its file, for errors.
        options: what a person says of the reading.

    Attributes:
        frame: as it was given.
        numbers: names of the columns that hold numbers, however they are written.
        looks: the table with all of these as plain numbers, to find roles by; its cells are not all that stand there.
    """

    def __init__(self, frame: pl.DataFrame, where: Path | str, options: TableOptions) -> None:
        self.frame, self.where, self.options = frame, where, options
        self.missing = frozenset(tidy(cell) for cell in options.missing)
        facts = facts_of(where)
        self.mark = facts.mark if facts is not None else ","
        piece = shown_piece()
        told = piece.evidence if piece is not None and piece.path == Path(where) else {}
        words = [c for c in frame.get_columns() if c.dtype == pl.String]
        self.evidence = {c.name: told[c.name] if c.name in told else of_column(c, self.missing) for c in words}
        held = {name for name, found in self.evidence.items() if found.known and 2 * found.numbers >= found.known}
        signs = {sign for name in held for sign in self.evidence[name].signs}
        self.sign = options.decimal or (signs.pop() if len(signs) == 1 else None)
        self.formats = {name: self._decide(name, self.evidence[name]) for name in held}
        self.numbers = held | {c.name for c in frame.get_columns() if c.dtype != pl.String and is_numeric(c)}
        self.looks = self._rewritten(frame, self.numbers, strict=False)

    def _decide(self, name: str, found: Evidence) -> _Numbers:
        chosen = self.options.decimal
        own = found.signs
        if len(own) == 2:
            pair = sorted((found.point, found.comma), key=len)
            both = " and ".join(f"'{cells[0].strip()}'" for cells in pair)
            why = f"holds {both}, of which one has a decimal point and the other a decimal comma"
            return _Numbers(doubt=f"{why}; write all alike")
        if chosen and own and chosen not in own:
            cell = (found.comma or found.point)[0].strip()
            return _Numbers(doubt=f"holds '{cell}', and --decimal {chosen} says otherwise; leave the option out")
        sign = next(iter(own), None) or chosen or self.sign
        units = {unit for unit in found.units if unit is not None}
        if len(units) > 1 or (units and None in found.units):
            first, second = (cell.strip() for cell in list(found.units.values())[:2])
            return _Numbers(doubt=f"holds '{first}' and '{second}', of several units or of none; write all in one unit")
        unit = next(iter(units), None)
        if sign is None:
            sign = self._without_evidence(found)
        if sign is None:
            cell = (found.either[","] or found.either["."])[0].strip()
            mark = "," if found.either[","] else "."
            return _Numbers(NumberFormat(unit=unit), f"'{cell}' may be {_two(cell, mark)}")
        other = "." if sign == "," else ","
        marks = set(found.thousands) | ({other} if found.either[other] else set())
        if len(marks) > 1:
            first, second = sorted(marks)[:2]
            return _Numbers(doubt=f"parts thousands by '{first}' and by '{second}'; write all alike")
        return _Numbers(NumberFormat(sign, next(iter(marks), None), unit))

    def _without_evidence(self, found: Evidence) -> str | None:
        """Return the decimal sign where no cell shows it beyond doubt; None where it must be asked for."""
        if found.either["."] and found.either[","]:
            return None
        if not (found.either["."] or found.either[","]):
            return "."
        if found.whole is not None and found.whole > 999:  # without a mark, so the others' mark is no thousands'
            return "." if found.either["."] else ","
        if found.pure(".") and self.mark != ";":
            return "."
        return None

    def refuse_doubt(self, columns: Iterable[str]) -> None:
        """Refuse columns of numbers whose way of writing cannot be told.

        Raises:
            UserError: names the column, a cell, and the option that settles it.
        """
        for name in columns:
            found = self.formats.get(name)
            if found is not None and found.doubt is not None:
                settle = ""
                if "may be" in found.doubt:
                    settle = ": say which with --decimal . (a decimal point) or --decimal , (a decimal comma)"
                raise UserError(
                    f"{self.where}: {self._row_of(name, found.doubt)}column '{name}': {found.doubt}{settle}"
                )

    def _row_of(self, name: str, doubt: str) -> str:
        """`row 7, ` of the first cell that a doubt quotes."""
        quoted = re.search(r"'([^']+)'", doubt)
        if quoted is None:
            return ""
        places = (self.frame.get_column(name).str.strip_chars() == quoted[1]).arg_true()
        return f"row {row_number(self.where, int(places[0]))}, " if len(places) else ""

    def with_numbers(self, columns: Iterable[str]) -> pl.DataFrame:
        """Return the table, with these columns as numbers that every reader understands.

        Raises:
            UserError: how a column is written cannot be told, or a cell is written otherwise than the others.
        """
        chosen = [c for c in dict.fromkeys(columns) if c in self.frame.columns]
        self.refuse_doubt(chosen)
        return self._rewritten(self.frame, chosen, strict=True)

    def follow(self, frame: pl.DataFrame, columns: Iterable[str], where: Path | str) -> pl.DataFrame:
        """Return other rows of the same table, with these columns as `with_numbers` gives them.

        Args:
            frame: the rows.
            columns: of numbers.
            where: they stand, for errors.

        Raises:
            UserError: a cell is written otherwise than those that were looked at.
        """
        changed = []
        for name in columns:
            require(frame, name, where)
            how = self.formats.get(name, _Numbers()).format
            if not how.is_plain or self.missing:
                changed.append(rewritten(frame.get_column(name), how, self.missing, where))
        return frame.with_columns(changed) if changed else frame

    def _rewritten(self, frame: pl.DataFrame, columns: Iterable[str], *, strict: bool) -> pl.DataFrame:
        changed = []
        for name in columns:
            how = self.formats.get(name, _Numbers()).format
            if not how.is_plain or self.missing:
                cells = frame.get_column(name)
                changed.append(rewritten(cells, how, self.missing, self.where if strict else None))
        return frame.with_columns(changed) if changed else frame

    @property
    def decimal(self) -> str | None:
        """The decimal sign of all text columns of numbers; None where they differ, or there is none."""
        signs = {f.format.decimal for f in self.formats.values() if f.doubt is None}
        return self.options.decimal or (signs.pop() if len(signs) == 1 else None)

    def notes(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return one line for each way of writing numbers that is not plain, and for each number that seems a code."""
        ways: dict[str, list[str]] = {}
        said = []
        for name in columns:
            how = self.formats.get(name, _Numbers()).format
            found = self.evidence.get(name)
            if found is not None and found.pure(".") and self.options.decimal is None and self.sign is None:
                cell = found.either["."][0].strip()
                said.append(
                    f"column '{name}': '{cell}' and the like are read as {cell.replace('.', ' point ')}; if the point "
                    "parts thousands, give --decimal ,"
                )
            if not how.is_plain:
                ways.setdefault(how.describe(), []).append(name)
            if self.missing and (count := self._count_missing(name)):
                said.append(f"column '{name}': {count:,} cells of {' or '.join(self.options.missing)} count as missing")
            if (odd := self.code_of(name)) is not None:
                said.append(f"column '{name}': {odd}")
        for way, names in ways.items():
            shown = ", ".join(f"'{n}'" for n in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            said.append(f"column{'s' * (len(names) > 1)} {shown}: {way}")
        return tuple(said)

    def _count_missing(self, name: str) -> int:
        before, after = (frame.get_column(name).null_count() for frame in (self.frame, self.looks))
        return after - before

    def code_of(self, name: str) -> str | None:
        """Say which number of a column probably stands for a missing value: repeated, and far from all others."""
        cells = self.looks.get_column(name)
        if name not in self.numbers or cells.dtype == pl.Boolean:
            return None
        values = cells.cast(pl.Float64, strict=False).drop_nulls().drop_nans().to_numpy()
        if len(values) < 8:
            return None
        for value in (float(values.min()), float(values.max())):
            same = values == value
            rest, count = values[~same], int(same.sum())
            text = f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
            if count < 2 or not _NINES.match(text) or len(rest) < 4 or text in ("-1", "99"):
                continue
            spread = float(rest.max() - rest.min())
            near = float(rest.min() - value) if value < rest.min() else float(value - rest.max())
            if near > _FAR * spread:
                return (
                    f"{text} in {count:,} rows is far from all others ({rest.min():g} to {rest.max():g}); if it stands "
                    f"for a missing value, give --missing={text}"
                )
        return None

    def settle(self, roles: Mapping[str, tuple[str, str | None]], odd: Mapping[str, str] | None = None) -> Settled:
        """Return the table to work on, what goes into the contract, and what a person should know.

        Args:
            roles: of columns: a word of the task's, and what the cells are (number, category, text, time, id; None
                leaves that to the cells). Nothing is made of the other columns.
            odd: what a person should look at, or why a column is left out.

        Raises:
            UserError: as `with_numbers`.
        """
        used = {c: role for c, role in roles.items() if c in self.frame.columns}
        numbers = [c for c, (_, kind) in used.items() if kind == "number" or (kind is None and c in self.numbers)]
        why = odd or {}
        readings = [self.reading(c, *used.get(c, (LEFT_OUT, None)), odd=why.get(c)) for c in self.frame.columns]
        notes = (*reading_notes(self.where), *self.notes(numbers))
        return Settled(self.with_numbers(numbers), tuple(readings), notes)

    def reading(self, column: str, role: str, kind: str | None = None, odd: str | None = None) -> ColumnReading:
        """Return what goes into the contract of a column, with its role.

        Args:
            column: its name.
            role: what it is used as.
            kind: what its cells are, where the task knows; else number or text, by its cells.
            odd: what a person should look at; found by itself for numbers, and of what is left out and empty.
        """
        kind = kind or ("number" if column in self.numbers else self._kind(column))
        how = self.formats.get(column, _Numbers()).format if kind == "number" else NumberFormat()
        if role == LEFT_OUT and is_empty(self.frame.get_column(column)):
            odd = "is empty"
        return ColumnReading(
            column=column,
            role=role,
            kind=kind,
            decimal=how.decimal if how.decimal != "." else None,
            thousands=how.thousands,
            unit=how.unit,
            missing=self.options.missing or None if kind == "number" else None,
            example=self.example(column),
            odd=odd if odd is not None else (self.code_of(column) if kind == "number" else None),
        )

    def _kind(self, column: str) -> str:
        cells = self.frame.get_column(column)
        if cells.dtype.is_temporal():
            return "time"
        if cells.dtype.is_nested():
            return "list"
        known = cells.drop_nulls()
        return "category" if len(known) and known.n_unique() <= max(2, len(known) // 4) else "text"

    def example(self, column: str) -> str | None:
        """Return the first cell that says something."""
        for cell in self.frame.get_column(column).head(100).to_list():
            if cell is not None and str(cell).strip().lower() not in MISSING:
                return str(cell)
        return None

    def is_constant(self, column: str) -> bool:
        """Whether all known cells of a column of numbers are one number."""
        values = self.values(column)
        return len(values) > 1 and bool((values == values[0]).all())

    def values(self, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the known numbers of a column, in their order."""
        cells = self.looks.get_column(column).cast(pl.Float64, strict=False)
        found: np.ndarray[tuple[int], np.dtype[np.float64]] = cells.drop_nulls().drop_nans().to_numpy()
        return found


def _two(cell: str, mark: str) -> str:
    """Say the two numbers that a cell may be: `1234 or 1.234`."""
    digits = cell.replace("\u00a0", " ").strip()
    return f"{digits.replace(mark, '')} or {digits.replace(mark, '.')}"
