"""What the forecaster learns from: the error of the point forecast, and the pinball loss of the quantiles."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lstm_onnx_forecasting.model import Forecaster
from lstm_onnx_forecasting.scaling import Scale, is_known

LIMIT = 100.0
"""Scaled truth is cut here: after a flat window any change is huge in units of a spread that is next to nothing."""
STEEP = 3.0
"""A forecast of more than e**3 = 20 times the window's level counts along the tangent, as its exponential explodes."""


def forecast_loss(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """Mean over the known future values, scaled as `config.loss_scale` says, so that no series drowns another.

    Args:
        model: a `Forecaster`.
        batch: its inputs by name, `actual` (batch, horizon, target) in the user's units, and `mase_scale`
            (batch, target) where errors are scaled by series.
    """
    assert isinstance(model, Forecaster)
    config = model.config
    inputs = {name: batch[name] for name in ("values", "time", "past", "future", "static") if name in batch}
    times = model.steps_ahead(batch["time"][:, -1:])
    scale, point, wings = model.scaled(**inputs, times=times)
    answers = point.unsqueeze(3)  # (batch, horizon, target, answer): the point forecast, then the quantiles
    if wings is not None:
        answers = torch.cat([answers, answers + wings], dim=3)
    errors, count = _errors(model, batch, answers, scale.by_answer())
    loss = POINT_LOSSES[config.loss](errors[..., 0]).sum() / count
    if wings is not None:
        missed, levels = errors[..., 1:], torch.tensor(config.quantiles, device=errors.device)
        pinball = torch.maximum(levels * missed, (levels - 1) * missed)
        loss = loss + 2 * pinball.mean(dim=3).sum() / count  # twice the pinball loss of the median is the MAE
    return loss


def _errors(model: Forecaster, batch: Mapping[str, Tensor], answers: Tensor, scale: Scale) -> tuple[Tensor, Tensor]:
    """Truth minus answers, scaled, (batch, horizon, target, answer), 0 where unknown; and how many truths are known."""
    log, truth = model.config.transform == "log", batch["actual"].unsqueeze(3)
    known = is_known(truth.log() if log else truth) & is_known(scale.center)
    if model.config.loss_scale == "window":
        truth = model.scaler.do(truth, scale).clamp(-LIMIT, LIMIT)  # what overflows is cut, not missing
        return torch.where(known, truth - answers, 0.0), known.sum().clamp(min=1)
    unit = batch["mase_scale"][:, None, :, None]  # NaN where the series has none
    known = known & (unit > 0)
    # NaN must not come near the answers: its gradient would be NaN even where it is masked afterwards
    there = is_known(scale.center)
    center, spread = torch.where(there, scale.center, 0.0), torch.where(there, scale.spread, 1.0)
    unit = torch.where(unit > 0, unit, 1.0)
    if log:
        z = answers * spread + center + scale.anchor
        gentle = torch.minimum(z, center + scale.anchor + STEEP)
        errors = (truth - gentle.exp() * (1 + z - gentle)) / unit
    else:
        errors = (truth - scale.anchor - center) / unit - answers * (spread / unit)
    return torch.where(known, errors, 0.0), known.sum().clamp(min=1)


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
