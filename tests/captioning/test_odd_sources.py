"""Captions as people have them: several columns, ids as text, names from Windows or without an ending, no spaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.reading import read
from lstm_onnx_captioning.unspaced import apart, lacks_spaces
from PIL import Image

from lstm_onnx.data.picture_files import locate
from lstm_onnx.errors import UserError
from tests.captioning.test_data import load, sentence
from tests.captioning.test_reading import COCO, PAIRS, said, write


def changed(part: str, **entries: Any) -> dict[str, Any]:
    """COCO's captions with other values in one part."""
    return COCO | {part: [entry | {k: v(entry[k]) for k, v in entries.items()} for entry in COCO[part]]}  # type: ignore[index,attr-defined]


def test_ids_of_text_are_those_of_numbers(tmp_path: Path) -> None:
    assert said(read(write(tmp_path / "c.json", changed("images", id=str)), Config()).rows) == PAIRS
    assert said(read(write(tmp_path / "c.json", changed("annotations", image_id=str)), Config()).rows) == PAIRS


def test_captions_of_other_pictures_alone_are_refused_with_an_id_of_each(tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", changed("images", id=lambda i: f"x{i}"))
    with pytest.raises(
        UserError, match="no image_id of the annotations is an id of the images: '7' is an image_id, and 'x7'"
    ):
        read(path, Config())


def test_a_caption_that_is_null_is_left_out_and_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", changed("annotations", caption=lambda text: None if text == "One dog" else text))
    found = read(path, Config())
    assert said(found.rows) == [("a.jpg", ("A dog.",), None), PAIRS[1]]
    assert found.notes == ("captions that are null, which are left out: 1",)


@pytest.mark.parametrize("names", [("caption1", "caption2"), ("Caption 1", "Caption 2"), ("caption", "caption_2")])
def test_columns_that_are_numbered_are_all_captions(tmp_path: Path, names: tuple[str, str]) -> None:
    frame = pl.DataFrame({"image": ["a.jpg", "b.jpg"], names[0]: ["A dog.", "Two cats"], names[1]: ["One dog", None]})
    frame.with_columns(caption_count=pl.lit(3)).write_csv(tmp_path / "c.csv")
    found = read(tmp_path / "c.csv", Config())
    assert said(found.rows) == PAIRS
    assert found.config.caption_column == names
    again = read(tmp_path / "c.csv", Config(caption_column=names[0]))  # type: ignore[arg-type]
    assert said(again.rows) == [("a.jpg", ("A dog.",), None), PAIRS[1]]


@pytest.mark.parametrize(
    "name", ["C:\\photos\\p00.png", "photos\\p00.png", "p00.png", "p00", "C:\\photos\\p00", "other/p00"]
)
def test_a_picture_is_found_by_the_last_part_of_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "p00.png").write_bytes(b"")
    assert locate(name, [tmp_path]) == tmp_path / "p00.png"


def test_a_name_that_two_pictures_have_is_found_for_neither(tmp_path: Path) -> None:
    for ending in ("png", "jpg"):
        (tmp_path / f"p00.{ending}").write_bytes(b"")
    assert locate("p00", [tmp_path]) == tmp_path / "p00"


def pictures(folder: Path, count: int) -> list[str]:
    """Write pictures of noise, and return their names."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(count):
        Image.fromarray(random.integers(0, 256, (16, 16, 3)).astype(np.uint8)).save(folder / f"{i}.png")
    return [f"{i}.png" for i in range(count)]


def test_a_folder_has_a_text_beside_each_picture(tmp_path: Path) -> None:
    names = pictures(tmp_path / "pairs", 12)
    for name in names[:11]:
        (tmp_path / "pairs" / name).with_suffix(".txt").write_text("a dog\n\nsome dog\n")
    data = load(tmp_path / "pairs", Config(size=16), 0)
    assert data.summary.startswith("11 pictures with 22 captions")
    assert "pictures without a .txt of their name, which are left out: 1" in data.notes
    pictures(tmp_path / "none", 1)
    with pytest.raises(
        UserError, match=r"no picture in it has a \.txt of the same name beside it; give a file of captions"
    ):
        load(tmp_path / "none", Config(), 0)


CHINESE = ["一个红色的圆在左边", "一个绿色的方块很清楚"]


def test_without_spaces_each_character_is_a_word(tmp_path: Path) -> None:
    names = pictures(tmp_path / "p", 12)
    texts = [CHINESE[i % 2] for i in range(12)]
    pl.DataFrame({"image": names, "caption": texts}).write_csv(tmp_path / "p" / "c.csv")
    data = load(tmp_path / "p" / "c.csv", Config(size=16), 0)
    assert {"一", "个"} <= set(sentence(data).words or ())
    assert data.config == data.config.model_copy(update={"characters": True})  # type: ignore[union-attr]
    assert any("no spaces between words, so that each character counts as a word" in note for note in data.notes)
    words = load(tmp_path / "p" / "c.csv", Config(size=16, characters=False), 0)
    assert set(sentence(words).words or ()) == set(CHINESE)


def test_spaces_that_are_there_part_words() -> None:
    assert lacks_spaces(CHINESE)
    assert not lacks_spaces(["一个 红色 的 圆 在 左边"])
    assert not lacks_spaces(["a very extraordinarily long word"])
    assert apart("一个dog 3d 狗") == "一 个 dog 3d 狗"
    assert apart("ที่นี่") == "ที่ นี่"  # vowels and tones stay with their letters
