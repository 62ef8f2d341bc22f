"""Small files that ask for a lot of memory are refused before they get it, and can be allowed."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lstm_onnx.data.arrays import load_arrays
from lstm_onnx.data.images import read_picture
from lstm_onnx.data.limits import VARIABLE, refuse_bomb
from lstm_onnx.data.tables import read_table
from lstm_onnx.errors import UserError

BOMB = r"as files do that are made to fill it; if it is sound, allow that with .* LSTM_ONNX_MAX_MB=\d+"


def npz(path: Path, shape: tuple[int, ...], content: bytes = b"") -> Path:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.npy", head.getvalue() + content)
    return path


def test_an_npz_is_refused_by_what_its_header_asks_for(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=BOMB):
        load_arrays(npz(tmp_path / "a.npz", (1 << 40,)))


def test_arrays_that_pack_well_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = npz(tmp_path / "a.npz", (1 << 20,), bytes(4 << 20))
    assert load_arrays(path)["x"].shape == (1 << 20,)
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(UserError, match=BOMB):
        load_arrays(path)
    monkeypatch.setenv(VARIABLE, "much")
    with pytest.raises(UserError, match="LSTM_ONNX_MAX_MB=much: must be a number of megabytes"):
        load_arrays(path)


def test_a_parquet_that_repeats_itself_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    rows = 2_000_000
    pl.DataFrame({"a": pl.repeat(1.5, rows, eager=True), "t": pl.repeat("x", rows, eager=True)}).write_parquet(path)
    assert path.stat().st_size < 100_000
    monkeypatch.setenv(VARIABLE, "40")
    with pytest.raises(UserError, match=r"would take 48 MB of memory.*LSTM_ONNX_MAX_MB=48"):
        read_table(path)
    monkeypatch.setenv(VARIABLE, "48")
    assert read_table(path).height == rows


def gif(path: Path, side: int) -> Path:
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    path.write_bytes(screen + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x44\x01\x00;")
    return path


def test_a_gif_of_a_few_bytes_is_refused(tmp_path: Path) -> None:
    path = gif(tmp_path / "a.gif", 8_000)
    assert path.stat().st_size < 50
    with pytest.raises(UserError, match=BOMB):
        read_picture(path)


def test_a_white_page_is_read(tmp_path: Path) -> None:
    Image.new("1", (3_500, 2_500), 1).save(tmp_path / "page.png")
    Image.new("RGB", (5_000, 4_000), "white").save(tmp_path / "flat.png")
    assert read_picture(tmp_path / "page.png").size == (3_500, 2_500)
    assert read_picture(tmp_path / "flat.png").size == (5_000, 4_000)


def test_large_files_are_believed(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1 << 30)  # a hole: takes no room on the disk
    refuse_bomb(path, 19 << 30)
    with pytest.raises(UserError, match=BOMB):
        refuse_bomb(path, 21 << 30)
