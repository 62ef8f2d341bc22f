"""Scaling inside the graph: from the user's units to numbers of the size of 1, and back.

NaN and infinite values are missing. No squares are taken, so that values up to 1e36 do not overflow float32.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstm_onnx_forecasting.options import Config, Info

FLAT = 1e-4
"""The least spread of a window relative to its level, for models that learnt none."""
TINY = 1e-30


def is_known(values: Tensor) -> Tensor:
    """True where a value is neither NaN nor infinite."""
    return values.abs() < torch.inf


def last_known(x: Tensor, known: Tensor) -> Tensor:
    """Pick the newest known value of x (batch, time, target), as (batch, 1, target); 0 where there is none."""
    row = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(1)
    newest = (row * known).amax(dim=1, keepdim=True)  # 0 where none is known: x is 0 there
    return x.gather(1, (newest - 1).clamp(min=0).to(torch.int64))


class Scale(NamedTuple):
    """What values are scaled by, each (batch, 1, target): `(values - anchor - center) / spread`.

    Attributes:
        anchor: a number of the size of the values. Subtracting it from them loses no digit of a small swing around a
            high level, as subtracting a mean of float32 would.
        center: mean of what is left.
        spread: above 0.
    """

    anchor: Tensor
    center: Tensor
    spread: Tensor

    def by_answer(self) -> Scale:
        """Return the same with an axis for several answers, (batch, 1, target, 1)."""
        return Scale(*(tensor.unsqueeze(3) for tensor in self))


class Scaler(nn.Module):
    """Subtracts a center and divides by a spread, those of each window or those of the training data.

    The spread of a window is never far below that of its series, or a window at rest would nail the forecast to it.

    Args:
        config: `scaling` and `transform`.
        info: center and spread of the training data, and the least spread of a window.
    """

    center: Tensor
    spread: Tensor
    least: Tensor
    least_share: Tensor

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__()
        self.scaling, self.log = config.scaling, config.transform == "log"
        plain = config.scaling == "none"
        numbers = {
            "center": [0.0 if plain else info.center[name] for name in info.target],
            "spread": [1.0 if plain else info.spread[name] for name in info.target],
            "least": [max(info.least.get(name, 0.0), TINY) for name in info.target],
            "least_share": [info.least_share.get(name, FLAT) for name in info.target],
        }
        for name, found in numbers.items():
            self.register_buffer(name, torch.tensor(found, dtype=torch.float32), persistent=False)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor, Scale]:
        """Scale values (batch, time, target).

        Returns:
            The scaled values, 0 where missing; 1 where they are known, else 0; and the scale. Its center is NaN where
            nothing is known, so that the forecast is too.
        """
        if self.log:
            values = values.log()  # NaN or infinite, so missing, where not positive
        known = is_known(values)
        seen = known.to(values.dtype)
        zeros = torch.zeros_like(values)  # of full size: ONNX Runtime's Where is slow on a scalar
        count = seen.sum(dim=1, keepdim=True)
        if self.scaling == "window":
            anchor = last_known(torch.where(known, values, zeros), seen)
            apart = values - anchor
            center = torch.where(known, apart, zeros).sum(dim=1, keepdim=True) / count
            residual = apart - center
            spread = torch.where(known, residual.abs(), zeros).sum(dim=1, keepdim=True) / count
            # not `+ TINY`: the exporter's optimizer takes an addition of 1e-30 for one of 0, and drops it
            least = torch.maximum((anchor + center).abs() * self.least_share, self.least)
            scale = Scale(anchor, center, torch.maximum(spread, least))
        else:
            scale = self.fixed(count)
            residual = values - scale.anchor
        return torch.where(known, residual / scale.spread, zeros), seen, scale

    def fixed(self, count: Tensor) -> Scale:
        """Return the scale of the training data; its center is NaN where the count of known values is 0, else 0."""
        center = 0 * (1 / count)
        return Scale(self.center.expand_as(center), center, self.spread.expand_as(center))

    def do(self, values: Tensor, scale: Scale) -> Tensor:
        """Scale values with a scale that is already known; missing stays missing."""
        if self.log:
            values = values.log()
        return (values - scale.anchor - scale.center) / scale.spread

    def undo(self, x: Tensor, scale: Scale) -> Tensor:
        """Go back to the user's units."""
        values = x * scale.spread + scale.center + scale.anchor
        return values.exp() if self.log else values


class Covariates(nn.Module):
    """Scales covariates by the training data, to between -5 and 5; a missing value becomes the mean.

    Args:
        info: center and spread of every column.
        columns: those that the last axis holds.
    """

    center: Tensor
    rate: Tensor

    def __init__(self, info: Info, columns: tuple[str, ...]) -> None:
        super().__init__()
        center = torch.tensor([info.center[name] for name in columns], dtype=torch.float32)
        spread = torch.tensor([info.spread[name] for name in columns], dtype=torch.float32)
        self.register_buffer("center", center, persistent=False)
        self.register_buffer("rate", 1 / spread, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Scale values (..., column)."""
        scaled = ((values - self.center) * self.rate).clamp(-5, 5)  # a rare flag has a tiny spread
        return torch.where(is_known(values), scaled, 0.0)
