"""What the defaults of forecasting are for the data at hand: chosen once, in training, and kept with the run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from math import ceil
from typing import Any

from lstm_onnx.data.time_series import Series
from lstm_onnx_forecasting.options import Config

MANY, SHORT = 20, 50
"""A panel has so many series at least, which are shorter than so many horizons."""
PANEL = {"dropout": 0.2, "loss_scale": "series"}
USUAL = {"dropout": 0.0, "loss_scale": "window"}
STEPS = 3000
"""Of the optimizer, for panels without a validation part, however many windows they have."""
AVERAGE = 1 / 3
"""Share of these steps over which weights are averaged."""


def filled_in(config: Config, series: Sequence[Series], notes: list[str]) -> Config:
    """Return options with dropout, the scale of the loss and the validation part chosen by the data.

    In a panel of short series, the newest steps tell more as examples than they do in deciding when to stop: all before
    the test part is learnt from, for a fixed number of steps. Quantiles keep their validation part.

    Args:
        config: options as they were asked for; with dropout and loss scale given, nothing is chosen.
        series: as they were read.
        notes: gets a line for what a person should know.
    """
    if config.dropout is not None and config.loss_scale is not None:
        return config
    is_panel = len(series) >= MANY and statistics.median(len(s.time) for s in series) < SHORT * config.horizon
    chosen: dict[str, Any] = dict(PANEL if is_panel else USUAL)
    chosen = {name: value for name, value in chosen.items() if getattr(config, name) is None}
    if is_panel and config.validation_size is None and not config.quantiles:
        chosen["validation_size"] = 0
        notes.append(
            f"{len(series):,} short series: all that is before the test part is learnt from, for a fixed number of "
            "steps (--validation-size keeps some apart to decide when to stop)"
        )
    return config.model_copy(update=chosen)


def budget(config: Config, examples: int, batch_size: int) -> dict[str, Any]:
    """Return as many epochs as make the steps that suit a panel, and averaging, if nothing decides when to stop."""
    if config.validation_size != 0 or config.loss_scale != PANEL["loss_scale"]:
        return {}
    return {"epochs": max(1, round(STEPS / ceil(examples / batch_size))), "average": AVERAGE}
