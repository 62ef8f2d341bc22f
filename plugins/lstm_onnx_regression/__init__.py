"""Regression: a number, or several, for a sequence, a text, a picture or a row of a table, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_regression.task import Regression


@hookimpl
def lstm_onnx_tasks() -> list[Regression]:
    """Announce the task."""
    return [Regression()]
