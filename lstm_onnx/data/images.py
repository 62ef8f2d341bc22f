"""Pictures in files: decoded by one set of rules, in training as in `predict`.

Pillow decodes. A picture is turned upright as its EXIF block says, transparent parts show white, 16 bits become the
upper 8, grey, palettes and CMYK become red, green and blue (CMYK without a colour profile, so roughly), and of an
animation the first frame counts.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lstm_onnx.data.limits import refuse_bomb
from lstm_onnx.errors import UserError, no_such_file

IMAGE_FORMATS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
"""What picture files are called. What counts is their content: a JPEG called `.png` is read."""
_READ = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
"""Pillow's names."""
_MOST = 80_000_000
"""Pixels of a picture at most, fewer than Pillow takes for an attack: a small file can ask for a lot of memory."""
_BYTES = 4
"""Bytes of a pixel in memory, transparency included."""
_PACKED, _SMALL = 40_000, 16_000_000
"""Bytes in memory for one in the file, from which on a picture counts as made to fill the memory: PNG can pack 8,000
pixels of a white page into a byte; and bytes that every picture may take."""
_UPPER_BYTE = 8
_BEGINNING = 24

Made = TypeVar("Made")


def read_pictures(paths: Sequence[Path], make: Callable[[Image.Image], Made]) -> Iterator[Made | UserError]:
    """Read pictures and yield what is made of each, in order; where one cannot be read, why.

    Threads are enough to use every core, as Pillow lets go of Python's lock while it decodes and resizes. Work runs two
    pictures for each thread ahead of what was yielded, so that any number of them takes little memory.

    Args:
        paths: of the files.
        make: gets the picture, upright and in mode RGB; runs in a thread.
    """

    def attempt(path: Path) -> Made | UserError:
        try:
            return make(read_picture(path))
        except UserError as error:
            return error

    count, coming = os.cpu_count() or 1, iter(paths)
    with warnings.catch_warnings(), ThreadPoolExecutor(count) as workers:
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # of broken metadata, which is not read: what of the picture is broken is an error
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        waiting = deque(workers.submit(attempt, path) for path in islice(coming, 2 * count))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(workers.submit(attempt, path) for path in islice(coming, 1))


def read_picture(path: Path) -> Image.Image:
    """Read one picture, upright and in mode RGB.

    Raises:
        UserError: there is no such file, or it holds no picture that can be read; says why.
    """
    try:
        with Image.open(path, formats=_READ) as image:
            if image.width * image.height > _MOST:
                raise Image.DecompressionBombError
            refuse_bomb(path, _BYTES * image.width * image.height, _PACKED, _SMALL)
            image.load()
            return _as_rgb(_upright(image), path)
    except UserError:
        raise
    except FileNotFoundError:
        raise no_such_file(path) from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; give a picture") from None
    except UnidentifiedImageError:
        raise UserError(f"{path}: {_what_else(path)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: has more than {_MOST // 1_000_000} million pixels; make it smaller") from None
    except Exception as error:  # decoders raise whatever the broken bytes led them to
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise UserError(f"{path}: cannot be read as a picture ({reason}); save it again, or leave it out") from None


def find_pictures(folder: Path) -> list[Path]:
    """Return the picture files in a folder and in the folders within it, by name; hidden ones are passed over.

    Raises:
        UserError: there is none.
    """
    files = sorted(
        f
        for f in folder.rglob("*")
        if f.suffix.lower() in IMAGE_FORMATS and not any(p.startswith(".") for p in f.relative_to(folder).parts)
    )
    if not files:
        raise UserError(f"{folder}: holds no picture; their names end in {', '.join(IMAGE_FORMATS)}")
    return files


def check_picture(path: Path) -> None:
    """Refuse a path where there is no file, and suggest the nearest name.

    Raises:
        UserError: there is none.
    """
    if not path.exists():
        raise no_such_file(path, IMAGE_FORMATS)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a broken EXIF block says nothing about the pixels
        return image


def _as_rgb(image: Image.Image, path: Path) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> _UPPER_BYTE).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise UserError(f"{path}: has pixels of 32 bits, whose range is not known; save it with 8 or 16 bits")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _what_else(path: Path) -> str:
    """Say what a file is that is no picture."""
    with path.open("rb") as file:
        data = file.read(_BEGINNING)
    if not data:
        return "is empty; save it again, or leave it out"
    kinds = "PNG, JPEG, GIF, WebP, BMP or TIFF"
    if data[4:8] == b"ftyp":
        return f"is HEIC or AVIF, which is not read; save it as {kinds}"
    if all(chr(byte).isprintable() or byte in b"\t\r\n" for byte in data) and data.isascii():
        shown = " ".join(data.decode().split())
        return f"is text ('{shown}…') and no picture; save it as {kinds}"
    return f"is no {kinds}, or its beginning is broken; save it again, or leave it out"
