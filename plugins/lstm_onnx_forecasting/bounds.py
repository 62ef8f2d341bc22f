"""What no forecast is below, or above: as a person says, or as the values say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.data.time_series import Series
from lstm_onnx_forecasting.options import Config

RESTING, FEW = 0.01, 10
"""From this share and number of zeros on, and with nothing below, 0 is taken for a bound."""


def find_bounds(
    config: Config, series: Sequence[Series], targets: Sequence[str], notes: list[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the lower and the upper bound of each target that has one.

    Without `--lower`, a target that is often 0 and never less, such as a count or the power of the sun, has 0.

    Args:
        config: with the bounds that a person gives.
        series: all of them, targets first.
        targets: their names.
        notes: gets bounds that were found, and how many values are beyond those that were given.
    """
    lower: dict[str, float] = {}
    upper: dict[str, float] = {}
    for i, name in enumerate(targets):
        column = np.concatenate([one.values[:, i] for one in series])
        column = column[~np.isnan(column)]
        if config.lower is not None:
            lower[name] = config.lower
            _note_beyond(name, f"--lower {config.lower:g}", column < config.lower, notes)
        elif (
            len(column) and column.min() == 0 < column.max() and (column == 0).sum() >= max(FEW, RESTING * len(column))
        ):
            lower[name] = 0.0
            notes.append(f"'{name}' is often 0 and never less, so no forecast is; --lower with a number allows less")
        if config.upper is not None:
            upper[name] = config.upper
            _note_beyond(name, f"--upper {config.upper:g}", column > config.upper, notes)
    return lower, upper


def _note_beyond(name: str, option: str, beyond: NDArray[Any], notes: list[str]) -> None:
    if beyond.any():
        notes.append(f"{int(beyond.sum()):,} of {len(beyond):,} values of '{name}' are beyond {option}; no forecast is")
