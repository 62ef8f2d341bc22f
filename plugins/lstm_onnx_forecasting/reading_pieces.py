"""A table that is larger than memory: its first rows decide how it is read, and all others are held to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from lstm_onnx.data.categories import find_levels, with_levels
from lstm_onnx.data.large_tables import TableFiles, room_for, table_files
from lstm_onnx.data.parquet_pieces import parquet_files, pieces, row_count
from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.series_on_disk import Piece, fits_single, lay_out
from lstm_onnx.data.shown_piece import ShownPiece, showing
from lstm_onnx.data.text_facts import reading_notes, remember
from lstm_onnx.data.time_series import regular_series
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_parts import listed
from lstm_onnx_forecasting.columns import find_roles, readings
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.reading import ReadSeries, read_numbers, refuse_unusable


def room_of(source: Path, config: Config) -> DiskRoom | None:
    """Return where the windows of a table are to be kept if it is to be read in pieces; None if it is not."""
    if source.is_dir() and not parquet_files(source):
        raise UserError(f"{source}: is a folder without Parquet files; give one file, or a folder of Parquet files")
    return DiskRoom() if source.is_dir() and config.store is None else room_for(source, config.store)


def read_pieces(source: Path, config: Config, notes: list[str], room: DiskRoom) -> ReadSeries:
    """Read a table piece by piece; see `lstm_onnx.data.series_on_disk`.

    Args:
        source: a Parquet file, a folder or a pattern of them, or a file of text.
        config: roles of the columns.
        notes: gets what was chosen without being told.
        room: where the rows are kept.

    Raises:
        UserError: the table cannot be used, or not in pieces.
    """
    _refuse(source, config)
    with table_files(source, room, config) as table:
        return _read(source, table, config, notes, room)


def _read(source: Path, table: TableFiles, config: Config, notes: list[str], room: DiskRoom) -> ReadSeries:
    where, begin, head = next(_located(table))
    facts = table.facts(table.files[0], begin, len(head))
    with showing(ShownPiece(Path(where), head, facts, None, table.evidence)) as shown:
        understood = Understanding(shown.handed_out(), where, config)
    roles = find_roles(understood, config)
    asked = roles
    levels = {c: find_levels(understood.looks, c, where, config.levels) for c in roles.words(understood)}
    roles = roles.with_levels(levels)
    plain = [c for c in asked.numbers if c not in levels]
    first = with_levels(understood.with_numbers(plain), levels, where)
    decided = read_numbers(first, Path(where), roles, config)
    notes += [*reading_notes(where), *understood.notes(asked.numbers), *roles.notes]

    def read() -> Iterator[Piece]:
        used = dict.fromkeys((*roles.time, *roles.series, *asked.numbers))
        for place, _, frame in _located(table, list(used)):
            frame = with_levels(understood.follow(frame, plain, place), levels, place)
            yield (
                place,
                regular_series(
                    frame, place, time=roles.time, columns=roles.numbers, series=roles.series, step=decided.step,
                    clock=decided.clock,
                ).series,
            )  # fmt: skip

    single = fits_single([head.schema[c] for c in plain])
    laid = lay_out(read, len(roles.target), len(roles.numbers), decided.step, room, single)
    rows = row_count(table.files)
    told = (
        f"{rows:,} rows of {table.what} are laid out in files; how they are read is decided by the first {len(head):,}"
    )
    notes.append(f"{told}, but how their numbers are written by all of them" if table.texts else told)
    if laid.absent:
        notes.append(f"{laid.absent:,} of {laid.rows:,} rows were not there, or empty, and count as missing")
    if laid.empty:
        notes.append(f"left out, without a single value: {listed(laid.empty)}")
    if not len(laid.series):
        raise UserError(f"{source}: column '{roles.target[0]}' holds no number at all; leave it out or fill it in")
    refuse_unusable(laid.series, roles, config, source, roles.target, notes)
    understood_columns = readings(understood, asked, config, levels)
    return ReadSeries(
        roles,
        roles.target,
        decided.step,
        laid.series,
        decided.clock,
        understood_columns,
        asked,
        understood.decimal or config.decimal,
        room,
    )


def _located(table: TableFiles, columns: list[str] | None = None) -> Iterator[tuple[str, int, pl.DataFrame]]:
    """Yield pieces, each with where it stands, and how many rows of its file are before it."""
    for file in table.files:
        begin = 0
        for place, frame in pieces([file], columns):
            if file in table.texts:
                facts = table.facts(file, begin, len(frame))
                first = facts.rows[0] if facts.rows is not None else 0
                place = f"{table.source(file)}, from row {first:,}"
                remember(place, facts)  # so that errors name rows as they are in the file
            yield place, begin, frame
            begin += len(frame)


def _refuse(source: Path, config: Config) -> None:
    asked = {
        f"--columns {config.columns}": config.columns != "variables",
        "--snap": config.snap is not None,
        "--resample": bool(config.resample),
        "--repeated": config.repeated is not None,
        "--time-format rows": config.time_format == ("rows",),
    }
    for option, wanted in asked.items():
        if wanted:
            raise UserError(
                f"{source}: is read in pieces, as it is larger than memory, a folder, or asked for with --store; "
                f"{option} needs it whole: make one tidy row for each series and time first"
            )
