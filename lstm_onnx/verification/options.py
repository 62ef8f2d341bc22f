"""Options of `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lstm_onnx.inference.options import TIMEOUT
from lstm_onnx.options import OnCommandLine, Options

USUAL_ENGINES = ("reference",)
"""Engines besides ONNX Runtime that every verification asks: onnx's own evaluator, slow and plain."""


class VerifyOptions(Options):
    """How to verify."""

    engines: Annotated[tuple[str, ...], OnCommandLine("engine")] = Field(
        USUAL_ENGINES,
        description="what to ask besides ONNX Runtime: reference, openvino, c, or all that is installed",
    )
    reduce: Path | None = Field(
        None, description="write the smallest part of the graph on which engines differ to this .onnx"
    )
    key: Path | None = Field(None, description="public key (PEM, Ed25519) of the one who must have signed the file")
    plugin_file: Path | None = Field(
        None, description="file of the run's plugin, if it was moved or was not trained with on this machine"
    )
    timeout: float | None = Field(None, ge=0, description=TIMEOUT)
