"""What goes in and out of the forecaster's graph, as data."""

from __future__ import annotations

from torch import nn

from lstm_onnx.contract import Axis, ColumnsSource, StaticSource, Table, TensorSpec, TimeSource
from lstm_onnx.data.frequency import step_text
from lstm_onnx.task import GraphSpec
from lstm_onnx_forecasting.options import Config, Info


def graph_spec(model: nn.Module, config: Config, info: Info) -> GraphSpec:
    """Describe the graph of a forecaster."""
    steps = step_text(info.step)
    names = ", ".join(info.target)
    return GraphSpec(
        module=model,
        inputs=_inputs(config, info),
        outputs=_outputs(config, info),
        axes=_axes(config, info),
        description=f"Forecasts {names} {config.horizon} steps of {steps} ahead from the last {info.window} steps.",
        table=Table(
            time=info.time,
            series=info.series,
            series_with=info.series_with,
            step=info.step,
            clock=info.clock,
            wide=info.wide,
        ),
    )


def _inputs(config: Config, info: Info) -> tuple[TensorSpec, ...]:
    missing = "missing where NaN or infinite" + (", or not above 0" if config.transform == "log" else "")
    targets = ColumnsSource(columns=info.target)
    clock, unit = _time_words(info)
    found = [
        TensorSpec(
            name="values",
            dtype="float32",
            dims=("batch", "time", "target"),
            meaning="what is to be forecast, oldest first; " + missing,
            missing=True,
            source=targets,
        ),
        TensorSpec(
            name="time",
            dtype="int64",
            dims=("batch", "time"),
            meaning="when each row was, " + clock,
            unit=unit,
            source=TimeSource(),
        ),
    ]
    if info.past or info.future:
        columns = ColumnsSource(columns=(*info.past, *info.future))
        found.append(
            TensorSpec(
                name="past",
                dtype="float32",
                dims=("batch", "time", "covariate"),
                meaning="covariates of the same rows; NaN where missing",
                missing=True,
                source=columns,
            )
        )
    if info.future:
        found.append(
            TensorSpec(
                name="future",
                dtype="float32",
                dims=("batch", "horizon", "known"),
                meaning="covariates of the rows ahead, known in advance; NaN where missing",
                missing=True,
                source=ColumnsSource(columns=info.future, rows="future"),
            )
        )
    if info.static:
        found.append(
            TensorSpec(
                name="static",
                dtype="float32",
                dims=("batch", "constant"),
                meaning="what does not change within a series; NaN where missing",
                missing=True,
                source=StaticSource(columns=info.static),
            )
        )
    return tuple(found)


def _time_words(info: Info) -> tuple[str, str]:
    """Say by which clock times are, and in what unit."""
    if info.step.counted:
        return "by its number", "step" if info.step.unit == "step" else f"{info.step.unit}"
    zone = info.clock.zone if info.clock is not None else None
    unit = {"ms": "unix milliseconds", "us": "unix microseconds"}.get(info.step.unit or "", "unix seconds")
    if zone in (None, "UTC"):
        return "UTC", unit
    return f"by the clock on the wall ({zone}), as if it were UTC", unit


def _outputs(config: Config, info: Info) -> tuple[TensorSpec, ...]:
    ahead = ColumnsSource(columns=info.target, rows="future")
    clock, unit = _time_words(info)
    found = [
        TensorSpec(
            name="forecast",
            dtype="float32",
            dims=("batch", "horizon", "target"),
            meaning="forecast of each step ahead, in the units of the values; NaN where none was known",
            source=ahead,
        ),
        TensorSpec(
            name="forecast_time",
            dtype="int64",
            dims=("batch", "horizon"),
            meaning="when each step ahead is, " + clock,
            unit=unit,
            source=TimeSource(rows="future"),
        ),
    ]
    if config.quantiles:
        found.append(
            TensorSpec(
                name="quantiles",
                dtype="float32",
                dims=("batch", "horizon", "target", "quantile"),
                meaning="values that what happens stays below with these probabilities, ascending",
            )
        )
    return tuple(found)


def _axes(config: Config, info: Info) -> dict[str, Axis]:
    axes = {
        "batch": Axis(meaning="one example each: a series, or a moment of it"),
        "time": Axis(example_size=info.window, meaning=f"rows {step_text(info.step)} apart, the newest last"),
        "target": Axis(size=len(info.target), labels=info.target, meaning="what is forecast"),
        "horizon": Axis(size=config.horizon, meaning="steps ahead"),
    }
    if info.past or info.future:
        names = (*info.past, *info.future)
        axes["covariate"] = Axis(size=len(names), labels=names, meaning="what goes with it")
    if info.future:
        axes["known"] = Axis(size=len(info.future), labels=info.future, meaning="what is known ahead")
    if info.static:
        axes["constant"] = Axis(size=len(info.static), labels=info.static, meaning="what never changes")
    if config.quantiles:
        labels = tuple(f"q{q:g}" for q in config.quantiles)
        axes["quantile"] = Axis(size=len(labels), labels=labels, meaning="probabilities")
    return axes
