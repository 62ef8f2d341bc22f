"""Options of `explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lstm_onnx.inference.options import TIMEOUT, RuntimeOptions
from lstm_onnx.options import OnCommandLine


class ExplainOptions(RuntimeOptions):
    """Which answer, and how closely."""

    example: str | None = Field(None, description="name or number, from 0, of the example to explain; the first")
    output: str | None = Field(None, description="output to explain; scores of labels, or else the first of numbers")
    label: str | None = Field(None, description="label to explain; that of the answer, or the first of a forecast")
    step: int | None = Field(None, ge=0, description="step of the output to explain, from 0; the mean of all")
    pieces: int = Field(24, ge=2, le=200, description="pieces, at most, that a sequence is cut into to hide them")
    orders: int = Field(32, ge=2, description="random orders to average over; more are more exact, and slower")
    seed: int = Field(0, ge=0, description="of these orders")
    gates: bool = Field(False, description="also show how the gates of each LSTM move over the sequence")
    plot: Path | None = Field(None, description="draw it to this file: png, svg or pdf")
    to: Annotated[Path | None, OnCommandLine(name="out", short="o")] = Field(
        None, description="write a table of all parts: csv, tsv, parquet or json"
    )
    timeout: float | None = Field(None, ge=0, description=TIMEOUT)
