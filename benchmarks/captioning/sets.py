"""Public pictures with sentences, written as the table of captions and the folder of pictures that `train` takes.

They come from packages that `tools/captioning_sets` puts into `.tools/captioning`, or into wherever
LSTM_ONNX_CAPTIONING_SETS says. Nothing is downloaded here.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import polars as pl

SPLIT_SEED = 0
PIXELS = 64
"""Of drawn emoji: of two vendors there are bitmaps of this size alone, and none is to stand out by being sharp."""
STAMP = 224
VENDORS = ("google", "twitter", "openmoji", "fluent")
TEST_SHARE = 0.2
"""Of the captions with a skin tone, and of the stamps."""
VALIDATION_SHARE = 0.1
"""Of what is left, taken in the same way as the test part, so that what is chosen by it suits the test."""

TONES = ("light", "medium-light", "medium", "medium-dark", "dark")
Split = dict[int, str]
"""From the number of a drawing to `validation` or `test`; all others are to learn from."""


class Drawing(NamedTuple):
    """An emoji as one vendor draws it.

    Attributes:
        vendor: one of VENDORS.
        caption: its CLDR name.
        source: PNG or SVG.
    """

    vendor: str
    caption: str
    source: Path

    @property
    def name(self) -> str:
        """Its path among the pictures."""
        return f"{self.vendor}/{self.source.stem.lower()}.png"


def packages() -> Path:
    """Folder of what `tools/captioning_sets` fetched."""
    here = Path(__file__).parents[2] / ".tools" / "captioning"
    folder = Path(os.environ.get("LSTM_ONNX_CAPTIONING_SETS", here))
    if not (folder / "made-from").exists():
        raise SystemExit(f"{folder}: the sets are not there; run tools/captioning_sets (330 MB)")
    return folder


def imported(name: str) -> ModuleType:
    """Import one of the fetched Python packages."""
    folder = str(packages() / "python")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def emoji() -> list[Drawing]:
    """Every emoji of Emoji 17 in every vendor's drawing that the packages hold, in the order of CLDR."""
    root = packages()
    known = json.loads((root / "emojibase-data" / "en" / "data.json").read_text())
    folders = (
        root / "emoji-datasource-google" / "img" / "google" / "64",
        root / "emoji-datasource-twitter" / "img" / "twitter" / "64",
        root / "openmoji" / "color" / "svg",
    )
    by_code = [{_code(path.stem): path for path in folder.iterdir()} for folder in folders]
    by_name = {path.stem: path for path in (root / "fluentui-emoji" / "icons" / "modern").iterdir()}
    found = []
    for base in known:
        for one in (base, *base.get("skins", [])):
            paths = [kept.get(_code(one["hexcode"])) for kept in by_code]
            paths.append(
                next((by_name[n] for n in _fluent_names(base["label"], one.get("tone")) if n in by_name), None)
            )
            found += [Drawing(v, one["label"], p) for v, p in zip(VENDORS, paths, strict=True) if p is not None]
    return found


def _code(hexcode: str) -> str:
    """Without the selector of the coloured form, which vendors write or leave out as they please."""
    return hexcode.upper().replace("-FE0F", "")


def _fluent_names(label: str, tone: int | list[int] | None) -> Iterator[str]:
    """Names that Fluent may have for an emoji; it draws no pairs of two tones."""
    name = re.sub(r"[^a-z0-9]+", "-", label.lower().replace("&", "and").replace("\u2019", "")).strip("-")
    if tone is None:
        yield from (name, f"{name}-default")
    elif isinstance(tone, int):
        yield f"{name}-{TONES[tone - 1]}"


def skin_tones(drawings: list[Drawing], seed: int = SPLIT_SEED) -> Split:
    """Hold out a fifth of the captions with a skin tone, whoever draws them: new combinations of known words."""
    order = np.random.RandomState(seed)  # its stream is frozen, so that the split is the same for ever
    toned = sorted({d.caption for d in drawings if "skin tone" in d.caption})
    shuffled = [toned[i] for i in order.permutation(len(toned))]
    tested = round(TEST_SHARE * len(toned))
    validated = tested + round(VALIDATION_SHARE * (len(toned) - tested))
    part = dict.fromkeys(shuffled[:tested], "test") | dict.fromkeys(shuffled[tested:validated], "validation")
    return {i: part[d.caption] for i, d in enumerate(drawings) if d.caption in part}


def one_vendor(drawings: list[Drawing], seed: int = SPLIT_SEED) -> Split:
    """Hold out one vendor's drawing of each caption that another draws too, the vendor drawn at random."""
    order = np.random.RandomState(seed)
    by_caption: dict[str, list[int]] = defaultdict(list)
    for i, d in enumerate(drawings):
        by_caption[d.caption].append(i)
    split: Split = {}
    for numbers in by_caption.values():
        shuffled = [numbers[i] for i in order.permutation(len(numbers))]
        if len(shuffled) > 1:
            split[shuffled[0]] = "test"
        if len(shuffled) > 2 and order.uniform() < VALIDATION_SHARE:
            split[shuffled[1]] = "validation"
    return split


def whole_vendor(vendor: str) -> Callable[[list[Drawing]], Split]:
    """Hold out all that one vendor draws: captions are known, the style is not. Validated on the others' drawings."""

    def split(drawings: list[Drawing], seed: int = SPLIT_SEED) -> Split:
        order = np.random.RandomState(seed)
        left_out = {i: "test" for i, d in enumerate(drawings) if d.vendor == vendor}
        others = [i for i in range(len(drawings)) if i not in left_out]
        chosen = order.permutation(len(others))[: round(VALIDATION_SHARE * len(others))]
        return left_out | {others[i]: "validation" for i in chosen}

    return split


def write_emoji(split: Callable[[list[Drawing]], Split], folder: Path) -> Path:
    """Write a table of captions, and the pictures where they are not there yet; return the table."""
    drawings = emoji()
    for drawing in drawings:
        _draw(drawing.source, folder / drawing.name, PIXELS)
    parts = split(drawings)
    rows = [(d.name, d.caption, parts.get(i, "train")) for i, d in enumerate(drawings)]
    return _write(rows, folder / "captions.csv")


def stamps(language: str, folder: Path) -> Path:
    """Write Tux Paint's stamps with their descriptions in one language; a fifth, drawn at random, is the test part."""
    root = packages() / "tuxpaint-stamps"
    if not root.exists():
        raise SystemExit(f"{root}: not there; the stamps are fetched on Debian alone")
    found = []
    for text in sorted(root.rglob("*.txt")):
        picture = next((p for p in (text.with_suffix(".png"), text.with_suffix(".svg")) if p.exists()), None)
        said = _in_language(text.read_text(encoding="utf-8").splitlines(), language)
        if picture is not None and said:
            name = "-".join(text.relative_to(root).with_suffix(".png").parts)
            _draw(picture, folder / name, STAMP)
            found.append((name, said))
    order = np.random.RandomState(SPLIT_SEED).permutation(len(found))
    tested = set(order[: round(TEST_SHARE * len(found))].tolist())
    rows = [(name, said, "test" if i in tested else "train") for i, (name, said) in enumerate(found)]
    return _write(rows, folder / "captions.csv")


def _in_language(lines: list[str], language: str) -> str:
    """English stands first, then a line for each other language: `de.utf8=Eine Eiche.`."""
    if language == "en":
        return lines[0] if lines else ""
    return next((line.partition("=")[2] for line in lines if line.startswith(f"{language}.utf8=")), "")


def _draw(source: Path, target: Path, pixels: int) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".png":
        shutil.copyfile(source, target)
    else:
        # dpi, or a size in points becomes 0
        drawn = imported("resvg_py").svg_to_bytes(svg_path=str(source), width=pixels, height=pixels, dpi=96)
        target.write_bytes(bytes(drawn))


def _write(rows: Iterable[tuple[str, str, str]], path: Path) -> Path:
    pl.DataFrame(list(rows), schema=["image", "caption", "split"], orient="row").write_csv(path)
    return path


SETS: dict[str, Callable[[Path], Path]] = {
    "emoji-skin": lambda folder: write_emoji(skin_tones, folder),
    "emoji-vendor": lambda folder: write_emoji(one_vendor, folder),
    **{f"emoji-style-{v}": partial(write_emoji, whole_vendor(v)) for v in VENDORS},
    "tux": lambda folder: stamps("en", folder),
    "tux-de": lambda folder: stamps("de", folder),
}
"""What writes each set into a folder and returns the table that `train` takes."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Write one set as the table and pictures that train --data takes.")
    parser.add_argument("set", choices=list(SETS))
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(SETS[options.set](options.out))


if __name__ == "__main__":
    main()
