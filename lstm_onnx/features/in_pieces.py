"""Examples of a table that is read in pieces: a task's own `read` is shown piece after piece, and rows go into files.

The first rows decide how all are read: what `read` found in them goes into the options with which every piece is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from lstm_onnx.data.beside import test_file_of
from lstm_onnx.data.large_tables import (
    TableFiles,
    WholePiece,
    located,
    part_column,
    room_for,
    table_files,
    whole_pieces,
)
from lstm_onnx.data.parquet_pieces import row_count
from lstm_onnx.data.parts import Part
from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.shown_piece import ShownPiece, showing
from lstm_onnx.data.stored_rows import RowWriter
from lstm_onnx.data.tables import row_number
from lstm_onnx.errors import UserError
from lstm_onnx.features.category import Category
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.feature import OutputFeature, Stepped
from lstm_onnx.features.label_set import LabelSet
from lstm_onnx.features.remarks import in_order
from lstm_onnx.features.tags import Tags

if TYPE_CHECKING:
    from lstm_onnx.features.task import FeatureTask


def examples_in_pieces(task: FeatureTask[Any], source: Path | None, options: BaseModel) -> Examples | None:
    """Read a table in pieces, if it is one that has to be.

    Args:
        task: whose `read` knows such tables.
        source: a Parquet file, a folder or a pattern of them, or a table of text; anything else is not read here.
        options: of the task.

    Returns:
        the examples, with `StoredRows` for columns; None where the task reads the source whole.

    Raises:
        UserError: as `read`; or the table cannot be read in pieces.
    """
    if source is None or not task.in_pieces or "store" not in type(options).model_fields:
        return None
    room = room_for(source, getattr(options, "store", None))
    if room is None:
        return None
    plain = options.model_copy(update={"store": None})  # of this machine; whoever reads the data again has another
    test = test_file_of(source, plain.test_file) if "test_file" in type(plain).model_fields else None  # type: ignore[attr-defined]
    with table_files(source, room, plain) as files, ExitStack() as stack:
        scored = stack.enter_context(table_files(test, room, plain)) if test is not None else None
        if scored is not None and not scored.files:
            raise UserError(f"{test}: {source} is read in pieces, and its test file, too: write it as Parquet or CSV")
        return _Reading(task, source, plain, room, files, scored or TableFiles([], {})).all()


class _Reading:
    def __init__(
        self,
        task: FeatureTask[Any],
        source: Path,
        options: BaseModel,
        room: DiskRoom,
        files: TableFiles,
        test: TableFiles,
    ) -> None:
        self.task, self.source, self.asked, self.room, self.files, self.test = task, source, options, room, files, test
        self.split = part_column(files.files)
        self.levels: dict[str, dict[str | int, None]] = {}
        self.notes: dict[str, str] = {}

    def all(self) -> Examples:
        """Read all pieces."""
        first = WholePiece(*next(located(self.files.files)))
        head = self._read(self.files, first, self.asked, self.split)
        self.notes = {_pattern(note): note for note in head.notes}
        found = self.task.to_go_on(self.asked, head.options if head.options is not None else self.asked)
        ids = _ids(head, found)
        self._refuse(head, found, ids)
        columns = {name: RowWriter(self.room) for name in head.columns}
        places = RowWriter(self.room)
        part: list[Part] | None = [] if head.part is not None or self.test.files else None
        together: list[str] | None = [] if head.together is not None else None
        for one, is_test in self._pieces(found, ids):
            for name, writer in columns.items():
                writer.add(one.columns[name])
            places.add(one.places if one.places is not None else [""] * len(one))
            if part is not None:
                part += self._parts(one, is_test)
            if together is not None:
                together += one.together or [""] * len(one)
        outputs = [self._with_levels(f) for f in head.outputs] if head.outputs is not None else None
        options = self.task.gone_on(found, outputs or ())
        rows = row_count([*self.files.files, *self.test.files])
        told = (
            f"{rows:,} rows of {self.files.what}{f' and {self.test.what}' if self.test.files else ''} are read in "
            f"pieces, and kept in files; how they are read is decided by the first {len(first.frame):,}"
        )
        if self.files.texts:
            told += ", but how their numbers are written by all of them"
        return Examples(
            columns={name: writer.stored() for name, writer in columns.items()},
            together=together,
            part=part,
            table=head.table,
            notes=(*self.notes.values(), told),
            inputs=head.inputs,
            outputs=outputs,
            options=options,
            places=places.stored() if head.places is not None else None,
            what=head.what,
            cut=head.cut,
            understood=head.understood,
        )

    def _pieces(self, options: BaseModel, ids: tuple[str, ...]) -> Iterator[tuple[Examples, bool]]:
        for table in (self.files, self.test):
            for piece in whole_pieces(table.files, ids) if table.files else ():
                is_test = table is self.test
                one = self._read(table, piece, options, None if is_test else self.split)
                for f in one.outputs or ():
                    if isinstance(f, Category | LabelSet) and f.levels is not None:
                        self.levels.setdefault(f.name, {}).update(dict.fromkeys(f.levels))
                begin = row_number(table.source(piece.file), 0)
                where = f"{table.source(piece.file)}, from row {begin:,}"
                for note in one.notes:
                    self.notes.setdefault(_pattern(note), f"{note} (in {where}; perhaps in others)")
                yield one, is_test

    def _read(self, table: TableFiles, piece: WholePiece, options: BaseModel, split: str | None) -> Examples:
        """Show the task a piece, and hold what it gives to what can be kept."""
        path, facts = table.source(piece.file), table.facts(piece.file, piece.begin, len(piece.frame))
        with showing(ShownPiece(path, piece.frame, facts, split, self.files.evidence)) as shown:
            found = self.task.read(path, options, np.random.default_rng(0))
        if not shown.read:
            raise UserError(
                f"{self.source}: '{self.task.name}' does not read tables with read_table, so that it cannot be shown "
                "pieces: give one file that memory holds, without --store"
            )
        return found

    def _parts(self, one: Examples, is_test: bool) -> Sequence[Part]:
        if is_test and one.part is not None:
            raise UserError(
                f"{self.test.source(self.test.files[0])}: is read in pieces, of which '{self.task.name}' parts each: "
                "put the examples to score into the table to learn from, with a column 'split' of train and test"
            )
        if one.part is None or isinstance(one.part, Mapping):
            return ["test" if is_test else "train"] * len(one)
        return one.part

    def _refuse(self, head: Examples, options: BaseModel, ids: tuple[str, ...]) -> None:
        steps = any(isinstance(f, Stepped) for f in head.inputs or self.task.inputs(options))
        steps = steps or any(isinstance(f, Tags) for f in head.outputs or self.task.outputs(options))
        if steps and not ids and not (head.table is not None and head.table.steps):
            raise UserError(
                f"{self.source}: is read in pieces, as it is larger than memory, several files, or asked for with "
                "--store, and nothing tells where a sequence ends: name the column that tells them apart (--sequence)"
            )

    def _with_levels(self, feature: OutputFeature) -> OutputFeature:
        """Return an answer with the levels that any piece has."""
        known = self.levels.get(feature.name)
        if known is None or not isinstance(feature, Category | LabelSet) or set(known) == set(feature.levels or ()):
            return feature
        if isinstance(feature, LabelSet) or any(isinstance(level, int) for level in known):
            return feature.model_copy(update={"levels": tuple(sorted(known))})
        return feature.model_copy(update={"levels": tuple(in_order(map(str, known)))})


def _pattern(note: str) -> str:
    """Return a note without its numbers: what is told of each piece is told once."""
    return re.sub(r"[\d,.]+", "#", note)


def _ids(head: Examples, options: BaseModel) -> tuple[str, ...]:
    """Return the columns that tell sequences apart."""
    if head.table is not None and (head.table.ids or head.table.steps):
        return () if head.table.steps else tuple(head.table.ids)
    return tuple(getattr(options, "sequence", None) or ())
