"""Options of `verify`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lstm_onnx.options import OnCommandLine, Options

USUAL_ENGINES = ("reference",)
"""Engines besides ONNX Runtime that every verification asks: onnx's own evaluator, slow and plain."""


class VerifyOptions(Options):
    """How to verify."""

    engines: Annotated[tuple[str, ...], OnCommandLine("engine")] = Field(
        USUAL_ENGINES,
        description="what to ask besides ONNX Runtime: reference, openvino, c, or all that is installed",
    )
