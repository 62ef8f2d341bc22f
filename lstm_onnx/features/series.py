"""A time series: what was, when, and what goes with it; what is known ahead, and what never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lstm_onnx.contract import Array, Axis, ColumnsSource, StaticSource, Step, TensorSpec, TimeSource
from lstm_onnx.data.frequency import advance, step_text
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import InputFeature
from lstm_onnx.features.series_windows import Windows

if TYPE_CHECKING:
    from torch import nn

_KEPT = 12
_LONGEST_KEPT = 192
_LOOKED_AT = 1 << 16
"""Windows, and rows of each, that are kept for samples."""

Number = float | None


CLOCK = "by the clock on the wall, as if it were UTC"
"""Of which zone times are, if of any, is told by the clock of the contract's table."""


def time_unit(step: Step) -> str:
    """Say what a graph counts times in."""
    if step.counted:
        return step.unit or "step"
    return {"ms": "unix milliseconds", "us": "unix microseconds"}.get(step.unit or "", "unix seconds")


class KeptWindow(BaseModel):
    """A window of the training part, kept for samples; None where a value is missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last: int = Field(description="unix seconds of its newest row")
    values: tuple[tuple[Number, ...], ...]
    past: tuple[tuple[Number, ...], ...] = ()
    future: tuple[tuple[Number, ...], ...] = ()
    static: tuple[Number, ...] = ()


class Series(InputFeature):
    """Windows of regular series: each is the newest `window` rows, and a forecast may look `horizon` rows ahead.

    Its column is `Windows`. `forward` gets one argument, `NAME`, a `lstm_onnx.features.series_coding.SeriesTensors`:
    values scaled by each window's mean and spread, or by those of the training data; times; covariates.
    """

    kind: Literal["series"] = "series"
    target: tuple[str, ...] = Field(min_length=1, description="columns of values")
    past: tuple[str, ...] = Field((), description="columns that are known up to now")
    future: tuple[str, ...] = Field((), description="columns that are known ahead")
    static: tuple[str, ...] = Field((), description="columns that do not change within a series")
    step: Step = Field(description="distance between rows")
    window: int = Field(ge=1, description="rows that are looked at")
    horizon: int = Field(1, ge=1, description="rows ahead")
    scaling: Literal["window", "global", "none"] = "window"
    transform: Literal["none", "log"] = "none"
    center: dict[str, float] = Field(default_factory=dict, description="mean of each column in training")
    spread: dict[str, float] = Field(default_factory=dict, description="mean absolute deviation of each column")
    least: dict[str, float] = Field(default_factory=dict, description="least spread of a window of each target")
    least_share: dict[str, float] = Field(default_factory=dict, description="the same, as a share of a window's level")
    kept: tuple[KeptWindow, ...] = ()

    @property
    def size(self) -> int:
        """Numbers of each row: values, whether they are known, and covariates."""
        return 2 * len(self.target) + len(self.past) + len(self.future)

    @property
    def steps(self) -> str:
        """The axis of the rows."""
        return "time"

    def tolerance(self) -> float:
        """How far answers in the unit of the values may be apart: what float32 carries of their spread."""
        spread = [min(self.spread[name], 20 * (self.least.get(name) or np.inf)) for name in self.target]
        return max(1e-6, 1e-5 * max(spread)) if self.transform == "none" else 1e-6

    def fit(self, column: Sequence[Any]) -> Self:
        """Take the scales of the training rows, and keep some windows."""
        windows = windows_in(self.name, column)
        layout, scales = windows.store.layout, windows.store.scales
        mine = (self.target, self.past, self.future, self.static, self.window, self.horizon)
        theirs = (layout.target, layout.past, layout.future, layout.static, layout.window, layout.horizon)
        if mine != theirs:
            raise UserError(f"read: the windows of '{self.name}' have the layout {theirs}, and the feature {mine}")
        looked_at = np.arange(min(len(windows), _LOOKED_AT))
        if len(windows) > _LOOKED_AT:
            looked_at = np.linspace(0, len(windows) - 1, num=_LOOKED_AT).round().astype(np.int64)
        ends = looked_at[windows.newest_known(looked_at)]
        among = ends if len(ends) else looked_at
        chosen = among[np.linspace(0, len(among) - 1, num=min(_KEPT, len(among))).round().astype(np.int64)]
        return self.model_copy(
            update={
                "center": scales.center,
                "spread": scales.spread,
                "least": scales.least,
                "least_share": scales.least_share,
                "kept": tuple(_kept(windows[int(i)]) for i in chosen),
            }
        )

    def to_score(self) -> Self:
        """Return a copy without samples."""
        return self.model_copy(update={"kept": ()})

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the inputs."""
        missing = "missing where NaN or infinite" + (", or not above 0" if self.transform == "log" else "")
        found = [
            TensorSpec(
                name="values",
                dtype="float32",
                dims=("batch", "time", "target"),
                meaning="what is to be forecast, oldest first; " + missing,
                missing=True,
                source=ColumnsSource(columns=self.target),
            ),
            TensorSpec(
                name="time",
                dtype="int64",
                dims=("batch", "time"),
                meaning="when each row was, " + CLOCK,
                unit=time_unit(self.step),
                source=TimeSource(),
            ),
        ]
        if self.past or self.future:
            found.append(
                TensorSpec(
                    name="past",
                    dtype="float32",
                    dims=("batch", "time", "covariate"),
                    meaning="covariates of the same rows; NaN where missing",
                    missing=True,
                    source=ColumnsSource(columns=(*self.past, *self.future)),
                )
            )
        if self.future:
            found.append(
                TensorSpec(
                    name="future",
                    dtype="float32",
                    dims=("batch", "horizon", "known"),
                    meaning="covariates of the rows ahead, known in advance; NaN where missing",
                    missing=True,
                    source=ColumnsSource(columns=self.future, rows="future"),
                )
            )
        if self.static:
            found.append(
                TensorSpec(
                    name="static",
                    dtype="float32",
                    dims=("batch", "constant"),
                    meaning="what does not change within a series; NaN where missing",
                    missing=True,
                    source=StaticSource(columns=self.static),
                )
            )
        return tuple(found)

    def axes(self) -> dict[str, Axis]:
        """Describe rows, targets, steps ahead and covariates."""
        axes = {
            "batch": Axis(meaning="one example each: a series, or a moment of it"),
            "time": Axis(example_size=self.window, meaning=f"rows {step_text(self.step)} apart, the newest last"),
            "target": Axis(size=len(self.target), labels=self.target, meaning="what is forecast"),
            "horizon": Axis(size=self.horizon, meaning="steps ahead"),
        }
        if self.past or self.future:
            names = (*self.past, *self.future)
            axes["covariate"] = Axis(size=len(names), labels=names, meaning="what goes with it")
        if self.future:
            axes["known"] = Axis(size=len(self.future), labels=self.future, meaning="what is known ahead")
        if self.static:
            axes["constant"] = Axis(size=len(self.static), labels=self.static, meaning="what never changes")
        return axes

    def prepare(self, column: Sequence[Any]) -> Sequence[Any]:
        """Keep the windows."""
        return windows_in(self.name, column)

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Put windows side by side."""
        return {t.name: np.stack([row[t.name] for row in rows]) for t in self.tensors()}

    def length(self, row: Any) -> int:
        """Return how many rows a window has."""
        return self.window

    def encoder(self) -> nn.Module:
        """Return what scales windows."""
        from lstm_onnx.features.series_coding import SeriesEncoder

        return SeriesEncoder(self)

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Take windows of the training part, and leave out some cells from the second on.

        Where more rows are asked for than were kept, what goes before is the same once more.
        """
        count = sizes["batch"]
        chosen = [self.kept[int(k)] for k in random.integers(len(self.kept), size=count)]
        rows = sizes.get("time", self.window)
        ends = np.array([one.last for one in chosen], dtype=np.int64).reshape(count, 1)
        made = {
            "values": np.stack([_newest(one.values, rows) for one in chosen]),
            "time": advance(ends, self.step, np.arange(1 - rows, 1)),
        }
        if self.past or self.future:
            made["past"] = np.stack([_newest(one.past, rows) for one in chosen])
        if self.future:
            made["future"] = np.stack([np.array(one.future, dtype=np.float32) for one in chosen])
        if self.static:
            made["static"] = np.stack([np.array(one.static, dtype=np.float32) for one in chosen])
        for name, array in made.items():
            if name == "time":
                continue
            missing = random.random(array.shape) < 0.1
            missing[0] = False
            if name == "values":
                missing[:, -1] = False
            made[name] = np.where(missing, np.float32(np.nan), array)
        return made


def windows_in(name: str, column: Sequence[Any]) -> Windows:
    """Hold the column of a feature to what it can take.

    Raises:
        UserError: it holds something else.
    """
    if not isinstance(column, Windows):
        raise UserError(f"read: the column '{name}' is a {type(column).__name__}; a series takes Windows")
    return column


def _kept(window: Mapping[str, Array]) -> KeptWindow:
    def plain(array: Array) -> Any:
        return [[None if np.isnan(v) else float(v) for v in row] for row in array]

    part = slice(-_LONGEST_KEPT, None)
    return KeptWindow(
        last=int(window["time"][-1]),
        values=plain(window["values"][part]),
        past=plain(window["past"][part]) if "past" in window else (),
        future=plain(window["future"]) if "future" in window else (),
        static=plain(window["static"][None])[0] if "static" in window else (),
    )


def _newest(rows: Sequence[Sequence[Number]], count: int) -> Array:
    """Return the newest rows, as many as asked for: what is before the first begins again at the newest."""
    array = np.array(rows, dtype=np.float32)
    return array[np.arange(-count, 0) % len(array)]
