"""What a person can choose about a language model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from lstm_onnx.plugin import Searched, StoreOption


class Config(StoreOption):
    """Options of `lstm-onnx train --plugin textgen`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str | None = Field(
        None, description="column of texts, in a table; found if called text, or if no other one holds texts"
    )
    test_file: str | None = Field(None, description="file of test examples; X_TEST beside X_TRAIN is found")
    test_share: float = Field(0.1, gt=0, lt=1, description="share of the texts kept for the test, if none are given")
    validation_share: float = Field(
        0.1, ge=0, lt=1, description="share of the others that decides when to stop; 0 for none"
    )
    units: Literal["characters", "bytes", "pieces", "words"] = Field(
        "characters", description="what is written one after the other; bytes, and pieces of them, know every text"
    )
    vocabulary: int = Field(5_000, ge=1, description="units to know, the frequent ones; of pieces 256 are the bytes")
    min_count: int = Field(1, ge=1, description="how often one must occur in training to be known")
    window: int = Field(500, ge=2, description="characters of a text; longer ones are cut into several")
    longest: int = Field(100, ge=1, description="units that the file writes at most, its end included")
    count: int = Field(3000, ge=40, description="weather reports to draw, where no data is given")
    # the model
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(
        128, ge=1, description="units of each layer of the LSTM"
    )
    layers: Annotated[int, Searched(1, 3)] = Field(1, ge=1, description="layers of the LSTM")
    embedding: Annotated[int, Searched(16, 128, log=True)] = Field(32, ge=1, description="size of a unit's vector")
    dropout: Annotated[float, Searched(0.0, 0.6)] = Field(
        0.1, ge=0, lt=1, description="share of activations dropped in training"
    )
