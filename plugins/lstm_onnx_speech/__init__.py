"""Speech: a text for a sound, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_speech.task import Speech


@hookimpl
def lstm_onnx_tasks() -> list[Speech]:
    """Announce the task."""
    return [Speech()]
