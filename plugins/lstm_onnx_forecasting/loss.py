"""What the forecaster learns from: the error of the point forecast, and the pinball loss of the quantiles."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lstm_onnx_forecasting.model import Forecaster
from lstm_onnx_forecasting.scaling import is_known

LIMIT = 100.0
"""Scaled truth is cut here: after a flat window any change is huge in units of a spread that is next to nothing."""


def forecast_loss(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """Mean over the known future values, in scaled units, so that large series do not drown small ones.

    Args:
        model: a `Forecaster`.
        batch: its inputs by name, and `actual` (batch, horizon, target) in the user's units.
    """
    assert isinstance(model, Forecaster)
    inputs = {name: batch[name] for name in ("values", "time", "past", "future", "static") if name in batch}
    times = model.steps_ahead(batch["time"][:, -1:])
    (center, spread), point, wings = model.scaled(**inputs, times=times)
    actual = model.scaler.do(batch["actual"], center, spread)
    raw = batch["actual"].log() if model.config.transform == "log" else batch["actual"]
    known = is_known(raw) & ~actual.isnan()  # what overflows by scaling is cut, not missing
    actual = actual.clamp(-LIMIT, LIMIT)
    error = torch.where(known, actual - point, 0.0)
    count = known.sum().clamp(min=1)
    loss = POINT_LOSSES[model.config.loss](error).sum() / count
    if wings is not None:
        missed = torch.where(known.unsqueeze(3), (actual - point).unsqueeze(3) - wings, 0.0)
        levels = torch.tensor(model.config.quantiles, device=missed.device)
        pinball = torch.maximum(levels * missed, (levels - 1) * missed)
        loss = loss + 2 * pinball.mean(dim=3).sum() / count  # twice the pinball loss of the median is the MAE
    return loss


def absolute(error: Tensor) -> Tensor:
    """Loss whose minimum is the median."""
    return error.abs()


def squared(error: Tensor) -> Tensor:
    """Loss whose minimum is the mean."""
    return error.square()


def huber(error: Tensor) -> Tensor:
    """Squared up to 1, absolute beyond (Huber 1964)."""
    size = error.abs()
    return torch.where(size < 1, 0.5 * size.square(), size - 0.5)


POINT_LOSSES = {"mae": absolute, "mse": squared, "huber": huber}
