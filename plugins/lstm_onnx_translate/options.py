"""What a person can choose about a translator."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from lstm_onnx.plugin import Searched, StoreOption

Units = Literal["auto", "words", "characters"]


class Config(StoreOption):
    """Options of `lstm-onnx train --plugin translate`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(
        None, description="column of what is translated; found if called source, or the first of two"
    )
    target: str | None = Field(
        None, description="column of what it becomes; found if called target, or the second of two"
    )
    test_file: str | None = Field(None, description="file of test examples; X_TEST beside X_TRAIN is found")
    test_share: float = Field(0.1, gt=0, lt=1, description="share of the sources kept for the test, if none are given")
    validation_share: float = Field(
        0.1, ge=0, lt=1, description="share of the others that decides when to stop; 0 for none"
    )
    source_units: Units = Field("auto", description="what is read one after the other: words, or characters")
    target_units: Units = Field("auto", description="what is written one after the other: words, or characters")
    vocabulary: int = Field(10_000, ge=1, description="words of the source to know, the most frequent ones")
    min_count: int = Field(1, ge=1, description="how often a word must occur in training to be known and written")
    longest: int | None = Field(
        None, ge=1, description="words or characters written at most; as the longest of the data if not given"
    )
    count: int = Field(3000, ge=40, description="dates to draw, where no data is given")
    # the model
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(
        96, ge=1, description="units of the LSTM in each direction, and of the one that writes"
    )
    layers: Annotated[int, Searched(1, 3)] = Field(1, ge=1, description="layers of the LSTM that reads")
    embedding: Annotated[int, Searched(16, 128, log=True)] = Field(
        48, ge=1, description="size of a word's or character's vector"
    )
    dropout: Annotated[float, Searched(0.0, 0.6)] = Field(
        0.2, ge=0, lt=1, description="share of activations dropped in training"
    )
    smoothing: Annotated[float, Searched(0.0, 0.2)] = Field(
        0.0, ge=0, lt=1, description="share of what is right that is spread over all words"
    )
    beam: int = Field(4, ge=1, description="beams of the search for what is written; 1 is greedy")
    length_penalty: float = Field(0.0, ge=0, description="0 likes short answers, 1 takes the mean of the words")
