"""What a person can choose about speech."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lstm_onnx.data.searched import Searched


class Config(BaseModel):
    """Options of `lstm-onnx train --plugin speech`."""

    model_config = ConfigDict(extra="forbid")

    audio: str | None = Field(None, description="column of the paths of WAV files; found if called audio, file or path")
    text: str | None = Field(None, description="column of the texts; found if called text, transcript or sentence")
    test_file: str | None = Field(None, description="examples to score, instead of those that lie beside the data")
    test_share: float = Field(0.15, gt=0, lt=1, description="share of examples kept for the test, if none are given")
    validation_share: float = Field(
        0.15, ge=0, lt=1, description="share of the others that decides when to stop; 0 for none"
    )
    rate: int = Field(8000, ge=4000, le=48_000, description="samples a second; files are resampled")
    seconds: float = Field(20.0, gt=0, description="longest sound that is read; longer ones are left out")
    keep_case: bool = Field(False, description="learn texts as they are, not in small letters without punctuation")
    longest: int = Field(100, ge=1, description="letters of an answer at most")
    count: int = Field(1000, ge=30, description="utterances to draw, where no data is given")
    # the model
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(
        96, ge=1, description="units of the LSTM in each direction"
    )
    layers: Annotated[int, Searched(1, 3)] = Field(2, ge=1, le=6, description="LSTMs, one on the other")
    bidirectional: bool = Field(True, description="also listen from the end; not with streaming")
    beams: int = Field(8, ge=1, description="texts that the search in the graph keeps; 1 takes the likeliest path")
    mels: int = Field(40, ge=4, le=128, description="bands of a spectrum")
    dropout: Annotated[float, Searched(0.0, 0.6)] = Field(
        0.2, ge=0, lt=1, description="share of activations dropped in training"
    )
    masking: bool = Field(True, description="hide some bands and some moments in training (SpecAugment)")
