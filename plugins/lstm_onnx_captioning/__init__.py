"""Captioning: a sentence about a picture, as a plugin of lstm-onnx."""

from __future__ import annotations

from lstm_onnx.plugin import hookimpl
from lstm_onnx_captioning.task import Captioning


@hookimpl
def lstm_onnx_tasks() -> list[Captioning]:
    """Announce the task."""
    return [Captioning()]
