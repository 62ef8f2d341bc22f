"""A folder of pictures with a text of the same name beside each: `dog.jpg` and `dog.txt`."""

from __future__ import annotations

from pathlib import Path

from lstm_onnx.data.images import IMAGE_FORMATS
from lstm_onnx.data.text_files import read_lines
from lstm_onnx.errors import UserError
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import RawCaptions, Row

_TEXT = ".txt"


def read_folder(folder: Path, config: Config) -> RawCaptions:
    """Read a caption from each line of the texts.

    Raises:
        UserError: no picture has a text beside it; says what is there.
    """
    files = sorted(f for f in folder.iterdir() if not f.name.startswith("."))
    texts = {f.stem: f for f in files if f.suffix.lower() == _TEXT}
    pictures = [f for f in files if f.suffix.lower() in IMAGE_FORMATS]
    pairs = [(picture, texts[picture.stem]) for picture in pictures if picture.stem in texts]
    if not pairs:
        there = ", ".join(f.name for f in files[:5]) or "nothing"
        raise UserError(
            f"{folder}: no picture in it has a .txt of the same name beside it; give a file of captions, such as a "
            f"table with the columns image and caption (in the folder: {there})"
        )
    rows = [
        Row(picture.name, tuple(line for line in read_lines(text) if line.strip()), None, str(text))
        for picture, text in pairs
    ]
    notes = [f"captions are the lines of the .txt beside each picture: {len(pairs):,}"]
    if left := len(pictures) - len(pairs):
        notes.append(f"pictures without a .txt of their name, which are left out: {left:,}")
    return RawCaptions(rows, config, tuple(notes))
