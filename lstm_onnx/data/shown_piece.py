"""The rows of a large table that a reader is shown in the place of the whole, so that it need not know of pieces.

Within `showing`, `read_table` hands out the piece where it is asked for the file; rows keep the numbers that they have
in the file, no test file is found beside it, and the column of parts is that of the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from lstm_onnx.data.number_format import Evidence
from lstm_onnx.data.text_facts import TextFacts, remember


@dataclass
class ShownPiece:
    """Some rows of a table.

    Attributes:
        path: the file whose name they are asked by.
        frame: the rows.
        facts: what separates the cells of the file, the number that each row has there, and what was passed over.
        split: the column that says which part a row belongs to; None where the table has none.
        evidence: what all cells of the whole table say of how the numbers of columns of text are written.
        read: whether somebody has asked for them.
    """

    path: Path
    frame: pl.DataFrame
    facts: TextFacts
    split: str | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    read: bool = False

    def handed_out(self) -> pl.DataFrame:
        """Return the rows, and remember their numbers for errors."""
        self.read = True
        remember(self.path, self.facts)
        return self.frame


_current: ContextVar[ShownPiece | None] = ContextVar("_current", default=None)


@contextmanager
def showing(piece: ShownPiece) -> Iterator[ShownPiece]:
    """Show a piece to whoever reads its file within the block."""
    token = _current.set(piece)
    try:
        yield piece
    finally:
        _current.reset(token)


def shown_piece() -> ShownPiece | None:
    """Return the piece that is shown, if one is."""
    return _current.get()
