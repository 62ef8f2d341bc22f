"""What no forecast is below, or above: as a person says, or as the values say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_onnx.data.time_series import Series
from lstm_onnx.features.series_scales import stretches
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
    count, zeros, below, above, negative, positive = np.zeros((6, len(targets)), dtype=np.int64)
    least = -np.inf if config.lower is None else config.lower
    most = np.inf if config.upper is None else config.upper
    for rows in stretches(series):
        values = rows[:, : len(targets)]  # what is not known is neither below nor above anything
        for held, found in (
            (count, ~np.isnan(values)), (zeros, values == 0), (negative, values < 0), (positive, values > 0),
            (below, values < least), (above, values > most),
        ):  # fmt: skip
            held += found.sum(axis=0)
    for i, name in enumerate(targets):
        if config.lower is not None:
            lower[name] = config.lower
            _note_beyond(name, f"--lower {config.lower:g}", below[i], count[i], notes)
        elif not negative[i] and positive[i] and zeros[i] >= max(FEW, RESTING * count[i]):
            lower[name] = 0.0
            notes.append(f"'{name}' is often 0 and never less, so no forecast is; --lower with a number allows less")
        if config.upper is not None:
            upper[name] = config.upper
            _note_beyond(name, f"--upper {config.upper:g}", above[i], count[i], notes)
    return lower, upper


def _note_beyond(name: str, option: str, beyond: int, count: int, notes: list[str]) -> None:
    if beyond:
        notes.append(f"{beyond:,} of {count:,} values of '{name}' are beyond {option}; no forecast is")
