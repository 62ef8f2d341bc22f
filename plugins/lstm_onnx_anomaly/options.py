"""What a person can choose about a detector of anomalies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lstm_onnx.plugin import RecordingOptions, Searched


class Config(RecordingOptions):
    """Options of `lstm-onnx train --plugin anomaly`."""

    # the data
    label: str | None = Field(
        None, description="column that says which rows are anomalies (1 or true), to score; they are not learnt from"
    )
    test_share: float = Field(0.25, gt=0, lt=1, description="share of each recording, at its end, kept for the test")
    validation_share: float = Field(
        0.25, gt=0, lt=1, description="share of the rest, at its end, that decides when to stop, and the threshold"
    )
    faults: int = Field(24, ge=4, description="faults to plant into the test part, where no data is given")
    # the model
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(32, ge=1, description="units of the LSTM")
    window: int = Field(168, ge=8, description="rows of a piece in training")
    noise: Annotated[float, Searched(0.0, 0.3)] = Field(
        0.05, ge=0, description="Gaussian noise on scaled rows in training, in spreads"
    )
    # the alarm
    settle: int = Field(24, ge=0, description="rows after a start that are only looked at, with a score of 0")
    smoothing: int = Field(1, ge=1, description="rows over which errors are averaged: slower, and surer")
    false_alarms: float = Field(
        0.001, gt=0, lt=0.5, description="share of normal rows above the threshold, on the validation part"
    )
    sensitivity: float = Field(
        1.0, gt=0, description="alarm where the score is above 1 over this; export --set can change it"
    )
