"""The parts of each series, for training, validation and test, and which windows belong to them.

The newest `test_size` steps of each series are the test part, the `validation_size` steps before them the validation
part, and the rest the training part. A window belongs to the part in which its whole horizon lies; what it sees before
may lie in an older part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.data.time_series import Series
from lstm_onnx.errors import UserError
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.reading import listed
from lstm_onnx_forecasting.windows import WindowSplit, WindowStore, usable

LEAST = 2
"""A window to learn from has at least this many rows with a known value: one alone shows no movement."""


@dataclass(frozen=True)
class Part:
    """Where one series is cut: rows before `train` are for learning, before `test` for validation, the rest to test."""

    train: int
    test: int
    rows: int


def cut_parts(
    series: Sequence[Series], config: Config, source: Path, notes: list[str]
) -> tuple[list[Part], list[Series]]:
    """Cut each series into its parts; leave out those too short to test on.

    Raises:
        UserError: a part is shorter than the horizon, or no series is long enough to learn from.
    """
    horizon = config.horizon
    for option, size in (("--test-size", config.test_size), ("--validation-size", config.validation_size)):
        if size and size < horizon:
            raise UserError(f"{option} {size} is shorter than the horizon of {horizon}; raise it to {horizon} or more")
    parts, kept, short, untaught = [], [], [], []
    for one in series:
        rows = len(one.time)
        test = rows - (config.test_size or max(horizon, rows // 10))
        validation = config.validation_size if config.validation_size is not None else rows - test
        if test < LEAST:
            short.append(one.name)
            continue
        train = max(test - validation, 0)
        if train < horizon + LEAST:
            untaught.append(one.name)
        parts.append(Part(train, test, rows))
        kept.append(one)
    _refuse_short(series, parts, config, source)
    test_size = config.test_size or horizon
    if short:
        notes.append(f"left out, shorter than {test_size + LEAST} rows: {listed(short)}")
    if untaught:
        notes.append(f"too short to learn from, used for the test only: {listed(untaught)}")
    return parts, kept


def _refuse_short(series: Sequence[Series], parts: list[Part], config: Config, source: Path) -> None:
    if any(p.train >= config.horizon + LEAST for p in parts):
        return
    longest = max(len(one.time) for one in series)
    test = config.test_size or config.horizon
    validation = config.validation_size if config.validation_size is not None else test
    needed = config.horizon + LEAST + validation + test
    of = "the longest of its series" if len(series) > 1 else "the series"
    raise UserError(
        f"{source}: {of} has {longest:,} rows with values, and {needed:,} are needed ({config.horizon + LEAST} to "
        f"learn from, {validation} to validate, {test} to test); lower --horizon, --test-size or --validation-size"
    )


def split_windows(
    bank: WindowStore, begins: NDArray[np.int64], parts: Sequence[Part], horizon: int
) -> tuple[WindowSplit, WindowSplit, WindowSplit]:
    """Give each window to the part in which its whole horizon lies."""

    def origins(bounds: list[tuple[int, int]], least: int) -> WindowSplit:
        rows = [
            begin + np.arange(max(low, 1) - 1, high - horizon)
            for begin, (low, high) in zip(begins, bounds, strict=True)
        ]
        return WindowSplit(bank, usable(bank, np.concatenate(rows).astype(np.int64), least))

    train = origins([(0, p.train) for p in parts], LEAST)
    validation = origins([(p.train, p.test) for p in parts], LEAST)
    test = origins([(p.test, p.rows) for p in parts], 1)
    return train, validation, test


def refuse_no_windows(train: WindowSplit, test: WindowSplit, config: Config, source: Path) -> None:
    """Refuse a table in which too much is missing to learn from it, or to test on it."""
    for name, split in (("learn from", train), ("test on", test)):
        if not len(split):
            raise UserError(
                f"{source}: too many values are missing: no window to {name} has {LEAST} known values before and one "
                f"within the horizon of {config.horizon}; raise --window, or fill the table in"
            )
