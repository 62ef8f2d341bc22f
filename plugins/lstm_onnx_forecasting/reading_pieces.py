"""A Parquet table that is larger than memory: its first rows decide how it is read, and all others are held to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lstm_onnx.data.categories import find_levels, with_levels
from lstm_onnx.data.large_tables import room_for
from lstm_onnx.data.parquet_pieces import parquet_files, pieces, row_count
from lstm_onnx.data.room import DiskRoom, Room
from lstm_onnx.data.series_on_disk import Piece, fits_single, lay_out
from lstm_onnx.data.time_series import regular_series
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_parts import listed
from lstm_onnx_forecasting.columns import find_roles, readings
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.reading import ReadSeries, read_numbers, refuse_unusable


def room_of(source: Path, config: Config) -> Room | None:
    """Return where the windows of a table are to be kept if it is to be read in pieces; None if it is not."""
    if source.is_dir() and not parquet_files(source):
        raise UserError(f"{source}: is a folder without Parquet files; give one file, or a folder of Parquet files")
    return DiskRoom() if source.is_dir() and config.store is None else room_for(source, config.store)


def read_pieces(source: Path, config: Config, notes: list[str], room: Room) -> ReadSeries:
    """Read a table piece by piece; see `lstm_onnx.data.series_on_disk`.

    Args:
        source: a Parquet file, or a folder or a pattern of them.
        config: roles of the columns.
        notes: gets what was chosen without being told.
        room: where the rows are kept.

    Raises:
        UserError: the table cannot be used, or not in pieces.
    """
    _refuse(source, config)
    files = parquet_files(source)
    where, head = next(pieces(files))
    understood = Understanding(head, where, config)
    roles = find_roles(understood, config)
    asked = roles
    levels = {c: find_levels(understood.looks, c, where, config.levels) for c in roles.words(understood)}
    roles = roles.with_levels(levels)
    plain = [c for c in asked.numbers if c not in levels]
    first = with_levels(understood.with_numbers(plain), levels, where)
    decided = read_numbers(first, Path(where), roles, config)
    notes += [*understood.notes(asked.numbers), *roles.notes]

    def read() -> Iterator[Piece]:
        used = dict.fromkeys((*roles.time, *roles.series, *asked.numbers))
        for place, frame in pieces(files, list(used)):
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
    rows = row_count(files)
    notes.append(
        f"{rows:,} rows of {len(files)} Parquet file{'s' * (len(files) > 1)} are laid out in files; how they are read "
        f"is decided by the first {len(head):,}"
    )
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
