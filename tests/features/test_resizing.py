"""The graph's resizing against Pillow's, which made the pictures of the training."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from PIL import Image

from lstm_onnx.features.resizing import GREY, resize, resize_graph, squared, to_unit, weights
from tests.captioning.tiny import answers, session

SIZES = [(1, 1), (1, 64), (64, 1), (2, 3), (5, 300), (33, 200), (37, 91), (64, 64), (16, 16), (101, 100), (480, 640)]
FITS = ["crop", "pad", "stretch"]


def pictures(height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(height * 1000 + width)
    return random.integers(0, 256, (2, height, width, 3)).astype(np.uint8)


@pytest.fixture(scope="module", params=[(fit, size) for fit in FITS for size in (16, 63)], ids=str)
def way(request: pytest.FixtureRequest):
    fit, size = request.param
    graph = resize_graph(size, fit)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return fit, size, session(model)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_graph_resizes_as_pillow_to_a_grey_level(way, height: int, width: int) -> None:
    fit, size, run = way
    images = pictures(height, width)
    got = answers(run, {"image": images})["picture"]
    assert got.shape == (2, 3, size, size)
    assert 0 <= got.min() and got.max() <= 1 + 1e-6
    for one, image in zip(got, images, strict=True):
        wanted = np.asarray(squared(Image.fromarray(image), size, fit)).transpose(2, 0, 1)
        assert np.abs(one * 255 - wanted).max() <= 1.001  # Pillow rounds twice, by half a level each time
    np.testing.assert_allclose(got, resize(images, size, fit), rtol=0, atol=1e-6)


@pytest.mark.parametrize("fit", FITS)
def test_a_picture_of_the_size_stays_as_it_is(fit: str) -> None:
    images = pictures(16, 16)
    model = onnx.helper.make_model(
        resize_graph(16, fit), opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8
    )
    np.testing.assert_array_equal(answers(session(model), {"image": images})["picture"], to_unit(images))
    np.testing.assert_array_equal(resize(images, 16, fit), to_unit(images))


@pytest.mark.parametrize("side", [1, 2, 15, 16, 17, 1000])
def test_weights_add_up_to_one_and_lie_symmetrically(side: int) -> None:
    found = weights(side, 16)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found, found[::-1, ::-1], atol=1e-6)
    if side == 16:
        np.testing.assert_array_equal(found, np.eye(16, dtype=np.float32))


def test_padding_is_grey_and_cropping_keeps_the_middle() -> None:
    white = np.full((1, 8, 32, 3), 255, np.uint8)
    padded = resize(white, 16, "pad")[0, 0] * 255
    np.testing.assert_allclose(padded[:4], GREY, atol=1e-3)
    np.testing.assert_allclose(padded[7:9], 255, atol=1e-3)
    striped = white.copy()
    striped[:, :, :12] = 0
    striped[:, :, 20:] = 0
    np.testing.assert_allclose(resize(striped, 16, "crop"), 1, atol=1e-6)
