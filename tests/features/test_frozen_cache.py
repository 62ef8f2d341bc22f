"""Features of a frozen encoder are computed once, and survive whatever interrupts."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from lstm_onnx import progress
from lstm_onnx.errors import UserError
from lstm_onnx.features import frozen_cache as cached
from lstm_onnx.features.frozen_cache import cache_folder, compute, load

IMAGES = np.random.default_rng(0).integers(0, 256, size=(40, 8, 8, 3), dtype=np.uint8)
TENTH = np.float32(0.1)


class Blocks:
    """An encoder that gives the mean of each quarter of a picture, a tenth of it; it counts, and may break off."""

    shape = (3, 2, 2)

    def __init__(self, digest: str = "d" * 64, strength: int = 10**9) -> None:
        self.digest, self.seen, self.strength = digest, 0, strength

    def features(self, images: np.ndarray) -> np.ndarray:
        self.seen += len(images)
        if self.seen > self.strength:
            raise KeyboardInterrupt
        return wanted(images)


def loaded(paths: list[Path], chosen: np.ndarray) -> np.ndarray:
    return np.stack([load(paths[i]) for i in chosen])


def wanted(images: np.ndarray) -> np.ndarray:
    quarters = images.reshape(len(images), 2, 4, 2, 4, 3).mean(axis=(2, 4), dtype=np.float32)
    return quarters.transpose(0, 3, 1, 2) * TENTH


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LSTM_ONNX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_features_are_those_of_the_pictures_to_half_precision() -> None:
    found = compute(IMAGES, Blocks())
    chosen = np.array([7, 3, 3, 39])
    assert loaded(found, chosen).shape == (4, 3, 2, 2) and loaded(found, chosen).dtype == np.float32
    np.testing.assert_allclose(loaded(found, chosen), wanted(IMAGES[chosen]), rtol=2**-11)
    assert np.abs(loaded(found, chosen) - wanted(IMAGES[chosen])).max() > 0


def test_they_are_computed_once_for_each_picture_and_encoder(cache: Path) -> None:
    again, other, more = Blocks(), Blocks("e" * 64), Blocks()
    compute(IMAGES[:30], Blocks())
    found = compute(IMAGES[29::-1], again)
    assert again.seen == 0
    np.testing.assert_allclose(loaded(found, np.array([0])), wanted(IMAGES[29:30]), rtol=2**-11)
    compute(IMAGES, more)
    compute(IMAGES, other)
    assert (more.seen, other.seen) == (10, 40)
    assert len(list(cache.rglob("*.npy"))) == 80
    assert {f.name for f in (cache / "features").iterdir()} == {"d" * 32, "e" * 32}


def test_an_interrupted_run_goes_on_where_it_was(cache: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        compute(IMAGES, Blocks(strength=20))
    assert len(list(cache.rglob("*.npy"))) == 16
    assert [f for f in cache.rglob("*") if f.is_file() and f.suffix != ".npy"] == []
    rest = Blocks()
    np.testing.assert_allclose(loaded(compute(IMAGES, rest), np.arange(40)), wanted(IMAGES), rtol=2**-11)
    assert rest.seen == 24


def test_a_cut_file_is_made_anew_and_one_that_is_broken_later_is_named(cache: Path) -> None:
    found = compute(IMAGES[:2], Blocks())
    found[0].write_bytes(found[0].read_bytes()[:-1])
    again = Blocks()
    found = compute(IMAGES[:2], again)
    assert again.seen == 1
    found[1].write_bytes(b"?" * found[1].stat().st_size)
    with pytest.raises(UserError, match=rf"{found[1].name}: cannot be read \(.*\); delete it, and start again"):
        loaded(found, np.array([0, 1]))
    found[0].unlink()
    with pytest.raises(UserError, match=rf"{found[0].name}: cannot be read"):
        loaded(found, np.array([0]))


def test_numbers_beyond_half_precision_stay_finite() -> None:
    class Huge(Blocks):
        def features(self, images: np.ndarray) -> np.ndarray:
            return np.full((len(images), *self.shape), -1e9, dtype=np.float32)

    assert (loaded(compute(IMAGES[:1], Huge()), np.array([0])) == -65504).all()


def test_the_cache_is_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    assert cache_folder() == cache
    monkeypatch.delenv("LSTM_ONNX_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "lstm-onnx"
    monkeypatch.setenv("LSTM_ONNX_CACHE", "~/elsewhere")
    assert cache_folder() == tmp_path / "elsewhere"


def test_a_cache_that_cannot_be_made_says_what_to_set(cache: Path) -> None:
    cache.write_text("a file in its place")
    with pytest.raises(UserError, match=r"cannot be made \(Not a directory\); set LSTM_ONNX_CACHE to a folder"):
        compute(IMAGES[:1], Blocks())


def test_progress_is_shown_where_a_command_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_EVERY", 0.0)
    monkeypatch.setattr(cached, "_BATCH", 20)
    paper = io.StringIO()
    with progress.showing(Console(file=paper, force_terminal=False)):
        compute(IMAGES, Blocks())
    assert paper.getvalue() == "computing features: 20 of 40\ncomputing features: 40 of 40\n"
