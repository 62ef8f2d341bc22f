"""What a reader gives: names of pictures with captions, as they stand in a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.parts import Part
from lstm_onnx.errors import UserError
from lstm_onnx_captioning.options import Config


@dataclass(frozen=True)
class Row:
    """A picture's name with captions.

    Attributes:
        name: path of the picture, relative to some folder or absolute.
        captions: as they are written; may be none.
        part: where the picture belongs, if that is said.
        place: where this stands: `captions.csv: row 3`.
    """

    name: str
    captions: tuple[str, ...]
    part: Part | None
    place: str


@dataclass(frozen=True)
class RawCaptions:
    """The content of a file of captions.

    Attributes:
        rows: may name a picture several times.
        config: the options with what was found filled in.
        notes: one line for each thing that was found or left out.
        understood: how each column is read, where it is a table.
    """

    rows: list[Row]
    config: Config
    notes: tuple[str, ...] = ()
    understood: tuple[ColumnReading, ...] = ()


def merged(rows: Iterable[Row], source: Path) -> list[Row]:
    """Put all captions of a picture into one row, where the picture is named first.

    Raises:
        UserError: a picture is said to be in two parts.
    """
    found: dict[str, Row] = {}
    for row in rows:
        first = found.setdefault(row.name, row)
        if first.part != row.part:
            before = first.place.removeprefix(f"{source}: ")
            raise UserError(
                f"{row.place}: puts '{row.name}' into {row.part or 'no part'}, and {before} into "
                f"{first.part or 'no part'}; a picture with all its captions has to be in one"
            )
        if first is not row:
            found[row.name] = Row(row.name, (*first.captions, *row.captions), row.part, first.place)
    return list(found.values())
