"""Forecasting: the next steps of one or many time series, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_forecasting.task import Forecasting


@hookimpl
def lstm_onnx_tasks() -> list[Forecasting]:
    """Announce the task."""
    return [Forecasting()]
