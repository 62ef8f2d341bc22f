"""Numbers that the series tell: what values are scaled by, what errors are divided by, what does not change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_onnx.data.tables import Floats
from lstm_onnx.data.time_series import Series
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_parts import LEAST, SeriesPart, listed

_STRETCH = 1 << 20
"""Rows that are worked on at once."""
STILL = 0.75
"""The least spread of a window, as a share of that of its series: one at rest says little of what comes."""


@dataclass(frozen=True)
class Scales:
    """What the training rows tell of each column, by its name, in the user's units or of their logarithms.

    Attributes:
        center: mean.
        spread: mean absolute deviation, never 0.
        least: of targets, the least spread of a window.
        least_share: of targets, the same as a share of the window's level.
        span: how long the longest training part is, in the unit of its times.
    """

    center: dict[str, float]
    spread: dict[str, float]
    least: dict[str, float]
    least_share: dict[str, float]
    span: int


def scales_of(
    series: Sequence[Series],
    parts: Sequence[SeriesPart],
    names: Sequence[str],
    targets: int,
    window: int,
    log: bool,
    where: object,
) -> Scales:
    """Take the scales from the training rows; see `center_and_spread` and `least_spread`."""
    center, spread = center_and_spread(series, parts, names, where)
    least = least_spread(series, parts, targets, window, log)
    return Scales(
        center,
        spread,
        {name: by_itself for name, (by_itself, _) in zip(names, least, strict=False)},
        {name: share for name, (_, share) in zip(names, least, strict=False)},
        max(int(one.time[p.train - 1] - one.time[0]) for one, p in zip(series, parts, strict=True) if p.train),
    )


def center_and_spread(
    series: Sequence[Series], parts: Sequence[SeriesPart], names: Sequence[str], where: object
) -> tuple[dict[str, float], dict[str, float]]:
    """Return mean and mean absolute deviation of each column over the training rows; a spread of 0 becomes 1.

    Raises:
        UserError: a column holds no number there.
    """
    ends = [p.train for p in parts]
    total, count = np.zeros(len(names)), np.zeros(len(names), dtype=np.int64)
    for rows in stretches(series, ends):
        for i, column in enumerate(rows.T):
            known = column[~np.isnan(column)]
            total[i], count[i] = total[i] + known.sum(), count[i] + len(known)
    if not count.all():
        name = names[int(count.argmin())]
        raise UserError(f"{where}: column '{name}' holds no number in the training part; leave it out or fill it in")
    center, away = total / count, np.zeros(len(names))
    for rows in stretches(series, ends):
        for i, column in enumerate(rows.T):
            away[i] += np.abs(column[~np.isnan(column)] - center[i]).sum()
    spread = away / count
    return (
        {name: float(value) for name, value in zip(names, center, strict=True)},
        {name: float(value) or 1.0 for name, value in zip(names, spread, strict=True)},
    )


def stretches(series: Sequence[Series], ends: Sequence[int] | None = None) -> Iterator[Floats]:
    """Yield the rows of all series one after another, so many at a time that memory does not grow with them.

    Args:
        series: with values of the same columns.
        ends: how many rows of each are wanted; all if not said.

    Yields:
        float64 (rows, columns), the same array again.
    """
    total = sum(map(len, (one.values for one in series)) if ends is None else ends)
    held, count = np.empty((min(total, _STRETCH), series[0].values.shape[1] if total else 0)), 0
    for number, one in enumerate(series):
        end = len(one.values) if ends is None else ends[number]
        begin = 0
        while begin < end:
            rows = one.values[begin : min(end, begin + _STRETCH - count)]
            held[count : count + len(rows)] = rows
            begin, count = begin + len(rows), count + len(rows)
            if count == _STRETCH:
                yield held
                count = 0
    if count:
        yield held[:count]


def least_spread(
    series: Sequence[Series], parts: Sequence[SeriesPart], targets: int, window: int, log: bool
) -> list[tuple[float, float]]:
    """Return for each target the least spread of a window, as it stands and as a share of the window's level.

    Both are `STILL` times what windows of the least lively series have: the median over those of its training windows
    that move at all. So no series is held to more than its own; among series of like size the first holds windows at
    rest, the second flat windows of series whose sizes differ by far.
    """
    found = []
    for i in range(targets):
        least, share = np.inf, np.inf
        for one, part in zip(series, parts, strict=True):
            column = np.asarray(one.values[: part.train, i], dtype=np.float64)
            if log:
                column = np.log(column, where=column > 0, out=np.full_like(column, np.nan))
            spread = _window_spread(column, window)
            if len(spread):
                typical = np.median(spread)
                least, share = min(least, typical), min(share, typical / (np.nanmean(np.abs(column)) or np.inf))
        least, share = (STILL * float(v) if v < np.inf else 0.0 for v in (least, share))
        found.append((least, 0.0 if log else share))  # the level of a logarithm is no size
    return found


def _window_spread(column: Floats, window: int) -> Floats:
    """Return the mean absolute deviation of the windows of a column that move at all; of some 200, evenly chosen."""
    window = min(window, len(column))
    if not window:
        return np.empty(0)
    views = np.lib.stride_tricks.sliding_window_view(column, window)
    views = views[:: -(-len(views) // 200)]
    views = views[(~np.isnan(views)).sum(axis=1) >= LEAST]
    level = np.nanmean(views, axis=1, keepdims=True)
    spread = np.nanmean(np.abs(views - level), axis=1)
    moves: Floats = spread[spread > 1e-7 * np.abs(level[:, 0])]
    return moves


def note_constants(series: Sequence[Series], targets: Sequence[str], notes: list[str]) -> None:
    """Note targets that never change, and in which series."""
    for i, target in enumerate(targets):
        flat = [one.name for one in series if len(np.unique(one.values[~np.isnan(one.values[:, i]), i])) == 1]
        if flat:
            notes.append(f"'{target}' never changes" + (f" in {listed(flat)}" if any(flat) else ""))


def static_values(series: Sequence[Series], names: Sequence[str], count: int, where: object) -> Floats:
    """Return the one value that each series has in each static column; NaN where it has none.

    Raises:
        UserError: a column has several in one series.
    """
    found = np.full((len(series), count), np.nan)
    for i, one in enumerate(series):
        for j, column in enumerate(one.values[:, one.values.shape[1] - count :].T):
            known = np.unique(column[~np.isnan(column)])
            if len(known) > 1:
                name = names[len(names) - count + j]
                of = f" within series '{one.name}'" if one.name else ""
                raise UserError(
                    f"{where}: column '{name}' changes{of} (from {known[0]:g} to {known[-1]:g}), so it is not static; "
                    "give it with --past or --future"
                )
            if len(known):
                found[i, j] = known[0]
    return found


def mase_scale(series: Sequence[Series], parts: Sequence[SeriesPart], targets: int, season: int) -> Floats:
    """Return the mean of |y_t - y_(t - season)| over the rows before the test part; NaN where it is 0 or unknown.

    This is the denominator of the MASE (Hyndman and Koehler, 2006) as the M competitions use it.
    """
    scale = np.full((len(series), targets), np.nan)
    for i, (one, part) in enumerate(zip(series, parts, strict=True)):
        known = np.asarray(one.values[: part.test, :targets], dtype=np.float64)
        jumps = np.abs(known[season:] - known[:-season])
        count = (~np.isnan(jumps)).sum(axis=0)
        total = np.nansum(jumps, axis=0)
        scale[i] = np.where(total > 0, total / np.maximum(count, 1), np.nan)
    return scale
