"""From picture files to the inputs of a graph, by its contract alone: one picture, or many of any sizes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lstm_onnx.contract import Array, Contract, ImageSource
from lstm_onnx.data.arrays import ARRAY_FORMATS, check_inputs
from lstm_onnx.data.images import check_picture, find_pictures, read_pictures
from lstm_onnx.data.tables import FORMATS
from lstm_onnx.errors import UserError

_TOGETHER = 32
"""Pictures that go through the graph at once, at most."""
_PIXELS = 2**24
"""Pixels that go through it at once, at most, unless one picture alone has more."""
_SHOWN = 512
"""Copies of pictures are no wider and no higher."""


@dataclass(frozen=True)
class ImageBatch:
    """Pictures of one size, for one run of the graph.

    Attributes:
        arrays: the inputs by name.
        names: of the files, in the order of the batch.
        image: the input that takes the pictures.
    """

    arrays: dict[str, Array]
    names: tuple[str, ...]
    image: str

    @property
    def shown(self) -> list[Array]:
        """Copies (height, width, 3) of the pictures, smaller where they are large, to keep beside the answers."""
        return [shown(pixels) for pixels in self.arrays[self.image]]


def shown(pixels: Array) -> Array:
    """Return a copy of a picture (height, width, 3), smaller where it is large."""
    copy = Image.fromarray(pixels)
    copy.thumbnail((_SHOWN, _SHOWN))
    return np.asarray(copy)


def image_input(contract: Contract) -> str | None:
    """Name the input that takes pictures, if the graph does."""
    return next((t.name for t in contract.inputs if isinstance(t.source, ImageSource)), None)


def given_images(contract: Contract, data: object) -> list[Path] | None:
    """Return the pictures that are meant, by a file, a list of files or a folder; None where something else is given.

    Raises:
        UserError: there is no such file, or no picture in the folder.
    """
    if image_input(contract) is None:
        return None
    if isinstance(data, list) and data and all(isinstance(path, Path) for path in data):
        return data
    if not isinstance(data, Path) or data.suffix.lower() in ARRAY_FORMATS:
        return None
    columns = [t.source.column for t in contract.inputs if isinstance(t.source, ImageSource)]
    if columns[0] is not None and data.suffix.lower() in FORMATS:
        return None
    if others := [t for t in contract.external_inputs if not isinstance(t.source, ImageSource) and t.default is None]:
        raise UserError(
            f"{data}: this model takes '{others[0].name}' beside a picture; give a table with a column "
            f"'{columns[0] or 'picture'}' of paths of pictures, and columns of the rest"
        )
    if data.is_dir():
        return find_pictures(data)
    check_picture(data)
    return [data]


def read_image_inputs(contract: Contract, paths: Sequence[Path], notes: list[str]) -> Iterator[ImageBatch]:
    """Read pictures, a batch at a time, so that not all have to be in memory; neighbours of one size go together.

    Args:
        contract: of a file that takes pictures.
        paths: of the pictures.
        notes: gets a line for each that cannot be read, and is left out.

    Raises:
        UserError: none can be read, or they do not fit the contract.
    """
    name = image_input(contract)
    assert name is not None
    batch: list[tuple[str, Array]] = []
    top = Path(
        os.path.commonpath([path.absolute().parent for path in paths])
    )  # a name alone does not tell pictures apart

    def stacked() -> ImageBatch:
        arrays = check_inputs(contract, {name: np.stack([pixels for _, pixels in batch])})
        return ImageBatch(arrays, tuple(n for n, _ in batch), name)

    for path, pixels in zip(paths, read_pictures(paths, np.asarray), strict=True):
        if isinstance(pixels, UserError):
            if len(paths) == 1:
                raise pixels
            notes.append(f"left out: {pixels}")
            continue
        if not fits_in([p for _, p in batch], pixels):
            yield stacked()
            batch = []
        batch.append((path.absolute().relative_to(top).as_posix(), pixels))
    if not batch:
        raise UserError(f"none of {len(paths):,} pictures can be read; {notes[0].removeprefix('left out: ')}")
    yield stacked()


def fits_in(batch: Sequence[Array], pixels: Array) -> bool:
    """Whether a picture can go through the graph together with these."""
    if not batch:
        return True
    more = len(batch) + 1
    return batch[0].shape == pixels.shape and more <= _TOGETHER and more * pixels[..., 0].size <= _PIXELS
