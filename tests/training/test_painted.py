"""What a training draws is in its run as pictures that people can look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import lstm_onnx as lo
from tests.conftest import ADDING, TINY

pytestmark = pytest.mark.paints


def test_the_loss_curves_are_painted(tmp_path: Path) -> None:
    run = lo.train("adding", plugin_file=ADDING, **TINY, epochs=2, threads=1, runs=tmp_path)
    with Image.open(run.plots / "loss.png") as picture:
        assert picture.size == (7 * 130, 5 * 130)  # inches, and dots in one
        colours = picture.convert("RGB").getcolors(picture.width * picture.height)
    assert {(0x44, 0x77, 0xAA), (0xEE, 0x66, 0x77), (0x22, 0x88, 0x33)} <= {colour for _, colour in colours or []}
