"""Sound is read alike whatever its rate, width and channels; spectra in torch are those in NumPy."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from lstm_onnx.contract import Array
from lstm_onnx.data.sounds import as_pcm, in_blocks, read_sound, resampled, write_sound
from lstm_onnx.errors import UserError
from lstm_onnx.features.log_mel import bank, log_mels
from lstm_onnx.plugin import Audio

RATE = 8000


def tone(hertz: float, rate: int = RATE, seconds: float = 0.5) -> Array:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


def written(path: Path, samples: Array, rate: int, width: int, channels: int = 1) -> Path:
    """Write whole numbers of a width by their bytes, little-endian; 8 bits are unsigned."""
    whole = np.rint(samples * (2 ** (8 * width - 1) - 1)).astype(np.int64) + (128 if width == 1 else 0)
    content = b"".join(int(v).to_bytes(width, "little", signed=width > 1) for v in np.repeat(whole, channels))
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        file.writeframes(content)
    return path


@pytest.mark.parametrize(("width", "channels", "apart"), [(1, 1, 0.01), (2, 2, 1e-4), (3, 1, 1e-6), (4, 2, 1e-6)])
def test_samples_of_every_width_are_the_same_sound(tmp_path: Path, width: int, channels: int, apart: float) -> None:
    read = read_sound(written(tmp_path / "a.wav", tone(440), RATE, width, channels), RATE)
    np.testing.assert_allclose(read, tone(440), atol=apart)
    assert read.dtype == np.float32


def test_another_rate_is_the_same_sound_and_higher_tones_are_cut_off() -> None:
    inner = slice(200, -200)  # a spectrum knows no edges: there a tone that breaks off rings
    np.testing.assert_allclose(resampled(tone(440, 44_100), 44_100, RATE)[inner], tone(440)[inner], atol=0.005)
    np.testing.assert_allclose(resampled(tone(440), RATE, 16_000)[::2][inner], tone(440)[inner], atol=0.005)
    assert np.abs(resampled(tone(6000, 44_100), 44_100, RATE)[inner]).max() < 0.005


def test_what_is_no_sound_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    write_sound(tmp_path / "none.wav", np.zeros(0), RATE)
    for name, complaint in {
        "text.wav": "is no WAV file of whole-number samples .* write it as 16-bit PCM",
        "none.wav": "holds no sample; leave it out",
        "txt.wav": "no such file; did you mean 'text.wav'",
        "": "is a folder; give a WAV file",
    }.items():
        with pytest.raises(UserError, match=complaint):
            read_sound(tmp_path / name, RATE)


def test_rows_may_be_paths_bytes_or_samples(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", tone(440), RATE)
    audio = Audio(name="sound", rate=RATE)
    content = (tmp_path / "a.wav").read_bytes()
    rows = audio.prepare([tmp_path / "a.wav", str(tmp_path / "a.wav"), content, tone(440), as_pcm(tone(440))])
    for row in rows:
        assert row.shape == (25, 160) and row.dtype == np.int16
        np.testing.assert_array_equal(row, rows[0])
    assert len(audio.prepare([(tone(440, 16_000), 16_000)])[0]) == 25
    for wrong in (np.zeros((3, 2)), np.zeros(0), np.array(["a"])):
        with pytest.raises(UserError, match=r"example 1 of 'sound' is .* and must be the path of a WAV file"):
            audio.prepare([wrong])


def test_a_tone_is_in_its_band_and_torch_says_the_same() -> None:
    blocks = in_blocks(tone(1000).astype(np.float32), 160)
    spectra = log_mels(blocks, RATE, 40, 2)
    assert spectra.shape == (25, 80)
    constants = bank(RATE, 160, 40, 2)
    assert (constants.bands.sum(axis=0) > 0).all()  # no band is empty
    bins = np.arange(len(constants.bands)) * RATE / len(constants.waves)
    centre = (constants.bands * bins[:, None]).sum(axis=0) / constants.bands.sum(axis=0)
    assert abs(centre[spectra[10, :40].argmax()] - 1000) < 100
    audio = Audio(name="sound", rate=RATE).fit([tone(1000), tone(300, seconds=0.3)])
    encoder = audio.encoder()
    found = encoder(sound=torch.from_numpy(blocks[None]))["sound"]
    assert audio.center is not None and audio.spread is not None
    wanted = (spectra - np.array(audio.center)) / np.array(audio.spread)
    np.testing.assert_allclose(found[0].numpy(), wanted, rtol=1e-3, atol=1e-3)


def test_pieces_of_a_sound_have_the_spectra_of_the_whole() -> None:
    audio = Audio(name="sound", rate=RATE).fit([tone(1000)])
    encoder = audio.encoder()
    blocks = torch.from_numpy(in_blocks(tone(700).astype(np.float32), 160)[None])
    whole = encoder(sound=blocks)["sound"]
    first, before = encoder.go_on({"sound": blocks[:, :7]}, None)
    second, _ = encoder.go_on({"sound": blocks[:, 7:]}, before)
    torch.testing.assert_close(torch.cat([first["sound"], second["sound"]], dim=1), whole)
