"""From a file or a folder to examples with their classes, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from lstm_onnx.data.beside import test_file_of
from lstm_onnx.data.followed import followed
from lstm_onnx.data.parts import Part
from lstm_onnx.data.table_folders import LABEL, RECORDING, read_table_folder, table_files
from lstm_onnx.data.tables import FORMATS, require
from lstm_onnx.data.text_facts import reading_notes
from lstm_onnx.data.text_files import other_encoding
from lstm_onnx.data.text_table import NoHeader
from lstm_onnx.data.ucr_format import SUFFIX
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError, nearest
from lstm_onnx_classification.columns import LABELS, Roles, find_roles, readings, wide_columns
from lstm_onnx_classification.examples import RawExamples, joined
from lstm_onnx_classification.label_sets import has_sets, with_sets
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading_lists import holds_lists, read_lists
from lstm_onnx_classification.reading_recordings import read_recordings
from lstm_onnx_classification.reading_series import read_npz, read_series_table, read_ts_file
from lstm_onnx_classification.reading_texts import names_of_archive, read_encoded, read_folders, read_text_table


def read(source: Path, config: Config, alone: bool = False) -> RawExamples:
    """Read a data set, together with its test part where that lies beside it.

    Args:
        source: file or folder.
        config: roles of the columns.
        alone: read what `source` holds and nothing beside it, as other data is read to be scored.

    Raises:
        UserError: it cannot be read; says where, what was found and what to do.
    """
    if source.is_dir():
        source, found = _in_folder(source)
        if found is None and table_files(source) and not any(source.rglob("*.txt")):
            named = {"sequence": config.sequence or (RECORDING,), "label": config.label or LABEL}
            return _read_tables(source, config.model_copy(update=named), alone)
        if found is None:
            return _joined_test(read_folders(source, config), source, config, read_folders, alone)
        alone = False  # a pair of files in the folder belongs to it
    if not source.exists():
        names = [p.name for p in source.parent.iterdir()] if source.parent.is_dir() else []
        raise UserError(f"{source}: no such file or folder{nearest(source.name, names)}")
    suffix = source.suffix.lower()
    if suffix == SUFFIX:
        return _joined_test(read_ts_file(source, config), source, config, read_ts_file, alone)
    if suffix == ".npz":
        return _joined_test(read_npz(source, config), source, config, read_npz, alone)
    if suffix not in FORMATS:
        known = ", ".join((SUFFIX, ".npz", *FORMATS))
        raise UserError(f"{source}: files of type '{source.suffix}' are not read; use one of {known}")
    return _read_tables(source, config, alone)


def files_of(source: Path, config: Config) -> tuple[Path, ...]:
    """Name what `read` reads: the source, or the training file in it, and what its test examples are in."""
    if source.is_dir():
        source, _ = _in_folder(source)
    test = test_file_of(source, config.test_file)
    if test is not None and config.test_file is None and not _has_labels(test, config):
        test = None
    return (source, test) if test is not None else (source,)


def _in_folder(folder: Path) -> tuple[Path, Path | None]:
    """Return the training file of the one pair of `.ts` files in a folder, or the folder itself if it has none."""
    files = [f for f in sorted(folder.iterdir()) if f.suffix.lower() == SUFFIX]
    if not files:
        return folder, None
    pairs = [f for f in files if test_file_of(f) is not None]
    if len(pairs) != 1:
        shown = ", ".join(f.name for f in files[:6])
        raise UserError(
            f"{folder}: holds {len(pairs)} pairs of X_TRAIN.ts and X_TEST.ts ({shown}); give the file to learn from"
        )
    return pairs[0], pairs[0]


def _has_labels(path: Path, config: Config) -> bool:
    """Whether a test file that was found has classes: that of a contest has none."""
    if path.suffix.lower() not in FORMATS or config.label is None:
        return True
    if config.flags:
        return set(config.flags) <= set(read_encoded(path, config.encoding, config.header).columns)
    return config.label in read_encoded(path, config.encoding, config.header).columns


def _read_tables(source: Path, config: Config, alone: bool) -> RawExamples:
    names, told = config.header, tuple[str, ...]()
    try:
        if source.is_dir():
            frame, told = read_table_folder(source, lambda f: read_encoded(f, config.encoding, names), labelled=True)
        else:
            frame = read_encoded(source, config.encoding, names)
    except NoHeader as error:
        found_names = names_of_archive(source, config.encoding, error.cells)
        if found_names is None:
            raise
        names, frame = found_names, read_encoded(source, config.encoding, found_names)
    for column in () if alone else config.ignore:
        require(frame, column, source, "--ignore")
    frame = _left(frame, config)
    if has_sets(config):
        frame, config = with_sets(frame, source, config, LABELS)
    if holds_lists(frame, config):

        def lists(path: Path, config: Config) -> RawExamples:
            other = frame if path == source else _left(read_encoded(path, config.encoding), config)
            if path != source and has_sets(config):
                other = with_sets(other, path, config, LABELS)[0]
            return read_lists(other, path, config)

        return _joined_test(lists(source, config), source, config, lists, alone)
    if alone:  # what is scored needs no groups and parts
        absent = [name for name in ("group", "split") if getattr(config, name) not in frame.columns]
        config = config.model_copy(update=dict.fromkeys(absent))
        if config.channels and not set(config.channels) & set(frame.columns):  # of another kind, perhaps texts
            config = config.model_copy(update={"sequence": (), "time": None, "channels": ()})
    table = Understanding(frame, source, config)
    roles = find_roles(table, source, config)
    steps = roles.channels or (wide_columns(table.looks, (*roles.others, *roles.ids)) if roles.wide else ())
    timed = (roles.time,) if roles.time in table.numbers and roles.time is not None else ()
    plain = table.with_numbers((*steps, *timed))
    understood = readings(table, roles, steps if roles.wide and not roles.blocks else ())

    def one(path: Path, config: Config) -> RawExamples:
        if path == source:
            found = plain
        else:
            other = _left(read_encoded(path, config.encoding, names), config)
            other = with_sets(other, path, config, LABELS)[0] if has_sets(config) else other
            found = followed(other, understood, path)
        if config.windows and not roles.text:
            return read_recordings(found, path, roles, config)
        read_rows = read_text_table if roles.text else read_series_table
        return read_rows(found, path, roles, config.on_missing)

    found = one(source, config)
    written = {"decimal": None if roles.text else table.decimal, "header": names}
    read = RawExamples(
        found.examples,
        found.parts,
        found.channels,
        found.table and found.table.model_copy(update={"encoding": other_encoding(config.encoding)}),
        found.column,
        config=_resolved(config, roles).model_copy(update=written),
        notes=(*told, *reading_notes(source), *table.notes((*steps, *timed)), *roles.notes, *found.notes),
        understood=understood,
    )
    return _joined_test(read, source, config, one, alone)


def _left(frame: pl.DataFrame, config: Config) -> pl.DataFrame:
    """Return a table without the columns that are to be left out."""
    return frame.drop([c for c in config.ignore if c in frame.columns])


def _resolved(config: Config, roles: Roles) -> Config:
    """Fill in what was found, so that other data is read the same way; it need not have a column `split`, too."""
    found: dict[str, object] = {"label": roles.label, "text": (roles.text,) if roles.text is not None else ()}
    if not roles.text and not roles.wide:
        found |= {"sequence": roles.ids, "time": roles.time, "channels": roles.channels}
    if roles.blocks:
        found |= {"blocks": tuple(roles.blocks)}
    return config.model_copy(update=found)


def _joined_test(
    read: RawExamples, source: Path, config: Config, reader: Callable[[Path, Config], RawExamples], alone: bool
) -> RawExamples:
    """Add the test examples of another file: the one asked for, or the partner of this one."""
    if alone:
        return read
    if config.test_file is None and read.parts is not None:
        return read
    path = test_file_of(source, config.test_file)
    if path is None:
        return read
    if config.test_file is None and not _has_labels(path, read.config or config):
        note = f"{path.name} beside it has no column '{(read.config or config).label}', so it is no test part"
        return replace(read, notes=(*read.notes, note))
    if read.parts is not None and "test" in read.parts:
        raise UserError(f"{source}: has test examples of its own, and --test-file gives others; leave one out")
    if path.is_dir() != source.is_dir():
        kind, other = ("folder", "file") if path.is_dir() else ("file", "folder")
        raise UserError(f"{path}: is a {kind} (from --test-file), and {source} is a {other}; give both alike")
    test = reader(path, config)
    if len(test.channels) != len(read.channels):
        raise UserError(
            f"{path}: has {len(test.channels)} channel{'s' * (len(test.channels) != 1)}, and {source} has "
            f"{len(read.channels)}; give files with the same channels"
        )
    named = tuple(dict.fromkeys((*read.named, *test.named)))
    before: Sequence[Part] = read.parts or ["train"] * len(read.examples)
    after: Sequence[Part] = ["test"] * len(test.examples)
    return RawExamples(
        joined([read.examples, test.examples]),
        (*before, *after),
        read.channels,
        read.table,
        read.column,
        named,
        read.config,
        (*read.notes, f"test examples of {path.name}", *test.notes),
        read.understood,
    )
