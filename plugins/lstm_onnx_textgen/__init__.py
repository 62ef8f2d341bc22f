"""Text generation: a language model that learns how texts go on, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_textgen.task import TextGeneration


@hookimpl
def lstm_onnx_tasks() -> list[TextGeneration]:
    """Announce the task."""
    return [TextGeneration()]
