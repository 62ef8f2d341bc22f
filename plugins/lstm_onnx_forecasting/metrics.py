"""Metrics of forecasts, as sums and counts of a batch, and the naive forecasts that they are held against.

Each metric is a mean over windows of the mean over a window's known steps, so that a window counts the same whether all
of its steps are known or not. Arrays are (batch, horizon, target) in the user's units. Not scored are NaN in `actual`,
and targets without any known value in their window, which nobody can forecast. A forecast that is NaN elsewhere makes
the figure NaN: leaving it out would reward a model for not answering.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lstm_onnx.contract import Array


def scored_truth(actual: Array, values: Array) -> Array:
    """Return `actual` in float64, NaN also for targets without a known value in the window (batch, time, target)."""
    answerable = _any_step(np.isfinite(values))[:, None, :]
    return np.where(answerable, actual.astype(np.float64), np.nan)


def point_totals(
    forecast: Array, actual: Array, mase_scale: Array, names: Sequence[str] = ()
) -> dict[str, tuple[float, float]]:
    """Sums and counts of MAE, MSE, sMAPE and MASE.

    sMAPE is that of the M competitions, 200 |a - f| / (|a| + |f|) percent (Makridakis and Hibon 2000); MASE divides a
    window's MAE by the in-sample MAE of the seasonal naive forecast (Hyndman and Koehler 2006).

    Args:
        forecast: (batch, horizon, target).
        actual: (batch, horizon, target).
        mase_scale: (batch, target), NaN where it is 0 or unknown.
        names: of several targets, for figures of each in its own unit: `mae load`.
    """
    forecast, known = forecast.astype(np.float64), ~np.isnan(actual)
    error = np.abs(actual - forecast)
    size = np.abs(actual) + np.abs(forecast)
    relative = 200 * np.divide(error, size, out=np.zeros_like(error), where=size != 0)
    mae = known_mean(error, known)
    counted = _any_step(known)
    with_unit = {"mae": mae, "mse": known_mean(error**2, known)}
    if len(names) > 1:
        each = {f"{k} {name}": total(v[:, i], counted[:, i])
                for k, v in with_unit.items() for i, name in enumerate(names)}  # fmt: skip
    else:
        each = {k: total(v, counted) for k, v in with_unit.items()}
    return {
        **each,
        "smape": total(known_mean(relative, known), counted),
        "mase": total(mae / mase_scale, counted & ~np.isnan(mase_scale)),
    }


def quantile_totals(
    quantiles: Array, actual: Array, levels: tuple[float, ...], names: Sequence[str] = ()
) -> dict[str, tuple[float, float]]:
    """Sums and counts of the pinball loss, a mean over the levels, and of the outer interval's coverage in percent.

    Args:
        quantiles: (batch, horizon, target, quantile), ascending.
        actual: (batch, horizon, target).
        levels: of the quantiles.
        names: of several targets, for figures of each beside those of all: `pinball load`, in its unit.
    """
    known = ~np.isnan(actual)
    counted, actual = _any_step(known), actual[..., None]
    error = actual - quantiles
    pinball = np.maximum(np.array(levels) * error, (np.array(levels) - 1) * error).mean(axis=3)
    inside = (actual >= quantiles[..., :1]) & (actual <= quantiles[..., -1:])
    covered = np.where(np.isnan(quantiles).any(axis=3), np.nan, inside[..., 0])
    found = {"pinball": known_mean(pinball, known), "coverage": 100 * known_mean(covered, known)}
    each = {
        f"{figure} {name}": total(values[:, i], counted[:, i])
        for figure, values in found.items()
        for i, name in enumerate(names if len(names) > 1 else ())
    }
    return {figure: total(values, counted) for figure, values in found.items()} | each


def _any_step(holds: Array) -> Array:
    """Whether it holds for any step of a window: (batch, target) from (batch, step, target)."""
    return np.asarray(holds.any(axis=1))


def known_mean(errors: Array, known: Array) -> Array:
    """Mean over the known steps of each window, (batch, target); NaN where none is known."""
    count = known.sum(axis=1)
    mean: Array = np.where(known, errors, 0).sum(axis=1) / np.where(count, count, np.nan)
    return mean


def total(values: Array, counted: Array) -> tuple[float, float]:
    """Sum and count of the values that count; NaN among them makes the sum NaN."""
    return float(values[counted].sum()), float(counted.sum())


def naive(batch: dict[str, Array], season: int) -> dict[str, Array]:
    """Repeat the last season of the window; with a season of 1, its last known value.

    A value that is missing there is replaced by the last known one.
    """
    values = batch["values"]
    horizon = batch["actual"].shape[1]
    ahead = np.arange(horizon)
    rows = values.shape[1] + ahead - season * (ahead // season + 1)
    last = last_known(values)[:, None, :]
    picked = np.where((rows >= 0)[None, :, None], values[:, np.maximum(rows, 0)], np.nan)
    return {"forecast": np.where(np.isnan(picked), last, picked)}


def last_known(values: Array) -> Array:
    """Newest known value of (batch, time, target), as (batch, target); NaN where there is none."""
    known = ~np.isnan(values)
    newest = values.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    found: Array = np.take_along_axis(values, newest[:, None], axis=1)[:, 0]
    return found


def baseline(season: int) -> Callable[[Any], dict[str, Array]]:
    """Return the naive forecast with this season."""
    return lambda batch: naive(batch, season)
