"""Pictures of any size, made squares in the graph."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, Axis, ImageSource, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import InputFeature, spread_out
from lstm_onnx.features.resizing import Fit, Pixels, resize_stage, squared, to_unit
from lstm_onnx.features.stages import renamed
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from torch import nn

    from lstm_onnx.features.frozen_encoder import FrozenEncoder

_KEPT = 6
"""Pictures of the training part that are kept for samples."""
_SIDE_KEPT = 48
"""Pixels of their longer side, at most: a run folder and its samples stay small."""
_USUAL = 64
"""Pixels of a side among golden examples, at most: a file says what it is in less room than it takes."""
_COLOURS = ("red", "green", "blue")


class Looked(NamedTuple):
    """A picture that a frozen encoder has looked at: its bytes, None to learn from; and the file of what it saw."""

    pixels: Pixels | None
    file: Path


class Image(InputFeature):
    """A picture of any size.

    A row of its column is the path of a picture, or an array of bytes (height, width, 3), or (height, width) of a grey
    one. `forward` gets `NAME` (batch, size, pixels, pixels), float32 from 0 black to 1: cut, padded or stretched to a
    square, as `square` says, and resized. For training Pillow does that once, and its bytes are kept in memory or,
    where they are many, in files.

    With `frozen`, an encoder as `.onnx` file that becomes a part of the graph, `forward` gets what that makes of the
    square: `NAME` (batch, size, rows, columns). For training that is computed once, and kept on disk.
    """

    kind: Literal["image"] = "image"
    meaning: str = "pictures of any size, the same for all of a batch"
    column: str | None = Field(None, description="column of a person's table, where it is not called as the feature")
    pixels: int = Field(64, ge=4, description="of a side of the square that `forward` gets")
    square: Fit = Field("crop", description="cut the long side, add grey to the short one, or stretch")
    alone: bool = Field(True, description="whether it is the only picture of the model: set by the task")
    frozen: str | None = Field(None, description="path of the .onnx file of a frozen encoder, which looks first")
    digest: str | None = Field(None, description="sha256 of that file: found in training")
    map: tuple[int, int, int] | None = Field(None, description="channels, rows and columns of what it gives: likewise")
    kept: tuple[str, ...] = Field((), description="small pictures of the training part: PNG, in base64")

    @property
    def size(self) -> int:
        """How many channels `forward` sees: red, green and blue, or those of the frozen encoder."""
        return len(_COLOURS) if self.map is None else self.map[0]

    @property
    def weight(self) -> int:
        """Bytes of a square."""
        return self.pixels * self.pixels * len(_COLOURS)

    @property
    def _pixels(self) -> str:
        return f"{self.name}_pixels"

    @property
    def _features(self) -> str:
        return f"{self.name}_features"

    @property
    def _height(self) -> str:
        return self._axis("height")

    @property
    def _width(self) -> str:
        return self._axis("width")

    def _axis(self, name: str) -> str:
        return name if self.alone else f"{self.name}_{name}"

    def named(self, alone: bool) -> Self:
        """Return a copy with short names of axes, or with its own."""
        return self.model_copy(update={"alone": alone})

    def alike(self, other: InputFeature) -> bool:
        """Whether both are pictures."""
        return isinstance(other, Image)

    def fit(self, column: Sequence[Any]) -> Self:
        """Keep a few pictures, made small; and look what a frozen encoder gives.

        Raises:
            UserError: a row is no picture, or the encoder's file is not there, or no encoder.
        """
        from PIL import Image as pillow

        kept = []
        for i in spread_out(len(column))[:: -(-len(spread_out(len(column))) // _KEPT)]:
            image = pillow.fromarray(self._read([column[i]], whole=True, first=int(i))[0])
            image.thumbnail((_SIDE_KEPT, _SIDE_KEPT))
            content = io.BytesIO()
            image.save(content, "PNG", optimize=True)
            kept.append(base64.b64encode(content.getvalue()).decode())
        update: dict[str, Any] = {"kept": tuple(kept)}
        if self.frozen is not None:
            frozen = self._eye()
            update |= {"digest": frozen.digest, "map": frozen.shape, "pixels": frozen.size}
        return self.model_copy(update=update)

    def _eye(self) -> FrozenEncoder:
        """Open the frozen encoder.

        Raises:
            UserError: it is not there, or another one than the model was trained with.
        """
        from lstm_onnx.features.frozen_encoder import opened

        assert self.frozen is not None
        frozen = opened(Path(self.frozen), self.pixels)
        if self.digest is not None and frozen.digest != self.digest:
            raise UserError(
                f"{frozen.path}: has changed since the model was trained on its features; put the old file back"
            )
        return frozen

    def to_score(self) -> Self:
        """Leave out the pictures, and the frozen encoder, which a file has in its graph."""
        return self.model_copy(update={"kept": (), "frozen": None})

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into bytes (pixels, pixels, 3), or these with the file of what a frozen encoder saw."""
        squares = self._read(column, whole=False)
        if self.frozen is None:
            return squares
        from lstm_onnx.features.frozen_cache import compute

        return [Looked(*pair) for pair in zip(squares, compute(squares, self._eye()), strict=True)]

    def to_learn(self, row: Any) -> Any:
        """Leave out the pixels of what a frozen encoder has looked at."""
        return row._replace(pixels=None) if isinstance(row, Looked) else row

    def _read(self, column: Sequence[Any], whole: bool, first: int = 0) -> list[Pixels]:
        """Return the bytes of pictures, as they are or as squares.

        Raises:
            UserError: a row is no picture, or one that cannot be read.
        """
        from PIL import Image as pillow

        from lstm_onnx.data.images import read_pictures

        found: list[Any] = list(column)
        paths = [i for i, row in enumerate(found) if isinstance(row, str | Path)]
        read = read_pictures(
            [Path(found[i]) for i in paths],
            lambda image: np.asarray(image) if whole else squared(image, self.pixels, self.square),
        )
        # in one piece: each by itself, made by a thread, keeps memory of what that thread decoded from being given back
        squares = np.empty((0 if whole else len(paths), self.pixels, self.pixels, len(_COLOURS)), dtype=np.uint8)
        for number, (i, pixels) in enumerate(zip(paths, read, strict=True)):
            if isinstance(pixels, UserError):
                raise UserError(f"read: example {first + i + 1} of '{self.name}': {pixels}")
            if not whole:
                squares[number] = pixels
                pixels = squares[number]
            found[i] = pixels
        for i, row in enumerate(found):
            pixels = self._in_colour(row, first + i + 1)
            if not whole and pixels.shape[:2] != (self.pixels, self.pixels):
                pixels = squared(pillow.fromarray(pixels), self.pixels, self.square)
            found[i] = pixels
        return found

    def _in_colour(self, row: Any, number: int) -> Pixels:
        array = np.asarray(row)
        if array.dtype == np.uint8 and array.ndim == 2:
            array = np.repeat(array[..., None], len(_COLOURS), axis=2)
        if array.dtype != np.uint8 or array.shape[2:] != (len(_COLOURS),) or 0 in array.shape:
            raise UserError(
                f"read: example {number} of '{self.name}' is {array.dtype} {array.shape}, and must be the path of a "
                f"picture, or bytes (uint8) of the shape (height, width, 3)"
            )
        return array

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the bytes."""
        return (
            TensorSpec(
                name=self.name,
                dtype="uint8",
                dims=("batch", self._height, self._width, "colour"),
                meaning=self.meaning,
                source=ImageSource(column=self.column or self.name),
            ),
        )

    def inner(self) -> tuple[TensorSpec, ...]:
        """Describe the square, or what a frozen encoder makes of it."""
        if self.frozen is None:
            return self.stage().outputs
        from lstm_onnx.features.frozen_stage import FEATURES

        dims = tuple(d if d == "batch" else self._axis(d) for d in FEATURES.dims)
        return (FEATURES.model_copy(update={"name": self._features, "dims": dims}),)

    def stage(self) -> Stage:
        """Return what makes squares of pictures."""
        names = {"image": self.name, "picture": self._pixels, "features": self._features}
        dims = {name: self._axis(name) for name in ("height", "width", "down", "across", "channel", "row", "column")}
        stage = renamed(self._looking(), names, dims)

        def reference(arrays: Arrays) -> dict[str, Array]:
            # of pictures to score, what a frozen encoder makes of them was computed before training
            return {self._features: arrays[self._features]} if self._features in arrays else stage.reference(arrays)

        return Stage(
            inputs=self.tensors(),
            outputs=stage.outputs,
            build=stage.build,
            reference=reference,
            axes=stage.axes,
            opset=stage.opset,
        )

    def _looking(self) -> Stage:
        if self.frozen is None:
            return resize_stage(self.pixels, self.square)
        from lstm_onnx.features.frozen_stage import feature_stage

        return feature_stage(self._eye(), self.square)

    def axes(self) -> dict[str, Axis]:
        """Describe rows, columns and colours."""
        usual = min(self.pixels, _USUAL)
        return {
            self._height: Axis(example_size=usual, meaning="pixels from the top"),
            self._width: Axis(example_size=usual, meaning="pixels from the left"),
            "colour": Axis(size=len(_COLOURS), labels=_COLOURS),
        }

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Stack squares, as bytes and from 0 to 1; or what a frozen encoder makes of them, beside bytes to score."""
        if self.frozen is None:
            pictures = np.stack(rows)
            return {self.name: pictures, self._pixels: to_unit(pictures)}
        from lstm_onnx.features.frozen_cache import load

        seen = {self._features: np.stack([load(row.file) for row in rows])}
        return seen if rows[0].pixels is None else {self.name: np.stack([row.pixels for row in rows]), **seen}

    def encoder(self) -> nn.Module:
        """Return what hands the square on under the name of the feature."""
        from lstm_onnx.features.coding import Renamed

        return Renamed({self._pixels: self.name, self._features: self.name})

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Take pictures of the training part, stretched to the size that is asked for."""
        from PIL import Image as pillow

        size = (sizes.get(self._width, min(self.pixels, _USUAL)), sizes.get(self._height, min(self.pixels, _USUAL)))
        pictures = []
        for k in random.integers(len(self.kept), size=sizes["batch"]):
            image = pillow.open(io.BytesIO(base64.b64decode(self.kept[int(k)])))
            pictures.append(np.asarray(image.convert("RGB").resize(size, pillow.Resampling.BILINEAR)))
        found = np.stack(pictures)
        return {self.name: found, **self.stage().reference({self.name: found})}
