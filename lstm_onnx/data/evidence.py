"""What the cells of a whole column say of how its numbers are written, all at once or piece by piece.

A column of a million plain numbers is not looked at cell by cell: the first tell, where all others can be read alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from lstm_onnx.data.number_format import Evidence, gather

LOOKED_AT = 2000
"""Cells of a column that are looked at before all of them are: plain numbers are told by these."""
_KEPT = 20
"""Cells of each sort that are kept where pieces are put together."""


def of_column(cells: pl.Series, missing: frozenset[str]) -> Evidence:
    """Look at the cells of a column: at the first, and at all where these leave a doubt.

    Args:
        cells: texts.
        missing: those that stand for a missing value, beside the usual ones.
    """
    head = gather(_counted(cells.head(LOOKED_AT)), missing)
    if len(cells) <= LOOKED_AT or says_words(head) or _reads_alike(cells, head):
        return head
    return gather(_counted(cells), missing)


def says_words(head: Evidence) -> bool:
    """Whether the first cells of a column leave no doubt that it is none of numbers."""
    return bool(head.known) and 4 * head.numbers < head.known


def _reads_alike(cells: pl.Series, head: Evidence) -> bool:
    """Whether all cells are numbers of the form that the first ones have, so that no other need be looked at."""
    units = head.units.keys() - {None}
    plain = head.point and not (head.comma or head.thousands or units)
    if plain and cells.cast(pl.Float64, strict=False).null_count() == cells.null_count():
        return True
    if not head.either["."] and head.whole is not None and not units:
        whole = cells.cast(pl.Int64, strict=False)
        if whole.null_count() == cells.null_count():
            return True
    if head.comma and head.signs == {","} and not units and set(head.thousands) <= {"."}:
        known = cells.drop_nulls().str.strip_chars()
        return bool(known.str.contains(r"^[+-]?(?:[1-9][0-9]{0,2}(?:[.][0-9]{3})+|[0-9]+)(?:[,][0-9]*)?$").all())
    return False


class ColumnEvidence:
    """What a column says whose cells come piece by piece: the same as of all of them together.

    Args:
        missing: cells that stand for a missing value, beside the usual ones.
    """

    def __init__(self, missing: frozenset[str]) -> None:
        self.missing = missing
        self.found: Evidence | None = None
        self._words, self._begun = False, False

    def add(self, cells: pl.Series) -> None:
        """Look at a piece; the first may leave no doubt that all are words."""
        first, self._begun = not self._begun, True
        if self._words or cells.null_count() == len(cells):
            return
        head = gather(_counted(cells.head(LOOKED_AT)), self.missing)
        self._words = first and says_words(head)
        if self._words or len(cells) <= LOOKED_AT:
            one = head
        elif _reads_alike(cells, head):
            known = len(cells) - cells.null_count()
            one = replace(head, known=known, numbers=known, whole=_largest(cells) if head.whole is not None else None)
        else:
            one = gather(_counted(cells), self.missing)
        self.found = one if self.found is None else _both(self.found, one)

    @property
    def evidence(self) -> Evidence:
        """What all pieces said."""
        return self.found if self.found is not None else Evidence()


def _largest(cells: pl.Series) -> int | None:
    """Return the largest of the cells that are whole numbers."""
    largest = cells.cast(pl.Int64, strict=False).abs().max()
    return int(largest) if isinstance(largest, int) else None


def _both(first: Evidence, other: Evidence) -> Evidence:
    wholes = [one.whole for one in (first, other) if one.whole is not None]
    return Evidence(
        known=first.known + other.known,
        numbers=first.numbers + other.numbers,
        comma=[*first.comma, *other.comma][:_KEPT],
        point=[*first.point, *other.point][:_KEPT],
        either={mark: [*first.either[mark], *other.either[mark]][:_KEPT] for mark in first.either},
        whole=max(wholes, default=None),
        thousands=other.thousands | first.thousands,
        units=other.units | first.units,
    )


def _counted(cells: pl.Series) -> Iterable[tuple[str, int]]:
    """The different cells of a column, in the order in which they appear, each with how often it stands there."""
    table = cells.drop_nulls().rename("cell").to_frame().group_by("cell", maintain_order=True).len()
    return table.iter_rows()
