"""The parts of each series by time, for training, validation and test.

The newest `test_size` steps of each series are the test part, the `validation_size` steps before them the validation
part, and the rest the training part. A window belongs to the part in which its whole horizon lies; what it sees before
may lie in an older part.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

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


class SeriesParts(Sequence[SeriesPart]):
    """Where each of many series is cut, in an array: there may be millions of them.

    Args:
        cuts: (series, 3), `train`, `test` and `rows` of each.
    """

    def __init__(self, cuts: NDArray[np.int64]) -> None:
        self.cuts = cuts

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.cuts)

    @overload
    def __getitem__(self, index: int) -> SeriesPart: ...

    @overload
    def __getitem__(self, index: slice) -> SeriesParts: ...

    def __getitem__(self, index: int | slice) -> SeriesPart | SeriesParts:
        """Return one, or some."""
        found = self.cuts[index]
        return SeriesParts(found) if isinstance(index, slice) else SeriesPart(*found.tolist())


def cut_parts(
    series: Sequence[Series],
    horizon: int,
    test_size: int | None,
    validation_size: int | None,
    where: object,
    notes: list[str],
) -> tuple[SeriesParts, NDArray[np.int64]]:
    """Cut each series into its parts; leave out those too short to test on.

    Args:
        series: all of them.
        horizon: how many steps a window looks ahead.
        test_size: newest steps to test on; None takes the horizon, or a tenth if that is more.
        validation_size: steps before them to validate on; None takes as many as for the test, 0 none.
        where: the data comes from, for errors.
        notes: gets what was left out.

    Returns:
        the parts of the series that are left, and their numbers among all.

    Raises:
        UserError: a part is shorter than the horizon, or no series is long enough to learn from.
    """
    for name, size in (("test_size", test_size), ("validation_size", validation_size)):
        if size and size < horizon:
            raise UserError(f"{name} {size} is shorter than the horizon of {horizon}; raise it to {horizon} or more")
    cuts, kept, short, untaught = array("q"), array("q"), list[str](), list[str]()
    fold = current_fold()
    for number, one in enumerate(series):
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
        cuts.extend((train, test, rows))
        kept.append(number)
    parts = SeriesParts(np.array(cuts, dtype=np.int64).reshape(-1, 3))
    least = test_size or horizon
    validation = validation_size if validation_size is not None else least
    if not (parts.cuts[:, 0] >= horizon + LEAST).any():
        longest = max(len(one.time) for one in series)
        of = "the longest of its series" if len(series) > 1 else "the series"
        raise UserError(
            f"{where}: {of} has {longest:,} rows with values, and {horizon + LEAST + validation + least:,} are needed "
            f"({horizon + LEAST} to learn from, {validation} to validate, {least} to test); lower horizon, "
            "test_size or validation_size"
        )
    if short:
        notes.append(f"left out, shorter than {least + LEAST} rows: {listed(short)}")
    if untaught:
        notes.append(f"too short to learn from, used for the test only: {listed(untaught)}")
    return parts, np.array(kept, dtype=np.int64)


def listed(names: Sequence[str]) -> str:
    """Name series for a note: the first five, and how many more there are."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more series" if len(names) > 5 else f"series {shown}"
