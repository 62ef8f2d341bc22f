"""From names of pictures to pixels, all before training begins, so that no broken file stops it halfway.

Pixels are size * size * 3 bytes for each picture, 12 kB at 64 and 150 kB at 224. They stay in memory, or lie in files
where they are many, or where a folder for these is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from lstm_onnx.data.found_from import folder_of
from lstm_onnx.data.images import read_pictures
from lstm_onnx.data.parts import Part
from lstm_onnx.data.picture_files import locate, picture_folders
from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.stored_rows import RowWriter
from lstm_onnx.errors import UserError
from lstm_onnx.features import stored
from lstm_onnx.features.resizing import squared
from lstm_onnx.progress import counting
from lstm_onnx_captioning.examples import Pictures, Pixels
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import Row

_RANK: tuple[Part | None, ...] = (None, "train", "validation", "test")


def read_pixels(rows: Sequence[Row], source: Path, config: Config, notes: list[str]) -> Pictures:
    """Read the pictures that rows name; those with the same pixels become one, with all captions.

    Args:
        rows: one for each picture, with normalised captions, one at least.
        source: where they stand.
        config: says where pictures are, what becomes of them, and what to do with a bad one.
        notes: gets a line for what was left out or put together.

    Raises:
        UserError: a picture is bad and `on_bad_image` is stop, or none is left.
    """
    folders = find_folders(rows, source, config, notes)
    paths = [locate(row.name, folders) for row in rows]
    room = _room(len(rows), config)
    writer = RowWriter(room) if room else None
    images: list[Pixels] = []
    keep = images.extend if writer is None else writer.add
    kept: list[Row] = []
    bad: list[tuple[UserError, Row]] = []
    seen: dict[bytes, int] = {}
    repeated = torn = 0
    with counting("reading pictures") as update:
        made = read_pictures(paths, lambda image: squared(image, config.size, config.fit))
        for done, (row, pixels) in enumerate(zip(rows, made, strict=True), start=1):
            update(done, len(rows))
            if isinstance(pixels, UserError):
                bad.append((pixels, row))
                continue
            first = seen.setdefault(blake2b(pixels.tobytes(), digest_size=16).digest(), len(kept))
            if first == len(kept):
                keep([pixels])
                kept.append(row)
                continue
            repeated += 1
            torn += kept[first].part != row.part
            kept[first] = _one(kept[first], row)
    _tell_bad(bad, len(rows), config, notes)
    if repeated:
        notes.append(f"pictures with the pixels of another, which count once, with all captions: {repeated:,}")
    if torn:
        notes.append(f"of these, in several parts of the data, and left in the test or in validation: {torn:,}")
    parts = [row.part for row in kept]
    known = [part for part in parts if part is not None]
    if writer is not None:
        notes.append(f"the pixels of {len(kept):,} pictures are kept in files")
    shown = images if writer is None else writer.stored()
    return Pictures(shown, [row.captions for row in kept], known if len(known) == len(kept) else None)


def _room(count: int, config: Config) -> DiskRoom | None:
    """Return where the pixels of so many pictures are to be kept, if not in memory."""
    if config.store is not None:
        return DiskRoom(Path(config.store))
    return DiskRoom() if count * config.size * config.size * 3 > stored.MOST_BYTES else None


def find_folders(rows: Sequence[Row], source: Path, config: Config, notes: list[str]) -> list[Path]:
    """Return the folders in which pictures are looked for; see `lstm_onnx.data.picture_files`."""
    return picture_folders(rows[0].name, source if source.is_dir() else folder_of(source), config.images, notes)


def _one(first: Row, other: Row) -> Row:
    """Merge two rows of one picture; of different parts the later keeps it, with the captions that it has there."""
    if first.part == other.part:
        return Row(first.name, tuple(dict.fromkeys((*first.captions, *other.captions))), first.part, first.place)
    return max(first, other, key=lambda row: _RANK.index(row.part))


def _tell_bad(bad: Sequence[tuple[UserError, Row]], count: int, config: Config, notes: list[str]) -> None:
    """Refuse bad pictures, or note how many of all are left out."""
    if not bad:
        return
    first, row = bad[0]
    more = f"; {len(bad) - 1:,} more are missing or broken" if len(bad) > 1 else ""
    told = f"{first} (named in {row.place}{more})"
    if len(bad) == count:
        raise UserError(f"{told}; no picture is left: is --images the folder that they are in?")
    if config.on_bad_image == "stop":
        raise UserError(f"{told}; mend it, or leave such pictures out with --on-bad-image skip")
    notes.append(f"left out as missing or broken: {len(bad):,} picture{'s' * (len(bad) > 1)}, the first {first}")
