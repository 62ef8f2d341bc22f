"""Pictures become pixels of one size; bad ones are named, and the same one twice is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from lstm_onnx_captioning.examples import Part, Pictures
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.pictures import read_pixels
from lstm_onnx_captioning.raw_captions import Row
from PIL import Image

from lstm_onnx.errors import UserError
from lstm_onnx.features.resizing import resize, squared

RANDOM = np.random.default_rng(0)
FITS = get_args(Config.model_fields["fit"].annotation)


def picture(height: int, width: int) -> Image.Image:
    return Image.fromarray(RANDOM.integers(0, 256, size=(height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", [(64, 64), (97, 40), (30, 31), (8, 200), (200, 333), (1, 1), (3, 1)], ids=str)
def test_the_graph_sees_what_training_saw(shape: tuple[int, int], fit: Any) -> None:
    image = picture(*shape)
    (seen,) = resize(np.asarray(image)[None], 48, fit)
    wanted = squared(image, 48, fit)
    assert wanted.shape == (48, 48, 3) and wanted.dtype == np.uint8
    np.testing.assert_allclose(seen.transpose(1, 2, 0) * 255, wanted, atol=1.01)


def test_fits_differ_as_they_say() -> None:
    wide = np.zeros((10, 31, 3), dtype=np.uint8)
    wide[:, 10:20] = 200
    image = Image.fromarray(wide)
    assert (squared(image, 10, "crop") == 200).all()
    padded = squared(image, 31, "pad")
    assert (padded[:10] == 128).all() and (padded[20:] == 128).all()
    np.testing.assert_array_equal(padded[10:20], wide)
    assert set(np.unique(squared(image, 31, "stretch")[5, 11:19])) == {200}
    same = np.asarray(image.crop((0, 0, 10, 10)))
    for fit in FITS:
        np.testing.assert_array_equal(squared(Image.fromarray(same), 10, fit), same)


def row(name: str, *captions: str, part: Part | None = None) -> Row:
    return Row(name, captions or (f"a {name.partition('.')[0]}",), part, f"c.csv: row {name}")


def save(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        picture(20, 24).save(folder / name)


def load(rows: list[Row], source: Path, **options: Any) -> tuple[Pictures, list[str]]:
    notes: list[str] = []
    return read_pixels(rows, source, Config(size=16, **options), notes), notes


def refusal(rows: list[Row], source: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        load(rows, source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{source.parent}/", "")


def test_pictures_come_in_order_with_captions_and_parts(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "b.png")
    rows = [row("b.png", "b", "c", part="test"), row("a.png", "a", part="train")]
    found, notes = load(rows, tmp_path / "c.csv")
    assert (list(found.captions), found.parts, notes) == ([("b", "c"), ("a",)], ["test", "train"], [])
    for pixels, name in zip(found.images, "ba", strict=True):
        np.testing.assert_array_equal(pixels, squared(Image.open(tmp_path / f"{name}.png"), 16, "crop"))
    assert load([row("a.png")], tmp_path / "c.csv")[0].parts is None


def test_pictures_are_found_by_folder_and_by_bare_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, "photos/a.png", "c.png")
    source = tmp_path / "c.csv"
    rows = [row("a.png"), row("/elsewhere/val2014/a.png"), row("c.png")]
    assert len(load(rows[::2], source, images=tmp_path / "photos")[0]) == 2
    assert len(load(rows[1:2], source, images=Path("photos"))[0]) == 1
    monkeypatch.chdir(tmp_path / "photos")
    assert len(load(rows[:1], source, images=Path("."))[0]) == 1


def test_the_same_pixels_are_one_picture_with_all_captions(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "b.png")
    Image.open(tmp_path / "a.png").save(tmp_path / "copy.bmp")
    rows = [row("a.png", "x", "y"), row("b.png", "z"), row("copy.bmp", "y", "w")]
    found, notes = load(rows, tmp_path / "c.csv")
    assert list(found.captions) == [("x", "y", "w"), ("z",)]
    assert len(found.images) == 2 and not np.array_equal(*found.images)
    assert notes == ["pictures with the pixels of another, which count once, with all captions: 1"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_picture_in_two_parts_is_left_in_the_test(tmp_path: Path, order: int) -> None:
    save(tmp_path, "a.png", "b.png")
    Image.open(tmp_path / "a.png").save(tmp_path / "copy.bmp")
    rows = [row("a.png", "x", part="train"), row("b.png", "z", part="train"), row("copy.bmp", "y", part="test")]
    found, notes = load(rows[::order], tmp_path / "c.csv")
    assert found.parts is not None
    assert sorted(zip(found.captions, found.parts, strict=True)) == [(("y",), "test"), (("z",), "train")]
    assert notes[1] == "of these, in several parts of the data, and left in the test or in validation: 1"


def test_bad_pictures_stop_or_are_left_out(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "d.png")
    (tmp_path / "b.png").write_bytes(b"")
    rows = [row(f"{name}.png") for name in "abcd"]
    assert refusal(rows, tmp_path / "c.csv") == (
        "b.png: is empty; save it again, or leave it out (named in c.csv: row b.png; 1 more are missing or broken); "
        "mend it, or leave such pictures out with --on-bad-image skip"
    )
    found, notes = load(rows, tmp_path / "c.csv", on_bad_image="skip")
    assert list(found.captions) == [("a a",), ("a d",)]
    first = f"{tmp_path}/b.png: is empty; save it again, or leave it out"
    assert notes == [f"left out as missing or broken: 2 pictures, the first {first}"]
    np.testing.assert_array_equal(found.images[1], squared(Image.open(tmp_path / "d.png"), 16, "crop"))


@pytest.mark.parametrize("what", ["stop", "skip"])
def test_where_none_can_be_read_there_is_nothing_to_skip(tmp_path: Path, what: str) -> None:
    assert refusal([row("a.png"), row("b.png")], tmp_path / "c.csv", on_bad_image=what) == (
        "a.png: no such file; check the spelling and the folder (named in c.csv: row a.png; 1 more are missing or "
        "broken); no picture is left: is --images the folder that they are in?"
    )


def test_a_folder_of_pictures_beside_the_captions_is_found(tmp_path: Path) -> None:
    (tmp_path / "another").mkdir()
    save(tmp_path, "photos/a.png", "photos/b.png")
    rows = [row("a.png"), row("b.png")]
    found, notes = load(rows, tmp_path / "c.csv")
    assert (len(found), notes) == (2, [f"pictures are found in {tmp_path / 'photos'}"])
    assert load(rows, tmp_path / "c.csv", images=tmp_path / "photos")[1] == []
    save(tmp_path, "a.png", "b.png")
    found, notes = load(rows, tmp_path / "c.csv")
    assert notes == []
    np.testing.assert_array_equal(found.images[0], squared(Image.open(tmp_path / "a.png"), 16, "crop"))
