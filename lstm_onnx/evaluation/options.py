"""Options of `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lstm_onnx.inference.options import TIMEOUT, RuntimeOptions
from lstm_onnx.options import OnCommandLine


class EvaluateOptions(RuntimeOptions):
    """How to score; provider and threads are those of a file, a run is scored by PyTorch."""

    to: Annotated[Path | None, OnCommandLine("out", short="o")] = Field(
        None, description="write every answer beside what really was, as .csv, .parquet or .json"
    )
    plot: Path | None = Field(None, description="folder for the task's pictures of the answers")
    plugin_file: Path | None = Field(None, description="Python file that holds the plugin, if it is not installed")
    timeout: float | None = Field(None, ge=0, description=TIMEOUT)
