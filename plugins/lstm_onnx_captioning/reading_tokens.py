"""Flickr8k's and Flickr30k's captions, a line each: `name.jpg#0`, a tab, the caption; and Flickr8k's lists of parts."""

from __future__ import annotations

import re
from pathlib import Path

from lstm_onnx.data.parts import Part
from lstm_onnx.data.text_files import read_lines
from lstm_onnx.errors import UserError
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import RawCaptions, Row

SUFFIX = ".token"
_LINE = re.compile(r"(?P<name>.+?)#\d+\t(?P<caption>.*)")
_LISTS: dict[str, Part] = {"trainImages.txt": "train", "devImages.txt": "validation", "testImages.txt": "test"}
"""How the lists of pictures end that lie beside Flickr8k's captions."""


def is_token_file(path: Path) -> bool:
    """Whether the first line that is not empty is of this form."""
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    return _LINE.match(first.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")) is not None


def read_tokens(path: Path, config: Config) -> RawCaptions:
    """Read captions; the lists beside them, if there are any, say which part a picture belongs to.

    Raises:
        UserError: a line is of another form; says which.
    """
    lists = _lists(path)
    rows, passed = [], set()
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        place = f"{path}: row {number}"
        found = _LINE.fullmatch(line)
        if found is None:
            raise UserError(f"{place}: found '{line[:40]}', and a line is name.jpg#0, a tab, and the caption")
        name = found["name"]
        if lists and name not in lists:
            passed.add(name)
            continue
        rows.append(Row(name, (found["caption"],), lists.get(name), place))
    notes = []
    if lists:
        notes.append(f"the parts are those of the lists *{', *'.join(_LISTS)} in {path.parent}")
    if passed:
        notes.append(f"pictures in none of these lists, which are left out: {len(passed):,}")
    return RawCaptions(rows, config, tuple(notes))


def _lists(path: Path) -> dict[str, Part]:
    """Return the part of each picture that a list names; nothing, unless there are lists for training and test."""
    found: dict[str, Part] = {}
    for ending, part in _LISTS.items():
        for file in sorted(path.parent.glob(f"*{ending}")):
            found |= dict.fromkeys((line.strip() for line in read_lines(file) if line.strip()), part)
    return found if {"train", "test"} <= set(found.values()) else {}
