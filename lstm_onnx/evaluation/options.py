"""Options of `evaluate`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from lstm_onnx.inference.options import TIMEOUT, RuntimeOptions


class EvaluateOptions(RuntimeOptions):
    """How to score; provider and threads are those of a file, a run is scored by PyTorch."""

    plot: Path | None = Field(None, description="folder for the task's pictures of the answers")
    plugin_file: Path | None = Field(None, description="Python file that holds the plugin, if it is not installed")
    timeout: float | None = Field(None, ge=0, description=TIMEOUT)
