"""What a person can choose about a regression."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lstm_onnx.plugin import RoleOptions, Searched


class Config(RoleOptions):
    """Options of `lstm-onnx train --plugin regression`."""

    count: int = Field(1500, ge=30, description="machines to draw, where no data is given")
    # the model
    hidden: Annotated[int, Searched(16, 256, log=True)] = Field(
        32, ge=1, description="units of the LSTM in each direction"
    )
    embedding: Annotated[int, Searched(16, 128, log=True)] = Field(
        32, ge=1, description="size of a word's vector; a category has at most so many numbers"
    )
    bidirectional: bool = Field(True, description="also read each sequence from its end; not with streaming")
    dropout: Annotated[float, Searched(0.0, 0.6)] = Field(
        0.1, ge=0, lt=1, description="share of activations dropped in training"
    )
    noise: Annotated[float, Searched(0.0, 0.3)] = Field(
        0.0, ge=0, description="Gaussian noise on scaled steps in training, in spreads"
    )
    interval: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="also answer with an interval that holds this share of truths, such as 0.9, by the validation part",
    )
    loss: Literal["squared", "absolute", "huber"] = Field(
        "squared", description="of errors in spreads: squared, absolute (the median), or huber, between the two"
    )
