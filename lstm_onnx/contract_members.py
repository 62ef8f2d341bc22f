"""What a contract says of the runs of an ensemble."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lstm_onnx.contract_clock import Part


class Member(Part):
    """One of several runs whose answers a file joins."""

    run: str = Field(description="name of the run folder")
    trained: str = Field(description="when the run began, UTC")
    data: str = Field(description="sha256 of the training data")
    seed: int = Field(description="of its first weights, and of the order of the examples")
    parts: int = Field(description="the seed that decided which examples were kept for the test")
    fold: str | None = Field(None, description="which part was kept for the test, where the data was parted into folds")
    config: dict[str, Any] | None = Field(None, description="options of the task that are not those of the first run")
    score: float | None = Field(None, description="its own primary metric, on the test part that it had")
