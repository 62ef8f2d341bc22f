"""What stands in torch around an author's forecaster: windows scaled on their way in, answers scaled back.

NaN and infinite values are missing. No squares are taken, so that values up to 1e36 do not overflow float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.data.joining import EachAnswer, mean
from lstm_onnx.features.conformal import corrections, independent_windows
from lstm_onnx.features.series_times import StepsAhead

if TYPE_CHECKING:
    from lstm_onnx.features.ahead import Ahead
    from lstm_onnx.features.series import Series

FLAT = 1e-4
"""The least spread of a window relative to its level, where training told none."""
TINY = 1e-30
LIMIT = 100.0
"""Scaled truth is cut here: after a window at rest, a change may be huge in units of its spread."""


def is_missing(values: Tensor) -> Tensor:
    """True where a value is NaN or infinite: 0 times it is NaN. ONNX Runtime compares three times as slowly."""
    return torch.isnan(values * 0)


def is_known(values: Tensor) -> Tensor:
    """True where a value is neither NaN nor infinite."""
    return ~is_missing(values)


def last_known(x: Tensor, known: Tensor) -> Tensor:
    """Pick the newest known value of x (batch, time, target), as (batch, 1, target); 0 where there is none.

    Counted from the oldest row, known values are the most first at the newest; where none is known, x is 0 everywhere.
    """
    return x.gather(1, known.cumsum(dim=1).argmax(dim=1, keepdim=True))


class Scale(NamedTuple):
    """What values are scaled by: `(values - anchor - center) / spread`.

    Each is (batch, 1, target), or (1, 1, target) where it is the same for all.

    Attributes:
        anchor: a number of the size of the values. Subtracting it from them loses no digit of a small swing around a
            high level, as subtracting a mean of float32 would.
        center: mean of what is left; NaN where no value is known, so that answers are too.
        spread: above 0.
    """

    anchor: Tensor
    center: Tensor
    spread: Tensor

    def by_answer(self) -> Scale:
        """Return the same with an axis for several answers, (batch, 1, target, 1)."""
        return Scale(*(tensor.unsqueeze(3) for tensor in self))


class SeriesTensors(NamedTuple):
    """What an author's `forward` gets of a window.

    Attributes:
        values: (batch, time, target), scaled, 0 where missing.
        known: (batch, time, target), 1 where a value is known, else 0.
        time: (batch, time) int64 unix seconds.
        times_ahead: (batch, horizon) int64 unix seconds of the steps ahead.
        past: (batch, time, past + future columns), scaled to between -5 and 5, 0 where missing; None without columns.
        future: (batch, horizon, future columns), likewise.
        static: (batch, static columns), likewise.
        scale: of the values, for a loss in the user's units.
    """

    values: Tensor
    known: Tensor
    time: Tensor
    times_ahead: Tensor
    past: Tensor | None
    future: Tensor | None
    static: Tensor | None
    scale: Scale


class Scaler(nn.Module):
    """Subtracts a center and divides by a spread, those of each window or those of the training data.

    The spread of a window is never far below that of its series, or a window at rest would nail the forecast to it.
    """

    center: Tensor
    spread: Tensor
    least: Tensor
    least_share: Tensor

    def __init__(self, feature: Series) -> None:
        super().__init__()
        self.scaling, self.log = feature.scaling, feature.transform == "log"
        plain = feature.scaling == "none"
        numbers = {
            "center": [0.0 if plain else feature.center[name] for name in feature.target],
            "spread": [1.0 if plain else feature.spread[name] for name in feature.target],
            "least": [max(feature.least.get(name, 0.0), TINY) for name in feature.target],
            "least_share": [feature.least_share.get(name, FLAT) for name in feature.target],
        }
        for name, found in numbers.items():
            self.register_buffer(name, torch.tensor(found, dtype=torch.float32), persistent=False)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor, Scale]:
        """Scale values (batch, time, target).

        Returns:
            The scaled values, 0 where missing; 1 where they are known, else 0; and the scale.
        """
        if self.log:
            values = values.log()  # NaN or infinite, so missing, where not positive
        known = is_known(values)
        seen = known.to(values.dtype)
        count = seen.sum(dim=1, keepdim=True)
        if self.scaling != "window":
            # what is not known is replaced by `seen`, 0 there, as ONNX Runtime's Where is slow on a scalar
            return torch.where(known, (values - self.center) / self.spread, seen), seen, self.fixed(count)
        values = torch.where(known, values, seen)
        anchor = last_known(values, seen)
        some = count.clamp(min=1)
        apart = (values - anchor) * seen
        total = apart.sum(dim=1, keepdim=True)
        center = total / some
        residual = (apart - center) * seen
        spread = residual.abs().sum(dim=1, keepdim=True) / some
        # not `+ TINY`: the exporter's optimizer takes an addition of 1e-30 for one of 0, and drops it
        least = torch.maximum((anchor + center).abs() * self.least_share, self.least)
        scale = Scale(anchor, total / count, torch.maximum(spread, least))
        return residual / scale.spread, seen, scale

    def fixed(self, count: Tensor) -> Scale:
        """Return the scale of the training data; its center is NaN where the count of known values is 0, else 0."""
        return Scale(self.center[None, None], torch.zeros_like(self.center) / count, self.spread[None, None])


class Covariates(nn.Module):
    """Scales covariates by the training data, to between -5 and 5; a missing value becomes the mean.

    Args:
        feature: center and spread of every column.
        columns: those that the last axis holds.
    """

    center: Tensor
    rate: Tensor

    def __init__(self, feature: Series, columns: Sequence[str]) -> None:
        super().__init__()
        center = torch.tensor([feature.center[name] for name in columns], dtype=torch.float32)
        spread = torch.tensor([feature.spread[name] for name in columns], dtype=torch.float32)
        self.register_buffer("center", center, persistent=False)
        self.register_buffer("rate", 1 / spread, persistent=False)

    def forward(self, values: Tensor | None) -> Tensor | None:
        """Scale values (..., column)."""
        if values is None:
            return None
        scaled = ((values - self.center) * self.rate).clamp(-5, 5)  # a rare flag has a tiny spread
        return torch.where(is_missing(values), 0.0, scaled)


class SeriesEncoder(nn.Module):
    """Makes `SeriesTensors` of the raw tensors of a window.

    In a stream it remembers how many values of each target were known so far: until one is, the answer is NaN.
    """

    def __init__(self, feature: Series) -> None:
        super().__init__()
        self.name = feature.name
        self.scaler = Scaler(feature)
        self.past = Covariates(feature, (*feature.past, *feature.future))
        self.future = Covariates(feature, feature.future)
        self.static = Covariates(feature, feature.static)
        self.steps_ahead = StepsAhead(feature.step, feature.horizon)

    def forward(
        self,
        values: Tensor,
        time: Tensor,
        past: Tensor | None = None,
        future: Tensor | None = None,
        static: Tensor | None = None,
    ) -> dict[str, SeriesTensors]:
        """Scale a window.

        Args:
            values: (batch, time, target), missing where NaN or infinite.
            time: (batch, time) int64 unix seconds, one step apart.
            past: (batch, time, past + future columns), missing where not finite.
            future: (batch, horizon, future columns).
            static: (batch, static columns).
        """
        x, known, scale = self.scaler(values)
        times = self.steps_ahead(time[:, -1:])
        return {
            self.name: SeriesTensors(
                x, known, time, times, self.past(past), self.future(future), self.static(static), scale
            )
        }

    def remember(self, seen: SeriesTensors, before: Tensor | None) -> tuple[SeriesTensors, Tensor]:
        """Go on from how many values (batch, 1, target) were known before a piece; also return how many are now."""
        count = seen.known.sum(dim=1, keepdim=True)
        if before is None:
            return seen, count
        count = before + count
        return seen._replace(scale=self.scaler.fixed(count)), count


class AheadDecoder(nn.Module):
    """Brings answers back to the user's units, for `Ahead`: see there what an author answers with.

    Args:
        feature: what comes ahead.
        conformal: whether validation data moves the quantiles, as `feature` may wish; never while learning.
    """

    correction: Tensor | None
    spreading: Tensor
    lower: Tensor
    upper: Tensor

    def __init__(self, feature: Ahead, conformal: bool = False) -> None:
        super().__init__()
        self.levels, shape = feature.quantiles, (feature.horizon, len(feature.target), len(feature.quantiles))
        self.register_buffer("correction", torch.zeros(shape) if conformal and feature.quantiles else None)
        self.name, self.along, self.targets = feature.name, feature.along, len(feature.target)
        self.log, self.has_lower, self.has_upper = feature.transform == "log", bool(feature.lower), bool(feature.upper)
        for name, bounds, none in (("lower", feature.lower, -torch.inf), ("upper", feature.upper, torch.inf)):
            found = torch.tensor([bounds.get(target, none) for target in feature.target], dtype=torch.float32)
            self.register_buffer(name, found, persistent=False)
        self.register_buffer("spreading", spreading(feature.quantiles), persistent=False)

    def forward(self, answer: Tensor, seen: SeriesTensors) -> dict[str, Tensor]:
        """Return the outputs of the torch part; see `Ahead.answers`."""
        point, wings = self.scaled(answer)
        made = {self.name: self.undo(point, seen.scale), f"{self.name}_time": seen.times_ahead}
        if wings is not None:
            made["quantiles"] = self.undo(point.unsqueeze(3) + wings, seen.scale.by_answer())
        return made

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the mean forecast of several models, and of each quantile; all tell the same times."""
        names = [self.name] + ["quantiles"] * bool(self.spreading.shape[0])
        return {name: mean(said, name) for name in names} | {f"{self.name}_time": said[0][f"{self.name}_time"]}

    def scaled(self, answer: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the point forecast (batch, horizon, target), and how far each quantile is from it, as a last axis."""
        if self.spreading.shape[0] == 0:
            return answer, None
        gaps = functional.softplus(torch.unflatten(answer[:, :, self.targets :], 2, (self.targets, -1)))
        if self.correction is not None:
            gaps = torch.relu(gaps + self.correction)
        return answer[:, :, : self.targets], gaps @ self.spreading

    @property
    def adjusts(self) -> bool:
        """Whether validation data is to move the quantiles."""
        return self.correction is not None

    def observe(self, answer: Tensor, batch: Mapping[str, Tensor], seen: SeriesTensors) -> tuple[Tensor, ...]:
        """Return of some examples what `adjust` needs: gaps, truth minus forecast, whether it is known, and times."""
        gaps = functional.softplus(torch.unflatten(answer[:, :, self.targets :], 2, (self.targets, -1)))
        truth, known = self.truth(batch["actual"], seen.scale)
        return gaps, torch.where(known, truth - answer[:, :, : self.targets], 0.0), known, seen.times_ahead

    def adjust(self, gaps: Tensor, apart: Tensor, known: Tensor, times_ahead: Tensor) -> None:
        """Move the quantiles so that they hold on these examples."""
        assert self.correction is not None
        count = independent_windows(times_ahead)
        self.correction.copy_(corrections(gaps, apart, known, self.levels, count))

    def undo(self, x: Tensor, scale: Scale) -> Tensor:
        """Go back to the user's units, and no further than the bounds."""
        values = x * scale.spread + scale.center + scale.anchor
        values = values.exp() if self.log else values
        if self.has_lower:
            values = _bounded(values, self.lower, values < _beside(self.lower, values))
        if self.has_upper:
            values = _bounded(values, self.upper, values > _beside(self.upper, values))
        return values

    def errors(self, answers: Tensor, actual: Tensor, seen: SeriesTensors) -> tuple[Tensor, Tensor]:
        """Truth minus answers, in units of the window's spread, and how many truths are known.

        Args:
            answers: (batch, horizon, target, answer), scaled.
            actual: (batch, horizon, target), in the user's units.
            seen: the window.

        Returns:
            (batch, horizon, target, answer), 0 where the truth is unknown; and their number, at least 1.
        """
        return errors_of(answers, *self.truth(actual, seen.scale))

    def truth(self, actual: Tensor, scale: Scale) -> tuple[Tensor, Tensor]:
        """Return the truth in units of the window's spread, and whether it is known: (batch, horizon, target).

        What overflows is cut, not missing.
        """
        truth = actual.log() if self.log else actual
        scaled = ((truth - scale.anchor - scale.center) / scale.spread).clamp(-LIMIT, LIMIT)
        return scaled, is_known(truth) & is_known(scale.center)


def _beside(bounds: Tensor, values: Tensor) -> Tensor:
    """Give bounds (target,) the axes of values (batch, horizon, target) or (batch, horizon, target, quantile)."""
    return bounds if values.dim() == 3 else bounds.unsqueeze(1)


def _bounded(values: Tensor, bounds: Tensor, beyond: Tensor) -> Tensor:
    """Put the bound in the place of what is beyond it; not by clamping: a runtime may make a bound of NaN."""
    return torch.where(beyond, _beside(bounds, values).expand_as(values), values)


def errors_of(answers: Tensor, truth: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Do what `AheadDecoder.errors` does, with what its `truth` returns."""
    return torch.where(known.unsqueeze(3), truth.unsqueeze(3) - answers, 0.0), known.sum().clamp(min=1)


def all_answers(point: Tensor, wings: Tensor | None) -> Tensor:
    """Put the point forecast and the quantiles side by side: (batch, horizon, target, answer)."""
    answers = point.unsqueeze(3)
    return answers if wings is None else torch.cat([answers, answers + wings], dim=3)


def twice_pinball(errors: Tensor, levels: Sequence[float]) -> Tensor:
    """Twice the pinball loss of quantiles, a mean over the last axis: that of the median is the absolute error."""
    wanted = torch.tensor(levels, device=errors.device)
    return 2 * torch.maximum(wanted * errors, (wanted - 1) * errors).mean(dim=-1)


def spreading(quantiles: Sequence[float]) -> Tensor:
    """Return the matrix that adds up positive gaps to distances from the median: never crossing, by construction.

    Column q adds the gaps between the median and quantile q, upwards or downwards; the median's own column is 0.
    """
    matrix = torch.zeros(len(quantiles), len(quantiles))
    for column, q in enumerate(quantiles):
        for row, p in enumerate(quantiles):
            if 0.5 < p <= q:
                matrix[row, column] = 1
            elif q <= p < 0.5:
                matrix[row, column] = -1
    return matrix
