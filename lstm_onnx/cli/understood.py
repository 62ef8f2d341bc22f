"""Shows what was understood of the columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lstm_onnx.column_reading import LEFT_OUT, ColumnReading

_ALIKE = 4
"""From so many columns in a row that are read alike on, they are told in one line."""
_SHOWN = 28
"""Characters of a cell that are shown."""
HEADINGS = ("column", "used as", "kind", "example", "odd")


def rows(readings: Sequence[ColumnReading]) -> Iterator[tuple[str, ...]]:
    """Yield a line for each column, or for several in a row that are read alike: the texts under `HEADINGS`."""
    for _, alike in groupby(readings, key=lambda r: (r.role, _kind(r), r.odd)):
        same = list(alike)
        if len(same) < _ALIKE:
            yield from (_row(r.column, r) for r in same)
        else:
            yield _row(f"{same[0].column} … {same[-1].column} ({len(same):,} columns)", same[0])


def _row(name: str, reading: ColumnReading) -> tuple[str, ...]:
    return name, reading.role, _kind(reading), _cut(reading.example or ""), reading.odd or ""


def _kind(reading: ColumnReading) -> str:
    """The kind, with how its cells are written where that is not plain."""
    how = []
    if reading.decimal is not None and reading.decimal != ".":
        how.append(f"decimal sign {reading.decimal}")
    if reading.thousands is not None:
        how.append(f"thousands by {reading.thousands if reading.thousands.strip() else 'spaces'}")
    if reading.unit is not None:
        how.append(f"in {reading.unit}")
    if reading.missing is not None:
        how.append(f"{' and '.join(reading.missing)} missing")
    if reading.levels is not None:
        how.append(f"{len(reading.levels)} levels")
    return f"{reading.kind} ({', '.join(how)})" if how else reading.kind


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"


def table(readings: Sequence[ColumnReading]) -> Table:
    """Lay out the table of what was understood."""
    found = Table(*HEADINGS, title="what was understood of the table", title_justify="left")
    for row in rows(readings):
        dim = "dim" if row[1] == LEFT_OUT else ""
        found.add_row(*(Text(cell, dim) for cell in row))
    return found


def show_understood(readings: Sequence[ColumnReading], console: Console) -> None:
    """Print the table of what was understood: ruled on a terminal, plain lines elsewhere."""
    if not readings:
        return
    if console.is_terminal:
        console.print(table(readings))
        return
    found = list(rows(readings))
    widths = [max(len(row[k]) for row in [HEADINGS, *found]) for k in range(len(HEADINGS))]
    for label, row in zip(["columns", *[""] * len(found)], [HEADINGS, *found], strict=True):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        console.print(Text(f"{label:<8}  {line}"), soft_wrap=True)
