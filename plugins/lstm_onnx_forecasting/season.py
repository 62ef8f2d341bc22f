"""How many steps a season has, and how many of them the window holds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from lstm_onnx.contract import Step
from lstm_onnx.data.frequency import DAY
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_parts import LEAST, SeriesPart
from lstm_onnx_forecasting.options import Config


def default_season(step: Step) -> int:
    """Return the steps in the season that a step suggests.

    The largest of day, hour and minute that has at most 288 steps (24 for 1h, 96 for 15m, 60 for 1m), the week for
    days (7 for 1d), the year for weeks and months (52, 12, 4 for quarters), and 1 where nothing fits.
    """
    if step.months:
        return 12 // step.months if 12 % step.months == 0 else 1
    if step.counted:
        return 1
    per = step.per_second
    if step.sessions is not None and step.sessions.rows * step.seconds < DAY * per:
        return step.sessions.rows if 2 <= step.sessions.rows <= 288 else 1
    if step.sessions is not None and step.sessions.rows == 1:
        return len(step.sessions.days)
    if step.seconds == 7 * DAY * per:
        return 52
    if step.seconds >= DAY * per:
        return 7 * DAY * per // step.seconds if 7 * DAY * per % step.seconds == 0 else 1
    for period in (DAY * per, 3600 * per, 60 * per):
        if period % step.seconds == 0 and 2 <= period // step.seconds <= 288:
            return period // step.seconds
    return 1


def choose_season(config: Config, step: Step, parts: Sequence[SeriesPart], source: Path, notes: list[str]) -> int:
    """Choose the season: the one that is told, or that the step suggests, or 1 where the training parts are too short.

    Raises:
        UserError: the one that is told is too long.
    """
    longest = max(p.train for p in parts)
    if config.season and config.season >= longest:
        raise UserError(
            f"{source}: --season {config.season} does not fit: the longest training part has {longest:,} rows; lower it"
        )
    season = config.season or default_season(step)
    if config.season or _median_train(parts) > season:
        return season
    notes.append(f"no season: the {_median_train(parts)} rows to learn from are no more than one season of {season}")
    return 1


def choose_window(config: Config, parts: Sequence[SeriesPart], season: int, source: Path) -> int:
    """Choose the window: two seasons or two horizons, whichever is more, if the training part leaves room for it.

    It is cut to what the median series has before a first horizon, but holds at least a season and two rows.

    Raises:
        UserError: the one that is told is too long.
    """
    room = max(p.train for p in parts) - config.horizon
    if config.window is None:
        return max(min(2 * max(season, config.horizon), _median_train(parts) - config.horizon), season, LEAST)
    if config.window > room:
        raise UserError(
            f"{source}: --window {config.window} does not fit: the longest training part has {room + config.horizon:,} "
            f"rows, {config.horizon} of them for the horizon; lower it to {room:,} or less"
        )
    return config.window


def _median_train(parts: Sequence[SeriesPart]) -> int:
    return int(statistics.median(p.train for p in parts))
