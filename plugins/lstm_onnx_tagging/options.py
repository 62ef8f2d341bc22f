"""What a person can choose about a tagger."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lstm_onnx.plugin import RecordingOptions, Searched


class Config(RecordingOptions):
    """Options of `lstm-onnx train --plugin tagging`."""

    word: str | None = Field(
        None,
        description="column of words: its name, or its number from 1 in a CoNLL file; found if called word",
    )
    tag: str | None = Field(
        None,
        description="column of labels: its name, or its number from 1 in a CoNLL file; found if called tag",
    )
    test_share: float = Field(0.2, gt=0, lt=1, description="share of examples kept for the test, if none are given")
    validation_share: float = Field(
        0.15, ge=0, lt=1, description="share of the others that decides when to stop; 0 for none"
    )
    window: int = Field(256, ge=8, description="steps of a piece of a recording in training")
    vocabulary: int = Field(20_000, ge=1, description="words to know, the most frequent ones")
    min_count: int = Field(1, ge=1, description="how often a word must occur in training to be known")
    count: int = Field(2000, ge=30, description="sentences to draw, where no data is given")
    # the model
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(
        64, ge=1, description="units of the LSTM in each direction"
    )
    embedding: Annotated[int, Searched(16, 128, log=True)] = Field(64, ge=1, description="size of a word's vector")
    letters: int = Field(
        20, ge=0, le=100, description="first letters of a word that are read, to know words by that; 0 for none"
    )
    letter_filters: Annotated[int, Searched(16, 128, log=True)] = Field(
        64, ge=1, description="filters that read letters: size of the vector of a word's letters"
    )
    crf: bool = Field(
        False,
        description="also learn which labels follow each other, and answer with the best path; not with streaming",
    )
    bidirectional: bool = Field(True, description="also read from the end; not with streaming")
    dropout: Annotated[float, Searched(0.0, 0.6)] = Field(
        0.3, ge=0, lt=1, description="share of activations dropped in training"
    )
    word_dropout: Annotated[float, Searched(0.0, 0.3)] = Field(
        0.1, ge=0, lt=1, description="share of words hidden in training, to learn the unknown"
    )
