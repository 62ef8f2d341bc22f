"""The parts of each series by time, for training, validation and test.

The newest `test_size` steps of each series are the test part, the `validation_size` steps before them the validation
part, and the rest the training part. A window belongs to the part in which its whole horizon lies; what it sees before
may lie in an older part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_onnx.data.folds import current_fold, must_validate
from lstm_onnx.data.time_series import Series
from lstm_onnx.errors import UserError

_FOLDED = 4
"""All folds together test the newest quarter of a series, if no size is given."""
LEAST = 2
"""A window to learn from has at least this many rows with a known value: one alone shows no movement."""


@dataclass(frozen=True)
class SeriesPart:
    """Where one series is cut: rows before `train` are for learning, before `test` for validation, the rest to test."""

    train: int
    test: int
    rows: int


def cut_parts(
    series: Sequence[Series],
    horizon: int,
    test_size: int | None,
    validation_size: int | None,
    where: object,
    notes: list[str],
) -> tuple[list[SeriesPart], list[Series]]:
    """Cut each series into its parts; leave out those too short to test on.

    Args:
        series: all of them.
        horizon: how many steps a window looks ahead.
        test_size: newest steps to test on; None takes the horizon, or a tenth if that is more.
        validation_size: steps before them to validate on; None takes as many as for the test, 0 none.
        where: the data comes from, for errors.
        notes: gets what was left out.

    Returns:
        the parts, and the series that are left.

    Raises:
        UserError: a part is shorter than the horizon, or no series is long enough to learn from.
    """
    for option, size in (("--test-size", test_size), ("--validation-size", validation_size)):
        if size and size < horizon:
            raise UserError(f"{option} {size} is shorter than the horizon of {horizon}; raise it to {horizon} or more")
    parts, kept, short, untaught = [], [], [], []
    fold = current_fold()
    for one in series:
        rows = len(one.time)
        newest = test_size or max(horizon, rows // (10 if fold is None else _FOLDED * fold.count))
        if fold is not None:  # rolling origins: what came later is not there yet
            rows -= newest * fold.after
        test = rows - newest
        validation = validation_size if validation_size is not None else rows - test
        if must_validate():
            validation = validation or rows - test
        if test < LEAST:
            short.append(one.name)
            continue
        train = max(test - validation, 0)
        if train < horizon + LEAST:
            untaught.append(one.name)
        parts.append(SeriesPart(train, test, rows))
        kept.append(one)
    least = test_size or horizon
    validation = validation_size if validation_size is not None else least
    if not any(p.train >= horizon + LEAST for p in parts):
        longest = max(len(one.time) for one in series)
        of = "the longest of its series" if len(series) > 1 else "the series"
        raise UserError(
            f"{where}: {of} has {longest:,} rows with values, and {horizon + LEAST + validation + least:,} are needed "
            f"({horizon + LEAST} to learn from, {validation} to validate, {least} to test); lower --horizon, "
            "--test-size or --validation-size"
        )
    if short:
        notes.append(f"left out, shorter than {least + LEAST} rows: {listed(short)}")
    if untaught:
        notes.append(f"too short to learn from, used for the test only: {listed(untaught)}")
    return parts, kept


def listed(names: Sequence[str]) -> str:
    """Name series for a note: the first five, and how many more there are."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more series" if len(names) > 5 else f"series {shown}"
