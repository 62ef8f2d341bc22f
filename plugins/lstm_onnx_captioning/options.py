"""What a person can choose about a captioner."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lstm_onnx.data.searched import Searched
from lstm_onnx.features.picture_options import Encoder, Fit, Size

PICTURE, CAPTION, ATTENTION = "image", "caption", "attention"
"""What goes in, what comes out, and where the model looked for each word."""


class Config(BaseModel):
    """Options of `lstm-onnx train --plugin captioning`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # the data
    images: Path | None = Field(
        None, description="folder that picture names are relative to; that of the captions file if not given"
    )
    image_column: str | None = Field(None, description="column of picture names; found if it is called image or file")
    caption_column: tuple[str, ...] | None = Field(
        None,
        description="columns of captions; a picture may have several rows, too; found if they are called caption, or "
        "caption1, caption2 and so on",
    )
    characters: bool | None = Field(
        None,
        description="each character of Chinese, Japanese, Thai and other scripts without spaces is a word; found in "
        "the captions if not given",
    )
    split: str | None = Field(None, description="column that says train, validation or test; found if it is called so")
    test_share: float = Field(0.15, gt=0, lt=1, description="share of pictures kept for the test, if none are given")
    validation_share: float = Field(
        0.1, ge=0, lt=1, description="share of the other pictures that decides when to stop; 0 for none"
    )
    split_seed: int | None = Field(
        None, ge=0, description="decides which pictures are kept for validation and test; that of training if not given"
    )
    on_bad_image: Literal["stop", "skip"] = Field(
        "stop", description="what to do with a missing or broken picture: stop with its name, or leave it out and count"
    )
    min_count: int = Field(2, ge=1, description="how often a word must occur in training captions to be known")
    scenes: int = Field(4000, ge=200, description="how many scenes to draw where no data is given")
    store: str | None = Field(
        None,
        description="keep the pixels of pictures in files in this folder instead of memory; by itself, in the folder "
        "for temporary files, where they are more than 256 MB",
    )
    # the picture
    size: Size = 64
    fit: Fit = "crop"
    encoder: Encoder = "compact"
    # the model
    channels: tuple[int, ...] = Field(
        (16, 32, 64, 128), description="filters of each stage of the compact CNN; each but the first halves the picture"
    )
    decoder: Literal["attend", "tell"] = Field(
        "attend", description="attend: look at a part of the picture for each word; tell: see the picture once"
    )
    embedding: Annotated[int, Searched(32, 192, log=True)] = Field(96, ge=1, description="size of a word's vector")
    hidden: Annotated[int, Searched(32, 384, log=True)] = Field(192, ge=1, description="units of the LSTM")
    dropout: Annotated[float, Searched(0.0, 0.5)] = Field(
        0.1, ge=0, lt=1, description="share of activations dropped in training"
    )
    feature_dropout: float = Field(
        0.0, ge=0, lt=1, description="share of a frozen encoder's channels dropped in training, against overfitting"
    )
    max_words: int = Field(20, ge=1, description="words of a caption at most; longer training captions are cut")
    # the loss
    smoothing: float = Field(0.0, ge=0, lt=1, description="label smoothing: share of each word spread over all")
    attention_weight: float = Field(
        0.3, ge=0, description="weight of the doubly stochastic penalty: each place is looked at once in all"
    )
    sampling: float = Field(
        0.0, ge=0, lt=1, description="scheduled sampling: share of words that the model itself gives while it learns"
    )
    # the search; may be changed at export
    beam: int = Field(3, ge=1, description="beam width of the search in the graph; 1 is greedy")
    length_penalty: float = Field(
        0.7, ge=0, description="captions are ranked by log-probability / length ** this; 0 prefers short ones"
    )

    @field_validator("caption_column", mode="before")
    @classmethod
    def _one_is_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


def grid(config: Config, frozen: tuple[int, int, int] | None) -> tuple[int, int]:
    """Return the rows and columns of the map that a captioner looks at.

    Args:
        config: the stages of the compact CNN, each of which but the first halves the picture.
        frozen: channels, rows and columns of what a frozen encoder gives, if there is one.
    """
    if frozen is not None:
        return frozen[1], frozen[2]
    side = -(-config.size // (1 << (len(config.channels) - 1)))
    return side, side
