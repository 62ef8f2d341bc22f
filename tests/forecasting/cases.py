"""What the tests of the forecaster share: an Info without a table, a model that has more than zeros in it, inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lstm_onnx_forecasting.model import Forecaster
from lstm_onnx_forecasting.options import Config, Info
from torch import Tensor

from lstm_onnx.plugin import Step

HOUR, DAY, WEEK, MONTH = Step(seconds=3600), Step(seconds=86400), Step(seconds=604800), Step(months=1)


def make_info(step: Step = HOUR, season: int = 24, window: int = 48, **changes: Any) -> Info:
    columns: dict[str, Any] = {"target": ("load",), "past": (), "future": (), "static": ()} | changes
    names = [name for group in ("target", "past", "future", "static") for name in columns[group]]
    defaults: dict[str, Any] = {
        "time": "time",
        "series": None,
        "wide": False,
        "step": step,
        "season": season,
        "window": window,
        "span": 10 * 365 * 86400,
        "center": dict.fromkeys(names, 50.0),
        "spread": dict.fromkeys(names, 10.0),
    }
    return Info(**(defaults | columns))


def make_model(config: Config, info: Info, seed: int = 0) -> Forecaster:
    """A model in evaluation mode, with weights large enough that every part shows in the answer."""
    torch.manual_seed(seed)
    model = Forecaster(config, info)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


def hours(batch: int, rows: int, first: int = 1_700_000_000 // 3600 * 3600) -> Tensor:
    """Times (batch, rows), an hour apart; each example begins a day after the one before."""
    return first + 3600 * torch.arange(rows) + 86400 * torch.arange(batch).unsqueeze(1)


def draw(batch: int, rows: int, targets: int = 1, seed: int = 0) -> Tensor:
    """Whole numbers around 100 (batch, rows, targets), so that shifting and doubling them loses no digit."""
    return torch.from_numpy(np.random.default_rng(seed).integers(60, 140, size=(batch, rows, targets))).float()


def ask(model: Forecaster, *inputs: Tensor) -> tuple[Tensor, ...]:
    with torch.no_grad():
        return model(*inputs)
