"""What stands in torch between the tensors of a graph and those that an author's `forward` takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.data.joining import EachAnswer, mean
from lstm_onnx.features.conformal import reach

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


class Averaged(nn.Module):
    """Gives one output, of which several models' mean is their answer."""

    name: str

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the mean of the output over several models."""
        return {self.name: mean(said, self.name)}


class Unscaled(Averaged):
    """Brings an answered number back to its unit: (batch,) or (batch, 1) becomes (batch,).

    Args:
        name: of the number.
        center: what is added to it.
        spread: what it is multiplied by before.
        interval: share of truths that shall lie between the two ends that are given beside it; None for no ends.
    """

    center: Tensor
    spread: Tensor
    reach: Tensor | None

    def __init__(self, name: str, center: float, spread: float, interval: float | None = None) -> None:
        super().__init__()
        self.name, self.interval = name, interval
        self.register_buffer("reach", torch.zeros(2) if interval is not None else None)
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return the number in its unit, and the ends of its interval."""
        scaled = flat(answer)
        found = {self.name: scaled}
        if self.reach is not None:
            found |= {f"{self.name}_low": scaled - self.reach[0], f"{self.name}_high": scaled + self.reach[1]}
        return {name: number * self.spread + self.center for name, number in found.items()}

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the mean of the number over several models, and of each end."""
        ends = ["", "_low", "_high"] if self.reach is not None else [""]
        return {f"{self.name}{end}": mean(said, f"{self.name}{end}") for end in ends}

    @property
    def adjusts(self) -> bool:
        """Whether validation data says how far the ends are."""
        return self.reach is not None

    def observe(self, answer: Tensor, batch: Mapping[str, Tensor], seen: None) -> tuple[Tensor, ...]:
        """Return how far truths are above the answers, scaled."""
        return (self.scaled(batch[self.name]) - flat(answer),)

    def adjust(self, apart: Tensor) -> None:
        """Set the ends by these distances."""
        assert self.reach is not None and self.interval is not None
        self.reach.copy_(reach(apart, self.interval))

    def scaled(self, truth: Tensor) -> Tensor:
        """Return a number in its unit as the model should answer it."""
        return (truth - self.center) / self.spread


class UnscaledSteps(Averaged):
    """Brings answered numbers of each step back to their units: (batch, step) or (batch, step, columns)."""

    center: Tensor
    spread: Tensor

    def __init__(self, name: str, center: Sequence[float], spread: Sequence[float]) -> None:
        super().__init__()
        self.name = name
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return the numbers in their units."""
        return {self.name: answer * self.spread + self.center}


class Named(Averaged):
    """Hands an answer on as it is, under its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return the answer by its name."""
        return {self.name: answer}


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
        return self._decided(torch.softmax(answer, dim=-1))

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the same of the mean probabilities of several models."""
        return self._decided(mean(said, f"{self.name}_probabilities"))

    def _decided(self, probabilities: Tensor) -> dict[str, Tensor]:
        return {
            f"{self.name}_probabilities": probabilities,
            f"{self.name}_probability": probabilities.amax(dim=-1),
            f"{self.name}_number": probabilities.argmax(dim=-1),
        }


class Likelihoods(nn.Module):
    """Turns scores (logits) of labels along the last axis into probabilities, and the number of the likeliest.

    Args:
        probabilities: what the probabilities are called.
        number: what the number is called.
        calibrated: whether a temperature, which `fit_temperature` finds, divides the scores.
        positive: number of the label that is answered wherever it reaches `threshold`; None answers the likeliest.
        threshold: a probability.
        multiples: of each label: what its probability is multiplied by to find the answer, without a threshold.
        shares: of each label, where the scores are as if all labels were even: they are put back (Menon and others
            2021, logit adjustment), so that probabilities are of examples as they come.
    """

    temperature: Tensor | None
    multiples: Tensor | None
    prior: Tensor | None

    def __init__(
        self,
        probabilities: str,
        number: str,
        calibrated: bool = False,
        positive: int | None = None,
        threshold: float | None = None,
        multiples: tuple[float, ...] | None = None,
        shares: tuple[float, ...] | None = None,
    ) -> None:
        super().__init__()
        self.probabilities, self.number = probabilities, number
        prior = None if shares is None else torch.tensor(shares).clamp(min=1e-9).log()
        self.register_buffer("prior", prior, persistent=False)
        self.register_buffer("multiples", None if multiples is None else torch.tensor(multiples), persistent=False)
        self.positive, self.threshold = positive, threshold
        self.register_buffer("temperature", torch.ones(()) if calibrated else None)

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return probabilities like `answer`, and numbers without its last axis."""
        scores = self._with_prior(answer)
        probabilities = torch.softmax(scores if self.temperature is None else scores / self.temperature, dim=-1)
        return {self.probabilities: probabilities, self.number: self._decided(probabilities)}

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the mean probabilities of several models, and the number of the likeliest by them."""
        probabilities = mean(said, self.probabilities)
        return {self.probabilities: probabilities, self.number: self._decided(probabilities)}

    @property
    def adjusts(self) -> bool:
        """Whether validation data sets the temperature."""
        return self.temperature is not None

    def observe(self, answer: Tensor, batch: Mapping[str, Tensor], seen: None) -> tuple[Tensor, ...]:
        """Return scores of some examples, and the numbers of what is right."""
        return self._with_prior(answer), batch[self.number]

    def adjust(self, logits: Tensor, target: Tensor) -> None:
        """Set the temperature."""
        assert self.temperature is not None
        self.temperature.fill_(fit_temperature(logits, target))

    def _with_prior(self, answer: Tensor) -> Tensor:
        return answer if self.prior is None else answer + self.prior

    def _decided(self, probabilities: Tensor) -> Tensor:
        if self.positive is None or self.threshold is None:
            return (probabilities if self.multiples is None else probabilities * self.multiples).argmax(dim=-1)
        own = torch.arange(probabilities.shape[-1], device=probabilities.device) == self.positive
        # 2 or 0, added: the positive label wins where it reaches the threshold, and loses to all others elsewhere
        reached = (probabilities[..., self.positive : self.positive + 1] >= self.threshold).to(probabilities.dtype)
        return (probabilities + own.to(probabilities.dtype) * (4 * reached - 2)).argmax(dim=-1)


class EachLikelihood(nn.Module):
    """Turns a score (logit) of each label into its probability, by itself, and decides by a threshold.

    Args:
        probabilities: what the probabilities are called.
        decided: what the decisions are called.
        threshold: a probability from which a label is answered.
    """

    def __init__(self, probabilities: str, decided: str, threshold: float) -> None:
        super().__init__()
        self.probabilities, self.decided, self.threshold = probabilities, decided, threshold

    def forward(self, answer: Tensor) -> dict[str, Tensor]:
        """Return probabilities like `answer` (batch, label), and 1 or 0 of each."""
        return self._said(torch.sigmoid(answer))

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the mean probabilities of several models, and what they decide."""
        return self._said(mean(said, self.probabilities))

    def _said(self, probabilities: Tensor) -> dict[str, Tensor]:
        return {self.decided: (probabilities >= self.threshold).to(torch.int64), self.probabilities: probabilities}


@torch.no_grad()
def fit_temperature(logits: Tensor, target: Tensor) -> float:
    """Return the temperature that makes the logits' cross-entropy least (Guo and others 2017).

    A few examples, all of them right, would call for no doubt at all; so the logarithm is drawn to 0 as by a normal
    prior of deviation 0.5, which counts as little beside many examples. A golden-section search: there is one minimum.

    Args:
        logits: scores (examples, labels).
        target: number of what is right, (examples,).
    """
    ratio, low, high = 0.618034, -2.0, 2.0

    def loss(log_temperature: float) -> float:
        scaled = logits / torch.tensor(log_temperature).exp()
        return float(functional.cross_entropy(scaled, target, reduction="sum")) + 2 * log_temperature**2

    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(torch.tensor((low + high) / 2).exp())
