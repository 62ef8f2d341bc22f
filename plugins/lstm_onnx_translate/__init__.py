"""Translation: one sequence of words or characters into another, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_translate.task import Translation


@hookimpl
def lstm_onnx_tasks() -> list[Translation]:
    """Announce the task."""
    return [Translation()]
