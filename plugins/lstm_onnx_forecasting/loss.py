"""What the forecaster learns from: the error of the point forecast, and the pinball loss of the quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lstm_onnx.features.series_coding import AheadDecoder, Scale, all_answers, errors_of, is_known, twice_pinball
from lstm_onnx_forecasting.options import Config

STEEP = 3.0
"""A forecast of more than e**3 = 20 times the window's level counts along the tangent, as its exponential explodes."""


def truth_for_loss(config: Config, decoder: AheadDecoder, batch: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return what `forecast_loss` needs of the truth: tensors with a row for each example, in which is no weight.

    Args:
        config: of the forecaster.
        decoder: of its answers.
        batch: `series`, which the forecaster sees, `actual` (batch, horizon, target) in the user's units, and
            `mase_scale` (batch, target) where errors are scaled by series.
    """
    scale, actual = batch["series"].scale, batch["actual"]
    if config.loss_scale != "series":
        truth, known = decoder.truth(actual, scale)
        return {"truth": truth, "known": known}
    spread_out = {name: tensor.expand(len(actual), -1, -1) for name, tensor in scale._asdict().items()}
    return {"truth": actual, "unit": batch["mase_scale"], **spread_out}


def forecast_loss(config: Config, decoder: AheadDecoder, answer: Tensor, told: Mapping[str, Tensor]) -> Tensor:
    """Mean over the known future values, scaled as `config.loss_scale` says, so that no series drowns another.

    Args:
        config: of the forecaster.
        decoder: of its answers.
        answer: as `Ahead` takes it, (batch, horizon, targets * (1 + quantiles)).
        told: the truth, see `truth_for_loss`.
    """
    answers = all_answers(*decoder.scaled(answer))  # the point forecast, then the quantiles
    if config.loss_scale != "series":
        errors, count = errors_of(answers, told["truth"], told["known"])
    else:
        scale = Scale(told["anchor"], told["center"], told["spread"]).by_answer()
        errors, count = _errors_by_series(decoder.log, answers, told["truth"], scale, told["unit"])
    loss = POINT_LOSSES[config.loss](errors[..., 0]).sum() / count
    return loss + twice_pinball(errors[..., 1:], config.quantiles).sum() / count if config.quantiles else loss


def _errors_by_series(log: bool, answers: Tensor, actual: Tensor, scale: Scale, unit: Tensor) -> tuple[Tensor, Tensor]:
    """Truth minus answers, in units of each series, 0 where unknown; and how many truths are known.

    Args:
        log: whether answers are logarithms.
        answers: (batch, horizon, target, answer), scaled.
        actual: (batch, horizon, target), in the user's units.
        scale: of each window, with an axis for the answers.
        unit: (batch, target), NaN where the series has none.

    Returns:
        (batch, horizon, target, answer), and a number of at least 1.
    """
    truth, unit = actual.unsqueeze(3), unit[:, None, :, None]
    there = is_known(scale.center)
    known = is_known(truth.log() if log else truth) & there & (unit > 0)
    # NaN must not come near the answers: its gradient would be NaN even where it is masked afterwards
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
