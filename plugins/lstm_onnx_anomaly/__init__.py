"""Anomalies in the rows of sensors: which step is strange, and which column makes it so, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_anomaly.task import Anomaly


@hookimpl
def lstm_onnx_tasks() -> list[Anomaly]:
    """Announce the task."""
    return [Anomaly()]
