"""What a person can choose about a forecaster, and what the data told it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from lstm_onnx.data.table_options import Columns, TableOptions
from lstm_onnx.features.ahead import Quantiles
from lstm_onnx.plugin import Ahead, Learnt, Searched, Series


class Config(TableOptions):
    """Options of `lstm-onnx train --plugin forecasting`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # the table
    time: Columns = Field(
        (), description="column that holds the time, or those that say it together (date hour); found by itself"
    )
    time_format: tuple[str, ...] = Field(
        (),
        description="how times are written: day-first, month-first, unix, unix-ms, excel, steps (numbers that are no "
        "dates), rows (no time: rows are counted), or a pattern such as %d.%m.%Y or yyyymmddhh; found from the cells",
    )
    zone: str | None = Field(
        None, description="zone of times that carry offsets, such as Europe/Berlin; none if they must not; found"
    )
    series: Columns = Field(
        (), description="column that names the series, or those that do together, in a long table of several"
    )
    target: tuple[str, ...] = Field((), description="columns to forecast; every numeric column without another role")
    columns: Literal["variables", "series", "times"] = Field(
        "variables",
        description="what several target columns are: variables of one thing, forecast together; separate series that "
        "share one model; or times, with a row for each series, as is found where they are called after dates",
    )
    past: tuple[str, ...] = Field((), description="columns known up to now, not forecast (past covariates)")
    future: tuple[str, ...] = Field((), description="columns known ahead of time, such as holidays or prices")
    static: tuple[str, ...] = Field((), description="columns with one value per series, numbers or words")
    levels: tuple[str, ...] = Field(
        (), description="words that past, future and static columns may hold, as column=word; those that they hold"
    )
    frequency: str | None = Field(
        None,
        description="distance between rows, such as 100ms, 15m, 1h, 1d, 1w, 1mo, 1q, 1y; b for business days, "
        "'5m mon-fri 09:30-16:00' for sessions; found from the time column",
    )
    snap: str | None = Field(None, description="move times that come a little early or late to multiples of this, 5m")
    resample: tuple[str, ...] = Field(
        (), description="make one row of all within a step: the step, and mean (if not said), sum, first or last"
    )
    repeated: Literal["mean", "sum", "first", "last"] | None = Field(
        None, description="make one row of those of one time; refused if not said"
    )
    # the question
    horizon: int = Field(12, ge=1, description="how many steps ahead to forecast")
    window: int | None = Field(None, ge=1, description="how many past steps to learn from; enough for two seasons")
    season: int | None = Field(None, ge=1, description="steps per season; from the frequency (24 for 1h, 12 for 1mo)")
    test_size: int | None = Field(None, ge=1, description="newest steps kept for the test; the horizon, or 10% if more")
    validation_size: int | None = Field(
        None,
        ge=0,
        description="steps before them that decide when to stop; as many as for the test, 0 for none, which is the "
        "default of many short series",
    )
    # the model
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(64, ge=1, description="units per LSTM layer")
    layers: Annotated[int, Searched(1, 3)] = Field(1, ge=1, description="LSTM layers, stacked")
    dropout: Annotated[float | None, Searched(0.0, 0.6)] = Field(
        None,
        ge=0,
        lt=1,
        description="share of activations dropped between layers and in the head; 0.2 for many short series, else 0",
    )
    quantiles: Quantiles = Field((), description="also forecast these quantiles, such as 0.1 0.5 0.9")
    conformal: bool = Field(
        True, description="move the quantiles by what the validation part says, so that as much as promised is below"
    )
    lower: float | None = Field(None, description="the least value that may be forecast, such as 0")
    upper: float | None = Field(None, description="the largest value that may be forecast, such as a capacity")
    loss: Literal["mae", "mse", "huber"] = Field("mae", description="loss of the point forecast, on scaled values")
    loss_scale: Literal["window", "series"] | None = Field(
        None,
        description="what an error in training is divided by: the window's spread, or, as MASE does and as is the "
        "default of many short series, the series' seasonal naive error (an error in the user's units, even with "
        "--transform log)",
    )
    scaling: Annotated[Literal["window", "global", "none"], Searched(choices=("window", "global"))] = Field(
        "window", description="subtract mean and divide by spread: of each window, of the training data, or not at all"
    )
    transform: Literal["none", "log"] = Field("none", description="log suits data above 0 with multiplicative swings")
    base: Annotated[
        Literal["none", "last", "season", "theta", "combined"], Searched(choices=("none", "last", "combined"))
    ] = Field(
        "combined",
        description="what the network corrects: nothing, the last value, the value one season ago, a theta forecast "
        "of the window (smoothed, with season and half of its slope), or these three combined with weights that are "
        "learnt",
    )
    seasons: int = Field(
        1,
        ge=1,
        description="how many seasons back the head sees the value of the same phase; the window must hold them",
    )
    calendar: bool = Field(True, description="let the model see time of day, weekday and season of the year")

    @field_validator("resample", mode="before")
    @classmethod
    def _words(cls, resample: object) -> object:
        return tuple(resample.split()) if isinstance(resample, str) else resample

    @field_validator("resample")
    @classmethod
    def _step_and_how(cls, resample: tuple[str, ...]) -> tuple[str, ...]:
        resample = tuple(word for given in resample for word in given.split())
        if len(resample) > 2 or (len(resample) == 2 and resample[1] not in ("mean", "sum", "first", "last")):
            raise ValueError("a step and what becomes of its rows, such as 1h mean (or sum, first, last)")
        return resample

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(f"--lower {self.lower:g} must be less than --upper {self.upper:g}")
        return self


class Info(Learnt):
    """What the training data told: the features `series` and `forecast`, and what the forecaster alone wants."""

    season: int = Field(description="rows in a season; 1 for none")
    span: int = Field(ge=0, description="seconds that the longest training part covers")
    fills_holes: bool = Field(
        False,
        description="whether a value that is missing one season before is looked for around it; no in runs of before "
        "0.9.0, where it is the newest one",
    )

    @property
    def features(self) -> Series:
        """What goes in."""
        found = self["series"]
        assert isinstance(found, Series)
        return found

    @property
    def ahead(self) -> Ahead:
        """What comes out."""
        found = self["forecast"]
        assert isinstance(found, Ahead)
        return found

    @property
    def target(self) -> tuple[str, ...]:
        """What is forecast."""
        return self.features.target

    @property
    def window(self) -> int:
        """Rows that are looked at."""
        return self.features.window
