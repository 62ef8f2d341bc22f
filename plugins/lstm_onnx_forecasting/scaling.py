"""Scaling inside the graph: from the user's units to numbers of the size of 1, and back.

NaN and infinite values are missing. No squares are taken, so that values up to 1e36 do not overflow float32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_onnx_forecasting.options import Config, Info

FLAT = 1e-4
"""The least spread of a window, relative to its mean: a flat window is not blown up to noise."""
TINY = 1e-30


def is_known(values: Tensor) -> Tensor:
    """True where a value is neither NaN nor infinite."""
    return values.abs() < torch.inf


class Scaler(nn.Module):
    """Subtracts a center and divides by a spread, those of each window or those of the training data.

    Args:
        config: `scaling` and `transform`.
        info: center and spread of the training data.
    """

    center: Tensor
    spread: Tensor

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__()
        self.scaling, self.log = config.scaling, config.transform == "log"
        plain = config.scaling == "none"
        center = [0.0 if plain else info.center[name] for name in info.target]
        spread = [1.0 if plain else info.spread[name] for name in info.target]
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32), persistent=False)
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32), persistent=False)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scale values (batch, time, target).

        Returns:
            The scaled values, 0 where missing; 1 where they are known, else 0; center and spread, (batch, 1, target).
            The center is NaN where nothing is known, so that the forecast is too.
        """
        if self.log:
            values = values.log()  # NaN or infinite, so missing, where not positive
        known = is_known(values)
        seen = known.to(values.dtype)
        zeros = torch.zeros_like(values)  # of full size: ONNX Runtime's Where is slow on a scalar
        count = seen.sum(dim=1, keepdim=True)
        if self.scaling == "window":
            center = torch.where(known, values, zeros).sum(dim=1, keepdim=True) / count
            residual = values - center
            spread = torch.where(known, residual.abs(), zeros).sum(dim=1, keepdim=True) / count
            # not `+ TINY`: the exporter's optimizer takes an addition of 1e-30 for one of 0, and drops it
            spread = torch.maximum(spread, (center.abs() * FLAT).clamp(min=TINY))
        else:
            center, spread = self.fixed(count)
            residual = values - center
        return torch.where(known, residual / spread, zeros), seen, center, spread

    def fixed(self, count: Tensor) -> tuple[Tensor, Tensor]:
        """Center and spread of the training data, (batch, 1, target); NaN where the count of known values is 0."""
        center = self.center + 0 * (1 / count)
        return center, self.spread.expand_as(center)

    def do(self, values: Tensor, center: Tensor, spread: Tensor) -> Tensor:
        """Scale values with a center and a spread that are already known; missing stays missing."""
        if self.log:
            values = values.log()
        return (values - center) / spread

    def undo(self, x: Tensor, center: Tensor, spread: Tensor) -> Tensor:
        """Go back to the user's units."""
        values = x * spread + center
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
