"""Rows whose values may be missing, or that are scaled by themselves: zero wherever nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_LARGEST = 1e15
"""Raw values beyond this are cut, so that squares stay finite in float32."""
_FARTHEST = 20.0
"""Scaled values beyond this are cut: an outlier may say "large", and no more. At 100, rounding in a convolution moved a
probability by 2e-5."""
_FLAT = 1e-4
"""A sequence whose spread is less than this share of its mean counts as constant."""
_GRID = 2.0**14
"""Scaled values are cut to whole numbers of 1 / this, before a sequence is scaled by itself."""
_HALF = 2.0**10
"""What such a number is parted by, so that float32 adds up either part of 13,000 steps without rounding."""
_LEAST_APART = 2.0**-10
"""Spreads: a sequence whose steps lie less apart than this counts as if they did."""
_NORMAL = 1.2533
"""Standard deviation of normal numbers, by their mean distance from the mean."""


class TolerantRows(nn.Module):
    """Scales sequences of numbers; a missing value (NaN or infinite) becomes 0, which is the mean, and so does padding.

    Args:
        name: of the values.
        lengths: name of the tensor that says how many steps count; it may be missing in a stream, where all do.
        center: mean of each column in training.
        spread: standard deviation of each column, never 0.
        gaps: whether a column that is 1 where a value is missing follows for each column.
        scaling: by `center` and `spread` (columns), by those of each sequence, both side by side, or not at all (none).
        noise: deviation of what is added in training.
    """

    center: Tensor
    spread: Tensor

    def __init__(
        self,
        name: str,
        lengths: str,
        center: Sequence[float],
        spread: Sequence[float],
        *,
        gaps: bool = False,
        scaling: str = "columns",
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.name, self.lengths, self.gaps, self.scaling, self.noise = name, lengths, gaps, scaling, noise
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def forward(self, **tensors: Tensor) -> dict[str, Tensor]:
        """Return the tensors, that of `name` scaled: (batch, time, columns); as many more with both, and with gaps."""
        values, lengths = tensors[self.name], tensors.get(self.lengths)
        zero = torch.zeros((), device=values.device)
        known = ~torch.isnan(values * 0)  # as `isfinite`, in three nodes instead of five
        valid = None
        if lengths is not None:
            valid = (torch.arange(values.shape[1], device=values.device) < lengths.unsqueeze(1)).unsqueeze(2)
            known = known & valid
        if self.scaling == "sequence":
            values = torch.where(known, values, zero).clamp(-_LARGEST, _LARGEST)
            values = _standardised(values, known.to(values.dtype))
        elif self.scaling != "none":
            values = (values.clamp(-_LARGEST, _LARGEST) - self.center) / self.spread
        values = values.clamp(-_FARTHEST, _FARTHEST)
        if self.training and self.noise:
            values = values + self.noise * torch.randn_like(values)
        x = torch.where(known, values, zero)
        found = [x]
        if self.gaps:
            missing = ~known if valid is None else ~known & valid
            found.append(missing.to(x.dtype))
        if self.scaling == "both":
            found.append(_on_its_own(x, known.to(x.dtype)))
        return {**tensors, self.name: torch.cat(found, dim=2) if len(found) > 1 else x}


def _standardised(values: Tensor, known: Tensor) -> Tensor:
    """Subtract the mean of each sequence's column and divide by its spread; a constant column becomes 0."""
    count = known.sum(dim=1, keepdim=True).clamp(min=1)
    apart = (values - values[:, :1]) * known  # from the first step: exactly 0 if constant, whatever the size
    mean = apart.sum(dim=1, keepdim=True) / count
    spread = (((apart - mean) * known).square().sum(dim=1, keepdim=True) / count).sqrt()
    size = (values.abs() * known).amax(dim=1, keepdim=True)
    return (apart - mean) / torch.maximum(spread, _FLAT * size).clamp(min=1e-12)


def _on_its_own(x: Tensor, known: Tensor) -> Tensor:
    """Subtract the mean of each sequence's column, and divide by the mean distance from it.

    Random convolutions count steps above a threshold, so rounding must not decide: sums are of whole numbers, and come
    out alike in any order, with any padding and in every runtime. That is why it is distances, and not their squares.

    Args:
        x: scaled by the training part, (batch, time, columns), zero where nothing is known.
        known: 1 where a value is known, like `x`.
    """
    count = known.sum(dim=1, keepdim=True).clamp(min=1)
    units = (x * _GRID).floor() * known
    apart = (units - (_whole_sum(units) / count).floor()) * known
    spread = _whole_sum(apart.abs()) / count * _NORMAL
    return (apart / spread.clamp(min=_LEAST_APART * _GRID)).clamp(-_FARTHEST, _FARTHEST)


def _whole_sum(x: Tensor) -> Tensor:
    """Add up whole numbers over time, to the last bit."""
    high = (x * (1 / _HALF)).floor()
    low = x - high * _HALF
    return high.sum(dim=1, keepdim=True) * _HALF + low.sum(dim=1, keepdim=True)
