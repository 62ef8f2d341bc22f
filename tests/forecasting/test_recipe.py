"""What the defaults of forecasting are for panels of short series, for long series and for few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.recipe import AVERAGE, STEPS, budget, filled_in

from lstm_onnx.data.time_series import Series


def series(count: int, rows: int) -> list[Series]:
    return [Series(str(k), np.arange(rows), np.ones((rows, 1))) for k in range(count)]


CASES: dict[str, tuple[tuple[int, int], dict[str, Any], tuple[Any, ...]]] = {
    "a panel": ((20, 100), {}, (0.2, "series", 0)),
    "few": ((19, 100), {}, (0.0, "window", None)),
    "long": ((20, 6000), {}, (0.0, "window", None)),
    "a panel with quantiles": ((20, 100), {"quantiles": (0.1, 0.5, 0.9)}, (0.2, "series", None)),
    "a part asked for": ((20, 100), {"validation_size": 12}, (0.2, "series", 12)),
    "dropout asked for": ((20, 100), {"dropout": 0.5}, (0.5, "series", 0)),
    "all asked for, or an older run": ((20, 100), {"dropout": 0.0, "loss_scale": "window"}, (0.0, "window", None)),
}


@pytest.mark.parametrize("name", CASES)
def test_defaults_follow_the_data(name: str) -> None:
    (count, rows), given, wanted = CASES[name]
    notes: list[str] = []
    chosen = filled_in(Config(horizon=12, **given), series(count, rows), notes)
    assert (chosen.dropout, chosen.loss_scale, chosen.validation_size) == wanted
    assert bool(notes) == (chosen.validation_size == 0)
    assert filled_in(chosen, series(count, rows), []) == chosen


def test_a_panel_is_learnt_for_a_fixed_number_of_steps() -> None:
    panel = filled_in(Config(horizon=12), series(20, 100), [])
    assert budget(panel, 64_000, 64) == {"epochs": STEPS // 1000, "average": AVERAGE}
    assert budget(panel, 10_000_000, 64) == {"epochs": 1, "average": AVERAGE}
    assert budget(Config(horizon=12), 64_000, 64) == {}
