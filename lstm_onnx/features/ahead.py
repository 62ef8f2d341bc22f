"""The steps ahead of a series: a forecast of each, its time, and quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from lstm_onnx.contract import Array, Axis, ColumnsSource, Step, TensorSpec, TimeSource
from lstm_onnx.features.enough import enough
from lstm_onnx.features.feature import InputFeature, OutputFeature, found_along
from lstm_onnx.features.metrics import Metric
from lstm_onnx.features.series import CLOCK, Series, time_unit, windows_in
from lstm_onnx.features.series_windows import Truths

if TYPE_CHECKING:
    from torch import Tensor, nn


def _ascending(levels: tuple[float, ...]) -> tuple[float, ...]:
    if any(not 0 < q < 1 for q in levels):
        raise ValueError("quantiles lie between 0 and 1, such as 0.1 0.5 0.9")
    return tuple(sorted(set(levels)))


Quantiles = Annotated[tuple[float, ...], AfterValidator(_ascending)]
"""Probabilities between 0 and 1, kept in order and each once."""


class Ahead(OutputFeature):
    """What comes next in the `Series` that it runs `along`.

    A row of its column is a window, as of the series. `forward` answers with `NAME` (batch, horizon, width), scaled as
    `SeriesTensors.values` are: first the point forecast of each target; with quantiles then, target by target, a number
    for each quantile, of which the graph makes gaps between them, so that they never cross. The graph gives `NAME`
    (batch, horizon, target) and `quantiles` in the user's units, NaN where no value was known, and `NAME_time`. The
    loss is the mean absolute error of the scaled forecast, and twice the pinball loss of the quantiles.
    """

    kind: Literal["ahead"] = "ahead"
    along: str = Field(description="the series")
    quantiles: Quantiles = Field((), description="ascending, between 0 and 1")
    conformal: bool = Field(
        False, description="whether validation data moves the quantiles, so that they hold on what was not learnt from"
    )
    lower: dict[str, float] = Field(default_factory=dict, description="the least answer of a target, in its unit")
    upper: dict[str, float] = Field(default_factory=dict, description="the largest answer of a target, in its unit")
    target: tuple[str, ...] = Field((), description="what is forecast: set by the task, as all that follows")
    horizon: int = Field(1, ge=1, description="steps ahead")
    step: Step = Field(default_factory=lambda: Step(seconds=1), description="distance between rows")
    transform: Literal["none", "log"] = Field("none", description="what is undone in the graph")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        for name in self.lower.keys() & self.upper.keys():
            if self.lower[name] >= self.upper[name]:
                raise ValueError(
                    f"{name}: the lower bound {self.lower[name]:g} is not below the upper one {self.upper[name]:g}"
                )
        return self

    @property
    def width(self) -> int:
        """How many numbers `forward` answers with for each step ahead."""
        return len(self.target) * (1 + len(self.quantiles))

    def bound(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy that knows the series that it runs along."""
        known = {f.name: f for f in inputs if isinstance(f, Series)}
        series = found_along("outputs", self, self.along, known, "which is no series that goes in")
        return self.model_copy(
            update={
                "target": series.target,
                "horizon": series.horizon,
                "step": series.step,
                "transform": series.transform,
            }
        )

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn nothing: the scale is the series'."""
        return self

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the forecast, its times, and quantiles."""
        found = (
            TensorSpec(
                name=self.name,
                dtype="float32",
                dims=("batch", "horizon", "target"),
                meaning="forecast of each step ahead, in the units of the values; NaN where none was known",
                source=ColumnsSource(columns=self.target, rows="future"),
            ),
            TensorSpec(
                name=f"{self.name}_time",
                dtype="int64",
                dims=("batch", "horizon"),
                meaning="when each step ahead is, " + CLOCK,
                unit=time_unit(self.step),
                source=TimeSource(rows="future"),
            ),
        )
        if not self.quantiles:
            return found
        return (
            *found,
            TensorSpec(
                name="quantiles",
                dtype="float32",
                dims=("batch", "horizon", "target", "quantile"),
                meaning="values that what happens stays below with these probabilities, ascending"
                + ", calibrated on validation data if there was any" * self.conformal,
            ),
        )

    def axes(self) -> dict[str, Axis]:
        """Describe the quantiles; the other axes are the series'."""
        if not self.quantiles:
            return {}
        labels = tuple(f"q{q:g}" for q in self.quantiles)
        return {"quantile": Axis(size=len(labels), labels=labels, meaning="probabilities")}

    def decoder(self) -> nn.Module:
        """Return what brings answers back to the user's units."""
        from lstm_onnx.features.series_coding import AheadDecoder

        return AheadDecoder(self, self.conformal)

    def calibratable(self, column: Sequence[Any]) -> tuple[Self, str | None]:
        """Say which quantiles stay as they are learnt, as too few windows validate."""
        if not self.conformal or not self.quantiles or not len(column):
            return self, None
        windows = windows_in(self.name, column)
        begin, count = -self.horizon, 0
        for origin in windows.origins.tolist():  # series lie one behind the other
            if origin >= begin + self.horizon:
                begin, count = origin, count + 1
        left = [f"{q:g}" for q in self.quantiles if q != 0.5 and not enough(q, count)]
        if not left:
            return self, None
        return self, (
            f"the validation part has {count} windows that do not overlap, too few to calibrate the "
            f"quantile{'s' * (len(left) > 1)} {', '.join(left)}, which stay as they are learnt"
        )

    def prepare_truth(self, column: Sequence[Any]) -> Sequence[Any]:
        """Keep the windows."""
        return Truths(windows_in(self.name, column))

    def truth(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Return what happened."""
        return {self.name: batch["actual"]}

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Put windows side by side: `actual` (batch, horizon, target), and `mase_scale` (batch, target)."""
        return {name: np.stack([row[name] for row in rows]) for name in ("actual", "mase_scale")}

    def loss(self, answer: Tensor, batch: Mapping[str, Any]) -> Tensor:
        """Return the mean absolute error, and twice the pinball loss, in units of the window's spread."""
        from lstm_onnx.features.series_coding import AheadDecoder, all_answers, twice_pinball

        decoder = AheadDecoder(self).to(answer.device)
        errors, count = decoder.errors(all_answers(*decoder.scaled(answer)), batch["actual"], batch[self.along])
        loss = errors[..., 0].abs().sum() / count
        return loss + twice_pinball(errors[..., 1:], self.quantiles).sum() / count if self.quantiles else loss

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return the mean absolute error, and the same as a share of each series' usual change (MASE)."""
        return (
            Metric(f"{prefix}mae", "min", lambda answers, batch: _error(answers[self.name], batch, None)),
            Metric(f"{prefix}mase", "min", lambda answers, batch: _error(answers[self.name], batch, "mase_scale")),
        )

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the newest known value."""
        values = batch["values"]
        known = np.isfinite(values)
        newest = values.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
        last = np.take_along_axis(values, newest[:, None], axis=1)
        return {self.name: np.repeat(last, self.horizon, axis=1)}


def _error(forecast: Array, batch: Mapping[str, Array], unit: str | None) -> tuple[float, float]:
    """Add up the absolute errors of known steps, of targets that had a known value in their window."""
    actual = batch["actual"].astype(np.float64)
    error = np.abs(actual - forecast)
    if unit is not None:
        error = error / batch[unit][:, None, :]
    counted = ~np.isnan(actual) & np.asarray(np.isfinite(batch["values"]).any(axis=1))[:, None, :]
    if unit is not None:
        counted &= ~np.isnan(batch[unit])[:, None, :]
    return float(error[counted].sum()), float(counted.sum())
