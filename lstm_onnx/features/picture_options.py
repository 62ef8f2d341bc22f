"""Options that say which columns of a table name pictures, and how a model looks at them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Size = Annotated[
    int, Field(ge=16, description="pixels of the square that pictures are resized to; an .onnx may fix it")
]
Fit = Annotated[
    Literal["crop", "pad", "stretch"],
    Field(description="how a picture becomes square: cut its long side, add grey to its short one, or stretch it"),
]
Encoder = Annotated[
    str, Field(description="compact: a small CNN that learns with the rest; FILE.onnx: a frozen feature extractor")
]


class PictureOptions(BaseModel):
    """To be inherited by the options of a task whose model is a `MixedNetwork`."""

    image: tuple[str, ...] = Field(
        (), description="columns of names of picture files; found if most of their cells end as such"
    )
    images: Path | None = Field(
        None, description="folder that names of pictures are relative to; the table's if not given"
    )
    size: Size = 64
    fit: Fit = "crop"
    encoder: Encoder = "compact"
    filters: tuple[int, ...] = Field(
        (16, 32, 64),
        min_length=1,
        description="of each stage of the CNN that looks at pictures; each but the first halves them",
    )
