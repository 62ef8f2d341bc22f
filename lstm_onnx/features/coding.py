"""What stands in torch between the tensors of a graph and those that an author's `forward` takes and gives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_LARGEST = 1e15
"""Raw values beyond this are cut, so that what is computed with them stays finite in float32."""
_FARTHEST = 20.0
"""Scaled values beyond this are cut: an outlier may say "large", and no more."""


class Renamed(nn.Module):
    """Hands tensors on under the names of the author's `forward`."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names

    def forward(self, **tensors: Tensor) -> dict[str, Tensor]:
        """Return the tensors by their new names."""
        return {self.names.get(name, name): tensor for name, tensor in tensors.items()}


class Scaled(nn.Module):
    """Subtracts the mean and divides by the spread, along the last axis; missing values become 0, which is the mean.

    Args:
        name: of the tensor to scale; others are handed on.
        center: mean of each column.
        spread: standard deviation of each column, never 0.
        gaps: whether values may be missing; then a column that is 1 where one is missing follows for each column.
    """

    center: Tensor
    spread: Tensor

    def __init__(self, name: str, center: Sequence[float], spread: Sequence[float], gaps: bool) -> None:
        super().__init__()
        self.name, self.gaps = name, gaps
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def forward(self, **tensors: Tensor) -> dict[str, Tensor]:
        """Return the tensors, that of `name` scaled: (…, columns), or (…, 2 * columns) with gaps."""
        values = tensors[self.name]
        if not self.gaps:
            return {**tensors, self.name: self._scale(values)}
        known = torch.isfinite(values)
        zero = torch.zeros((), device=values.device)
        scaled = torch.where(known, self._scale(torch.where(known, values, zero)), zero)
        return {**tensors, self.name: torch.cat([scaled, (~known).to(scaled.dtype)], dim=-1)}

    def _scale(self, values: Tensor) -> Tensor:
        scaled = (values.clamp(-_LARGEST, _LARGEST) - self.center) / self.spread
        return scaled.clamp(-_FARTHEST, _FARTHEST)


class ScaledNumber(Scaled):
    """Scales one number for each example: (batch,) becomes (batch, 1), or (batch, 2) with gaps."""

    def forward(self, **tensors: Tensor) -> dict[str, Tensor]:
        """Return the tensors, that of `name` with a column axis."""
        return super().forward(**{**tensors, self.name: tensors[self.name].unsqueeze(-1)})


class Unscaled(nn.Module):
    """Brings an answered number back to its unit: (batch,) or (batch, 1) becomes (batch,)."""

    center: Tensor
    spread: Tensor

    def __init__(self, name: str, center: float, spread: float) -> None:
        super().__init__()
        self.name = name
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return the number in its unit."""
        return {self.name: flat(answer) * self.spread + self.center}

    def scaled(self, truth: Tensor) -> Tensor:
        """Return a number in its unit as the model should answer it."""
        return (truth - self.center) / self.spread


def flat(answer: Tensor) -> Tensor:
    """Drop a last axis of one: (batch, 1) becomes (batch,)."""
    return answer.squeeze(-1) if answer.dim() == 2 else answer


class Numbered(nn.Module):
    """Looks up whole numbers among those that are known: the first is 1, any other number 0."""

    levels: Tensor

    def __init__(self, name: str, levels: Sequence[int]) -> None:
        super().__init__()
        self.name = name
        self.register_buffer("levels", torch.tensor(levels, dtype=torch.int64))

    def forward(self, **tensors: Tensor) -> dict[str, Tensor]:
        """Return the place of each value, (batch,)."""
        same = (tensors[self.name].unsqueeze(1) == self.levels).to(torch.int64)
        places = torch.arange(1, len(self.levels) + 1, device=same.device)
        return {**tensors, self.name: (same * places).sum(dim=1)}


class StepLikelihoods(nn.Module):
    """Turns scores (logits) of labels at each step into probabilities, and the likeliest with its own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return probabilities (batch, step, label); the likeliest label's probability and number, (batch, step)."""
        probabilities = torch.softmax(answer, dim=-1)
        return {
            f"{self.name}_probabilities": probabilities,
            f"{self.name}_probability": probabilities.amax(dim=-1),
            f"{self.name}_number": probabilities.argmax(dim=-1),
        }


class Likelihoods(nn.Module):
    """Turns scores (logits) of labels along the last axis into probabilities, and the number of the likeliest."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return probabilities like `answer`, and numbers without its last axis."""
        probabilities = torch.softmax(answer, dim=-1)
        return {f"{self.name}_probabilities": probabilities, f"{self.name}_number": probabilities.argmax(dim=-1)}
