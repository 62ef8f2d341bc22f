"""What the tests of the forecaster share: an Info without a table, a model that has more than zeros in it, inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.task import Forecasting
from torch import Tensor

from lstm_onnx.contract import Table
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.module import FeatureModel
from lstm_onnx.features.series import KeptWindow, Series
from lstm_onnx.features.series_coding import Scaler
from lstm_onnx.plugin import Step

HOUR, DAY, WEEK, MONTH = Step(seconds=3600), Step(seconds=86400), Step(seconds=604800), Step(months=1)


def make_info(
    step: Step = HOUR,
    season: int = 24,
    window: int = 48,
    config: Config | None = None,
    span: int = 10 * 365 * 86400,
    fills_holes: bool = True,
    **changes: Any,
) -> Info:
    columns: dict[str, Any] = {"target": ("load",), "past": (), "future": (), "static": ()}
    columns |= {name: changes.pop(name) for name in list(changes) if name in columns}
    names = [name for group in columns.values() for name in group]
    config = config or Config(horizon=6)
    random = np.random.default_rng(0)

    def rows(count: int, width: int) -> Any:
        return random.normal(50, 10, size=(count, width)).tolist()

    kept = [
        KeptWindow(
            last=1_700_000_000 // 86400 * 86400,
            values=rows(window, len(columns["target"])),
            past=rows(window, len(columns["past"]) + len(columns["future"])),
            future=rows(config.horizon, len(columns["future"])),
            static=rows(1, len(columns["static"]))[0],
        )
        for _ in range(3)
    ]
    learnt = {"center": dict.fromkeys(names, 50.0), "spread": dict.fromkeys(names, 10.0)} | changes
    series = Series(
        name="series",
        step=step,
        window=window,
        horizon=config.horizon,
        scaling=config.scaling,
        transform=config.transform,
        kept=tuple(kept),
        **columns,
        **learnt,
    )
    ahead = Ahead(name="forecast", along="series", quantiles=config.quantiles).bound([series])
    table = Table(time="time", step=step)
    return Info(inputs=(series,), outputs=(ahead,), table=table, season=season, span=span, fills_holes=fills_holes)


def with_config(info: Info, config: Config) -> Info:
    """The same data, for other options."""
    series = info.features.model_copy(
        update={"horizon": config.horizon, "scaling": config.scaling, "transform": config.transform}
    )
    bounds = {"lower": info.ahead.lower, "upper": info.ahead.upper}
    ahead = Ahead(name="forecast", along="series", quantiles=config.quantiles, **bounds).bound([series])
    return info.model_copy(update={"inputs": (series,), "outputs": (ahead,)})


def make_model(config: Config, info: Info, seed: int = 0) -> FeatureModel:
    """A model in evaluation mode, with weights large enough that every part shows in the answer."""
    torch.manual_seed(seed)
    model = Forecasting().build_model(config, with_config(info, config))
    assert isinstance(model, FeatureModel)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


def scaler(model: FeatureModel) -> Scaler:
    found = model.encoders[0].scaler
    assert isinstance(found, Scaler)
    return found


def hours(batch: int, rows: int, first: int = 1_700_000_000 // 3600 * 3600) -> Tensor:
    """Times (batch, rows), an hour apart; each example begins a day after the one before."""
    return first + 3600 * torch.arange(rows) + 86400 * torch.arange(batch).unsqueeze(1)


def draw(batch: int, rows: int, targets: int = 1, seed: int = 0) -> Tensor:
    """Whole numbers around 100 (batch, rows, targets), so that shifting and doubling them loses no digit."""
    return torch.from_numpy(np.random.default_rng(seed).integers(60, 140, size=(batch, rows, targets))).float()


def ask(model: FeatureModel, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Answer of the torch part: forecast, times, and quantiles if there are any."""
    with torch.no_grad():
        names = [t.name for t in model.learnt.inputs[0].tensors()]
        return tuple(model.decode(model.run(dict(zip(names, inputs, strict=True)))).values())
