"""Options of `benchmark`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lstm_onnx.options import OnCommandLine, Options

Count = Annotated[int, Field(ge=1)]


class BenchmarkOptions(Options):
    """What to measure files over, and for how long."""

    batches: Annotated[tuple[Count, ...], OnCommandLine("batch")] = Field(
        (1,), min_length=1, description="examples a call; several: --batch 1 8"
    )
    lengths: Annotated[tuple[Count, ...], OnCommandLine("length")] = Field(
        (), description="steps of a sequence, or pixels of a side; as in training, of a streaming file 1"
    )
    threads: tuple[Count, ...] = Field((), description="CPU threads; 1 and the number of cores")
    provider: Literal["auto", "cpu", "cuda"] = Field("auto", description="where ONNX Runtime computes")
    seconds: float = Field(1.0, ge=0.01, description="seconds to spend on each combination")
