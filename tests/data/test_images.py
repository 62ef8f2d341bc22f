"""Pictures in files: every kind that is read, and everything that is none."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lstm_onnx.data import images as picture_files
from lstm_onnx.data.images import check_picture, find_pictures, read_picture, read_pictures
from lstm_onnx.errors import UserError

PIXELS = np.random.default_rng(0).integers(0, 256, size=(12, 20, 3), dtype=np.uint8)
RGB = Image.fromarray(PIXELS)
ROTATED = 6
"""EXIF: the top of the picture is at its right."""


def png(path: Path, pixels: np.ndarray, colour: int) -> Path:
    """Write a PNG of 16 bits, which Pillow cannot for colours; `colour` as PNG numbers them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, colour, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    return path


def read(path: Path) -> np.ndarray:
    image = read_picture(path)
    assert image.mode == "RGB"
    return np.asarray(image)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_picture(path)
    text = str(caught.value)
    assert "\n" not in text and text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp"])
def test_lossless_pictures_come_as_they_are(tmp_path: Path, name: str) -> None:
    RGB.save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    np.testing.assert_array_equal(read(tmp_path / name), PIXELS)


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    RGB.save(tmp_path / "a.jpg", format="PNG")
    np.testing.assert_array_equal(read(tmp_path / "a.jpg"), PIXELS)


def test_jpeg_is_near(tmp_path: Path) -> None:
    smooth = RGB.resize((80, 60), Image.Resampling.BICUBIC)
    smooth.save(tmp_path / "a.jpeg", quality=95, subsampling=0)
    assert np.abs(read(tmp_path / "a.jpeg").astype(int) - np.asarray(smooth)).mean() < 4


def test_exif_turns_a_picture_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = ROTATED
    RGB.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "a.png"), np.rot90(PIXELS, -1))
    RGB.save(tmp_path / "b.jpg", exif=b"Exif\0\0garbage")
    assert read(tmp_path / "b.jpg").shape == PIXELS.shape


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    alpha = np.full(PIXELS.shape[:2], 255, dtype=np.uint8)
    alpha[:, :10], alpha[:, 10:15] = 0, 128
    image = RGB.copy()
    image.putalpha(Image.fromarray(alpha))
    image.save(tmp_path / "a.png")
    found = read(tmp_path / "a.png")
    assert (found[:, :10] == 255).all()
    np.testing.assert_allclose(found[:, 10:15], PIXELS[:, 10:15] * (128 / 255) + 127, atol=1)
    np.testing.assert_array_equal(found[:, 15:], PIXELS[:, 15:])
    Image.merge("LA", (RGB.convert("L"), Image.fromarray(alpha))).save(tmp_path / "b.png")
    assert (read(tmp_path / "b.png")[:, :10] == 255).all()


@pytest.mark.parametrize("name", ["a.gif", "a.png"])
def test_palettes_with_and_without_transparency(tmp_path: Path, name: str) -> None:
    few = RGB.quantize(8)
    few.save(tmp_path / name)
    np.testing.assert_array_equal(read(tmp_path / name), np.asarray(few.convert("RGB")))
    few.save(tmp_path / name, transparency=3)
    clear = np.asarray(few) == 3
    assert clear.any() and (read(tmp_path / name)[clear] == 255).all()
    np.testing.assert_array_equal(read(tmp_path / name)[~clear], np.asarray(few.convert("RGB"))[~clear])


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_and_black_and_white(tmp_path: Path, mode: str) -> None:
    image = RGB.convert(mode)
    image.save(tmp_path / "a.png")
    found = read(tmp_path / "a.png")
    np.testing.assert_array_equal(found[..., 0], np.asarray(image.convert("L")))
    assert (found == found[..., :1]).all()


def test_sixteen_bits_become_the_upper_eight(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 2**16, size=(5, 7, 3), dtype=np.uint16)
    np.testing.assert_array_equal(read(png(tmp_path / "rgb.png", pixels, 2)), pixels >> 8)
    np.testing.assert_array_equal(read(png(tmp_path / "grey.png", pixels[..., 0], 0))[..., 1], pixels[..., 0] >> 8)
    Image.fromarray(pixels[..., 0]).save(tmp_path / "grey.tif")
    np.testing.assert_array_equal(read(tmp_path / "grey.tif")[..., 2], pixels[..., 0] >> 8)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    assert np.abs(read(tmp_path / "red.jpg").astype(int) - [255, 0, 0]).max() < 6


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_of_an_animation_the_first_frame_counts(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime")]
    more = {"lossless": True} if name.endswith("webp") else {}
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **more)  # type: ignore[arg-type]
    assert (read(tmp_path / name) == [255, 0, 0]).all()


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tif"])
def test_truncated_files_are_refused(tmp_path: Path, name: str) -> None:
    RGB.resize((200, 200)).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for share in (0.9, 0.5, 0.1):
        (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
        text = refusal(tmp_path / name)
        assert "cannot be read as a picture (" in text or "its beginning is broken" in text
    (tmp_path / name).write_bytes(whole[:40])
    assert "save it again, or leave it out" in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; save it again"),
        (b"<!DOCTYPE html>\n<html><body>404", "is text ('<!DOCTYPE html> <html><b…') and no picture"),
        (b"Not found", "is text ('Not found…') and no picture; save it as PNG, JPEG, GIF, WebP, BMP or TIFF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "is HEIC or AVIF, which is not read"),
        (bytes(range(128, 255)), "is no PNG, JPEG, GIF, WebP, BMP or TIFF, or its beginning is broken"),
    ],
    ids=["empty", "html", "text", "heic", "bytes"],
)
def test_what_is_no_picture_is_said_to_be_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert refusal(tmp_path / "a.jpg").startswith(says)


def test_pictures_of_32_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), dtype=np.float32)).save(tmp_path / "a.tif")
    assert refusal(tmp_path / "a.tif") == ("has pixels of 32 bits, whose range is not known; save it with 8 or 16 bits")


@pytest.mark.parametrize("side", [9_300, 14_000], ids=["Pillow warns", "Pillow refuses"])
def test_a_small_file_cannot_ask_for_much_memory(tmp_path: Path, side: int) -> None:
    Image.new("1", (side, side)).save(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size < 100_000
    (found,) = read_pictures([tmp_path / "a.png"], np.asarray)
    assert str(found) == f"{tmp_path / 'a.png'}: has more than 80 million pixels; make it smaller"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.png") == "no such file; check the spelling and the folder"
    assert refusal(tmp_path) == "is a folder; give a picture"
    RGB.save(tmp_path / "photo.png")
    with pytest.raises(UserError, match=r"poto.png: no such file; did you mean 'photo.png'\?"):
        check_picture(tmp_path / "poto.png")
    with pytest.raises(UserError, match=r"x.png: no such file; check the spelling and the folder"):
        check_picture(tmp_path / "nowhere" / "x.png")


def test_many_are_read_in_order_and_what_is_broken_says_why(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.png" for i in range(40)]
    for i, path in enumerate(paths):
        Image.new("RGB", (4, 4), (i, 0, 0)).save(path)
    paths[7].write_bytes(b"")
    made = list(read_pictures(paths, lambda image: image.getpixel((0, 0))))
    assert [m for i, m in enumerate(made) if i != 7] == [(i, 0, 0) for i in range(40) if i != 7]
    assert isinstance(made[7], UserError) and "is empty" in str(made[7])


def test_reading_stays_a_little_ahead_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RGB.save(tmp_path / "a.png")
    begun, lock = [0], threading.Lock()

    def count(path: Path) -> Image.Image:
        with lock:
            begun[0] += 1
        return RGB

    monkeypatch.setattr(picture_files, "read_picture", count)
    monkeypatch.setattr(picture_files.os, "cpu_count", lambda: 2)
    coming = read_pictures([tmp_path / "a.png"] * 100, lambda image: 1)
    for _ in range(10):
        next(coming)
    assert 10 <= begun[0] <= 14
    assert sum(coming) == 90


def test_a_bug_in_what_is_made_of_pictures_is_no_broken_picture(tmp_path: Path) -> None:
    RGB.save(tmp_path / "a.png")
    broken: Callable[[Image.Image], int] = lambda image: 1 // 0  # noqa: E731
    with pytest.raises(ZeroDivisionError):
        list(read_pictures([tmp_path / "a.png"], broken))


def test_a_folder_gives_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "inner").mkdir()
    assert [f.name for f in find_pictures(tmp_path)] == ["a.jpg", "b.PNG"]
    (tmp_path / "inner" / ".trash").mkdir()
    (tmp_path / "inner" / ".trash" / "c.png").touch()
    with pytest.raises(UserError, match=r"inner: holds no picture; their names end in \.png, \.jpg, "):
        find_pictures(tmp_path / "inner")
    (tmp_path / "inner" / "c.png").touch()
    assert [f.name for f in find_pictures(tmp_path)] == ["a.jpg", "b.PNG", "c.png"]
