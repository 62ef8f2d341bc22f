"""Classification: which class a sequence of numbers or a text belongs to, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_classification.task import Classification


@hookimpl
def lstm_onnx_tasks() -> list[Classification]:
    """Announce the task."""
    return [Classification()]
