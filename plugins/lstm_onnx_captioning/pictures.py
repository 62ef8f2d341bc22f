"""From names of pictures to pixels, all before training begins, so that no broken file stops it halfway.

Pixels stay in memory: size * size * 3 bytes for each picture, 12 kB at 64 and 150 kB at 224.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from lstm_onnx.errors import UserError
from lstm_onnx.picture_files import read_pictures
from lstm_onnx.progress import counting
from lstm_onnx_captioning.config import Config
from lstm_onnx_captioning.examples import Examples, Part, Pixels
from lstm_onnx_captioning.read import Row

GREY = (128, 128, 128)
_RANK: tuple[Part | None, ...] = (None, "train", "validation", "test")


def squared(image: Image.Image, size: int, fit: Literal["crop", "pad", "stretch"]) -> Pixels:
    """Return (size, size, 3) pixels of a picture of mode RGB.

    Where a side is odd by a pixel, that pixel is cut or added at the right or at the bottom. The filter is Pillow's
    BILINEAR: a triangle, as wide as the picture shrinks, at half-pixel centres.
    """
    width, height = image.size
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    elif fit == "pad":
        side = max(width, height)
        square = Image.new("RGB", (side, side), GREY)
        square.paste(image, ((side - width) // 2, (side - height) // 2))
        image = square
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def read_examples(rows: Sequence[Row], source: Path, config: Config, notes: list[str]) -> Examples:
    """Read the pictures that rows name; those with the same pixels become one, with all captions.

    Args:
        rows: one for each picture, with normalised captions, one at least.
        source: where they stand: pictures are looked for in its folder, after `config.images`.
        config: says where pictures are, what becomes of them, and what to do with a bad one.
        notes: gets a line for what was left out or put together.

    Raises:
        UserError: a picture is bad and `on_bad_image` is stop, or none is left.
    """
    paths = [locate(row.name, source, config) for row in rows]
    images = np.empty((len(rows), config.size, config.size, 3), dtype=np.uint8)
    kept: list[Row] = []
    bad: list[str] = []
    seen: dict[bytes, int] = {}
    repeated = torn = 0
    with counting("reading pictures") as update:
        made = read_pictures(paths, lambda image: squared(image, config.size, config.fit))
        for done, (row, pixels) in enumerate(zip(rows, made, strict=True), start=1):
            update(done, len(rows))
            if isinstance(pixels, UserError):
                bad.append(f"{pixels} (named in {row.place})")
                continue
            first = seen.setdefault(blake2b(pixels.tobytes(), digest_size=16).digest(), len(kept))
            if first == len(kept):
                images[first] = pixels
                kept.append(row)
                continue
            repeated += 1
            torn += kept[first].part != row.part
            kept[first] = _one(kept[first], row)
    _tell_bad(bad, rows, paths, source, config, notes)
    if repeated:
        notes.append(f"{_count(repeated)} the same pixels as another: it counts once, with all its captions")
    if torn:
        notes.append(f"{torn:,} of them stood in different parts of the data: left in the test, or in validation")
    parts = [row.part for row in kept]
    known = [part for part in parts if part is not None]
    return Examples(images[: len(kept)], [row.captions for row in kept], known if len(known) == len(kept) else None)


def locate(name: str, source: Path, config: Config) -> Path:
    """Return where a picture is: in the folder of pictures or that of the captions, by its path or its bare name."""
    folders = [source.parent] if config.images is None else [config.images, source.parent]
    tried = [folder / path for folder in folders for path in dict.fromkeys((name, Path(name).name))]
    return next((path for path in tried if path.is_file()), tried[0])


def _one(first: Row, other: Row) -> Row:
    """Merge two rows of one picture; of different parts the later keeps it, with the captions that it has there."""
    if first.part == other.part:
        return Row(first.name, tuple(dict.fromkeys((*first.captions, *other.captions))), first.part, first.place)
    return max(first, other, key=lambda row: _RANK.index(row.part))


def _tell_bad(
    bad: Sequence[str], rows: Sequence[Row], paths: Sequence[Path], source: Path, config: Config, notes: list[str]
) -> None:
    """Refuse bad pictures, or note how many are left out."""
    if not bad:
        return
    missing = [row for row, path in zip(rows, paths, strict=True) if not path.exists()]
    hint = _elsewhere(missing[0].name, source) if missing else ""
    more = f" (and {len(bad) - 1:,} more are missing or broken)" if len(bad) > 1 else ""
    if len(bad) == len(rows):
        raise UserError(f"{bad[0]}{more}; no picture is left{hint}")
    if config.on_bad_image == "stop":
        raise UserError(f"{bad[0]}{more}{hint}; mend it, or leave such pictures out with --on-bad-image skip")
    left_out = "s are" if len(bad) > 1 else " is"
    notes.append(f"{len(bad):,} picture{left_out} missing or broken and left out, the first: {bad[0]}")


def _elsewhere(name: str, source: Path) -> str:
    """Say in which folder near the captions a picture is, if there is one."""
    near = [source.parent, source.parent.parent]
    folders = [folder for above in near for folder in sorted(above.iterdir()) if folder.is_dir()]
    found = next((folder for folder in folders if (folder / name).is_file()), None)
    return f"; there is one in another folder: give --images {found}" if found else ""


def _count(number: int) -> str:
    return f"{number:,} pictures have" if number > 1 else "1 picture has"
