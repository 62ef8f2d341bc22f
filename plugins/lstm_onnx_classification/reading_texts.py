"""Texts from tables and from folders, and the decoding of text files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract import Table
from lstm_onnx.data.cells import parse_number
from lstm_onnx.data.parts import PART_NAMES, Part
from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.data.tables import PARQUET, read_table, row_number
from lstm_onnx.data.text_files import decode
from lstm_onnx.errors import UserError
from lstm_onnx_classification.cells import cells, has_cell, part_names, refuse_nested
from lstm_onnx_classification.columns import Roles
from lstm_onnx_classification.examples import Examples, RawExamples
from lstm_onnx_classification.labels import OnBad
from lstm_onnx_classification.options import Config

SKIP = "leave such rows out with --on-missing skip (evaluate: --set on_missing=skip)"
COLUMN = "text"
"""What the column of texts is called in a table for a model of a folder."""
_LEAST = 4
"""Cells of a line of an archive: a class, and a few steps."""


def read_encoded(path: Path, encoding: str, names: Sequence[str] = ()) -> pl.DataFrame:
    """Read a table; text files in the encoding given.

    Args:
        path: the file.
        encoding: of text files.
        names: names of the columns, for a file without a header line.

    Raises:
        UserError: it is no table, or not in this encoding; names the row and the byte.
    """
    if path.suffix.lower() in PARQUET or not path.is_file() or shown_piece() is not None:
        return read_table(path, names=names)
    return read_table(path, decoded(path, encoding).encode("utf-8"), names)


def names_of_archive(path: Path, encoding: str, cells: Sequence[str]) -> tuple[str, ...] | None:
    """Name the columns of a file without a header line that holds nothing but numbers: a class, then the steps.

    The first column of such a file, as archives of series have them, holds few whole numbers, each many times.

    Args:
        path: the file.
        encoding: of its text.
        cells: of its first line.

    Returns:
        `label` and the numbers of the steps from 0; None where the file is another.
    """
    if len(cells) < _LEAST or not all(_is_number(cell) for cell in cells):
        return None
    names = ("label", *(str(i) for i in range(len(cells) - 1)))
    frame = read_encoded(path, encoding, names)
    first = frame.get_column("label").cast(pl.Float64, strict=False)
    whole = first.null_count() == 0 and bool((first == first.floor()).all())
    return names if whole and 2 * first.n_unique() <= frame.height else None


def _is_number(cell: str) -> bool:
    return parse_number(cell) is not None


def decoded(path: Path, encoding: str) -> str:
    """Read a text file.

    Raises:
        UserError: it is not in this encoding; names the line and the byte.
    """
    advice = "give the encoding that it has with --encoding, such as latin-1, or save it as UTF-8"
    return decode(path.read_bytes(), path, encoding, advice)


def read_text_table(frame: pl.DataFrame, where: Path, roles: Roles, on_missing: OnBad = "stop") -> RawExamples:
    """Read a table with a text and a class in each row; rows that lack one are refused or left out."""
    assert roles.text is not None
    refuse_nested(frame, roles.text, where)
    column = frame.get_column(roles.text)
    texts = column.cast(pl.String)
    there = (texts.str.strip_chars() != "").fill_null(False)
    empty = (~there).arg_true()
    rows = np.arange(frame.height)
    notes: tuple[str, ...] = ()
    if on_missing == "skip":
        rows = np.flatnonzero(there.to_numpy() & has_cell(frame, roles.label, where))
        notes = left_out(where, np.setdiff1d(np.arange(frame.height), rows), "without a text or a label")
        if not len(rows):
            raise UserError(f"{where}: no row has both a text and a label")
    elif len(empty):
        more = f" (and in {len(empty) - 1:,} more rows)" if len(empty) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, int(empty[0]))}, column '{roles.text}': the text is empty{more}; fill it "
            f"in, delete the row, or {SKIP}"
        )
    numbers = [row_number(where, int(i)) for i in rows]
    parts = None
    if roles.split is not None:
        parts = part_names(cells(frame, roles.split, where, "part", rows), roles.split, numbers, where)
    return RawExamples(
        Examples(
            texts[rows].to_list(),
            cells(frame, roles.label, where, "class", rows, f"fill it in, delete the row, or {SKIP}"),
            [f"{where}: row {n}" for n in numbers],
            cells(frame, roles.group, where, "group", rows) if roles.group else None,
        ),
        parts=parts,
        table=Table(others=roles.known),
        column=roles.text,
        notes=notes,
    )


def left_out(where: Path, rows: NDArray[np.int64], why: str) -> tuple[str, ...]:
    """Note which rows of a table are left out; nothing if none is."""
    if not len(rows):
        return ()
    first = row_number(where, int(rows[0]))
    more = f", the first row {first}" if len(rows) > 1 else f", row {first}"
    return (f"left out, {why}: {len(rows):,}{more}",)


def read_folders(folder: Path, config: Config) -> RawExamples:
    """Read a folder for each class, with a `.txt` file for each text; `train` and `test` may stand above them."""
    for option, given in (("--group", config.group), ("--split", config.split), ("--label", config.label)):
        if given:
            raise UserError(f"{folder}: is a folder and has no columns, so there is none for {option}; leave it out")
    inner = _folders(folder)
    tops = {PART_NAMES[f.name.lower()]: f for f in inner if f.name.lower() in PART_NAMES}
    parted = "train" in tops
    if not parted:
        tops = {"train": folder}
    elif len(tops) < len(inner):
        others = next(f for f in inner if f.name.lower() not in PART_NAMES)
        raise UserError(f"{others}: stands beside {tops['train'].name}; move it, as it is no part of the data")
    texts: list[str] = []
    labels: list[str] = []
    places: list[str] = []
    parts: list[Part] = []
    passed = 0
    for part, top in tops.items():
        for one in _folders(top):
            files = sorted(f for f in one.rglob("*.txt") if f.is_file() and not f.name.startswith("."))
            passed += sum(f.is_file() for f in one.rglob("*")) - len(files)
            for file in files:
                texts.append(_text(file, config.encoding))
                labels.append(one.name)
                places.append(str(file))
                parts.append(part)
    if not texts:
        raise UserError(f"{folder}: holds no folder with .txt files; give a folder for each class, or a file")
    named = tuple(dict.fromkeys(one.name for top in tops.values() for one in _folders(top)))
    return RawExamples(
        Examples(texts, labels, places),
        parts=tuple(parts) if parted and len(tops) > 1 else None,
        column=COLUMN,
        named=named,
        notes=(f"passed over {passed:,} files that do not end in .txt",) if passed else (),
    )


def _folders(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _text(file: Path, encoding: str) -> str:
    text = decoded(file, encoding)
    if not text.strip():
        raise UserError(f"{file}: is empty; write the text into it, or delete the file")
    return text
