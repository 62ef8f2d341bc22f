"""Where ONNX Runtime computes: options of every verb that runs a file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lstm_onnx.options import Options

PART_ERROR = ".error.txt"
"""Ends the name of the file that says why a part of much data has no answers."""
TIMEOUT = "seconds that the model may take altogether; a foreign one may never end"


class RuntimeOptions(Options):
    """How ONNX Runtime runs a file."""

    provider: Literal["auto", "cpu", "cuda"] = Field("auto", description="where ONNX Runtime computes")
    threads: int | None = Field(None, ge=1, description="CPU threads; one is fastest for small models")
