"""Tagging: a label for each word of a text, or for each step of a recording, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_tagging.task import Tagging


@hookimpl
def lstm_onnx_tasks() -> list[Tagging]:
    """Announce the task."""
    return [Tagging()]
