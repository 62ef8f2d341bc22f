"""Sound in WAV files: read by the standard library, made one channel of one rate, in training as in `predict`."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from math import gcd
from pathlib import Path

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError, no_such_file

SOUND_FORMATS = (".wav", ".wave")
"""What files of sound are called."""
FULL = 32_768
"""What 16-bit samples are divided by, so that they lie from -1 to 1."""
_MOST = 500_000_000
"""Bytes of a file at most."""


def read_sound(source: Path | bytes, rate: int) -> Array:
    """Read a WAV file of whole-number samples (PCM of 8, 16, 24 or 32 bits), any rate, any number of channels.

    Args:
        source: its path, or its bytes.
        rate: samples a second that are wanted.

    Returns:
        float32 (samples,) from -1 to 1, the mean of the channels.

    Raises:
        UserError: it cannot be read; says which file and why.
    """
    where = "the sound" if isinstance(source, bytes) else str(source)
    try:
        if isinstance(source, Path) and source.stat().st_size > _MOST:
            raise UserError(f"{where}: has more than {_MOST // 1_000_000} MB; cut it into pieces")
        with wave.open(io.BytesIO(source) if isinstance(source, bytes) else str(source), "rb") as file:
            width, channels, found = file.getsampwidth(), file.getnchannels(), file.getframerate()
            content = file.readframes(file.getnframes())
    except FileNotFoundError:
        raise no_such_file(Path(where), SOUND_FORMATS) from None
    except IsADirectoryError:
        raise UserError(f"{where}: is a folder; give a WAV file") from None
    except (wave.Error, EOFError) as error:
        raise UserError(
            f"{where}: is no WAV file of whole-number samples ({str(error) or 'it ends too early'}); write it as "
            "16-bit PCM, such as by ffmpeg -i FILE -c:a pcm_s16le OUT.wav"
        ) from None
    if not channels or not found:
        raise UserError(f"{where}: says that it has {channels} channels of {found} samples a second")
    samples = _samples(content, width)
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1, dtype=np.float32)
    if not len(samples):
        raise UserError(f"{where}: holds no sample; leave it out")
    return resampled(samples, found, rate)


def _samples(content: bytes, width: int) -> Array:
    """Turn bytes of samples of a width, little-endian, into float32 from -1 to 1."""
    content = content[: len(content) // width * width]
    if width == 1:  # unsigned, by the format's rules
        return np.asarray(np.frombuffer(content, dtype=np.uint8).astype(np.float32) / 128 - 1)
    if width == 3:
        parts = np.frombuffer(content, dtype=np.uint8).reshape(-1, 3).astype(np.int32)
        whole = (parts @ np.array([1, 2**8, 2**16], dtype=np.int32) ^ 2**23) - 2**23  # the sign is in the upper bit
        return np.asarray(whole, dtype=np.float32) / np.float32(2**23)
    found: Array = np.frombuffer(content, dtype="<i2" if width == 2 else "<i4").astype(np.float64)
    return np.asarray(found / 2.0 ** (8 * width - 1), dtype=np.float32)


def resampled(samples: Array, found: int, wanted: int) -> Array:
    """Bring samples (samples,) from one rate to another, by their spectrum: what is above half the new rate is cut off.

    The ends are filled up with silence, so that the end of a sound does not leak into its beginning.
    """
    if found == wanted or not len(samples):
        return np.asarray(samples, dtype=np.float32)
    step = found // gcd(found, wanted)
    margin = -(-found // 10 // step) * step  # a tenth of a second
    count = -(-len(samples) // step) * step + margin
    spectrum = np.fft.rfft(samples, count)
    made = count // step * (wanted // gcd(found, wanted))
    kept = np.zeros(made // 2 + 1, dtype=spectrum.dtype)
    both = min(len(kept), len(spectrum))
    kept[:both] = spectrum[:both]
    length = max(1, round(len(samples) * wanted / found))
    return np.asarray(np.fft.irfft(kept, made)[:length] * (made / count), dtype=np.float32)


def write_sound(path: Path, samples: Array, rate: int) -> None:
    """Write samples (samples,) from -1 to 1 as a WAV file of one channel and 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes(as_pcm(samples).astype("<i2").tobytes())


def as_pcm(samples: Array) -> Array:
    """Turn samples from -1 to 1 into 16 bits, int16; what is louder is cut."""
    return np.asarray(np.clip(np.rint(samples * FULL), -FULL, FULL - 1), dtype=np.int16)


def find_sounds(folder: Path) -> list[Path]:
    """Return the WAV files in a folder and in the folders within it, by name; hidden ones are passed over.

    Raises:
        UserError: there is none.
    """
    files = sorted(
        f
        for f in folder.rglob("*")
        if f.suffix.lower() in SOUND_FORMATS and not any(p.startswith(".") for p in f.relative_to(folder).parts)
    )
    if not files:
        raise UserError(f"{folder}: holds no sound; names of WAV files end in {' or '.join(SOUND_FORMATS)}")
    return files


def in_blocks(samples: Sequence[float] | Array, size: int) -> Array:
    """Cut samples (samples,) into blocks (blocks, size), the last filled up with zeros; one block at least."""
    array = np.asarray(samples)
    found = np.zeros((max(1, -(-len(array) // size)), size), dtype=array.dtype)
    found.reshape(-1)[: len(array)] = array
    return found
