"""The four problems: data, options, how they are scored, and what is known about them.

The options were chosen on the validation part, the steps just before the test part, and never on the test part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.accuracy import sets

Array = NDArray[Any]
Batch = dict[str, Array]


@dataclass(frozen=True)
class Problem:
    """One data set with one question.

    Attributes:
        make: the table.
        config: options of the plugin.
        settings: options of training.
        validation: steps before the test part that the options were chosen on.
        every: score every so many forecast origins of a part: 7 for weeks that do not overlap.
        figures: the metrics to show, the first of which decides.
        known: results of others, by method, in the same metrics; NaN where not published.
    """

    title: str
    make: Callable[[], pl.DataFrame]
    config: dict[str, Any]
    settings: dict[str, Any]
    validation: int
    figures: tuple[str, ...]
    known: dict[str, tuple[float, ...]]
    every: int = 1
    common: dict[str, Any] = field(default_factory=lambda: {"warmup": 0.05, "threads": 1, "device": "cpu"})


_MONTHLY = {"series": "series", "target": ["value"], "calendar": False, "transform": "log", "loss_scale": "series"}
NAN = float("nan")

PROBLEMS = {
    "tourism": Problem(
        title="Tourism monthly, 366 series, 24 months ahead",
        make=sets.tourism,
        config={**_MONTHLY, "horizon": 24, "test_size": 24, "window": 48, "seasons": 4, "dropout": 0.2},
        settings={"epochs": 6, "batch_size": 128},
        validation=35,
        figures=("mase", "smape"),
        known={"DeepAR (LSTM)": (1.409, NAN), "ETS": (1.526, NAN), "Theta": (1.649, NAN)},
    ),
    "m3": Problem(
        title="M3 monthly, 1,428 series, 18 months ahead",
        make=sets.m3,
        config={
            **_MONTHLY,
            **{"horizon": 18, "test_size": 18, "window": 24, "seasons": 2, "base": "last"},
            **{"hidden": 32, "dropout": 0.2},
        },
        settings={"epochs": 6, "batch_size": 128},
        validation=29,
        figures=("mase", "smape"),
        known={"Theta": (0.864, 13.86), "ETS": (0.865, 14.14), "DeepAR (LSTM)": (1.167, 15.74)},
    ),
    "power": Problem(
        title="Household power by day, 46 weeks, 7 days ahead",
        make=sets.power,
        config={
            **{"horizon": 7, "test_size": 322, "window": 28, "seasons": 4, "loss": "mse", "base": "none"},
            **{"scaling": "global", "hidden": 16, "dropout": 0.4},
        },
        settings={"epochs": 12, "batch_size": 32},
        validation=322,
        every=7,
        figures=("rmse",),
        known={
            "encoder-decoder LSTM": (372.6,),
            "the week a year ago": (465.3,),
            "the week before": (469.4,),
            "the day before": (511.9,),
        },
    ),
    "air": Problem(
        title="AirPassengers, the last 36 months from one origin",
        make=sets.air_passengers,
        config={"horizon": 36, "test_size": 36, "window": 24, "transform": "log", "hidden": 16},
        settings={"epochs": 60, "batch_size": 16, "learning_rate": 5e-3},
        validation=36,
        figures=("mape",),
        known={"seasonal naive": (0.1319,)},
    ),
}


def mape(forecast: Array, actual: Array) -> float:
    """Mean absolute percentage error, as a share."""
    return float(np.mean(np.abs(actual.astype(np.float64) - forecast) / np.abs(actual)))
