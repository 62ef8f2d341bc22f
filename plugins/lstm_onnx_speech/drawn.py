"""Words of an invented language, spoken by a source and filters in NumPy: no speech synthesiser is needed.

Each letter is a sound of its own: vowels are pulses of a voice through two resonances (formants), whose places tell the
vowels of Peterson and Barney (1952) apart; nasals and `l` have a low first one; `s`, `f` and `h` are noise of a band;
`t` and `k` are silence and a burst. Voices differ in pitch, in the length of their throat and in pace.
"""

from __future__ import annotations

import numpy as np

from lstm_onnx.contract import Array

RATE = 8000
"""Samples a second, as on a telephone."""
_VOICED = {"a": (750, 1200), "e": (500, 1900), "i": (300, 2300), "o": (500, 900), "u": (320, 700)}
_SOFT = {"m": (260, 1000), "n": (280, 1700), "l": (380, 1350)}
_NOISE = {"s": (2800, 3900), "f": (1000, 3900), "h": (500, 1800)}
_BURST = {"t": (2200, 3900), "k": (1000, 2000)}
_ONSETS = (*_SOFT, *_NOISE, *_BURST)
_LEVEL = {"voiced": 0.25, "soft": 0.12, "noise": 0.06, "burst": 0.15}


def draw(count: int, random: np.random.Generator) -> tuple[list[Array], list[str]]:
    """Draw utterances of one to three words.

    Returns:
        samples of each, float32 at `RATE`, and its text.
    """
    texts = [" ".join(_word(random) for _ in range(int(random.integers(1, 4)))) for _ in range(count)]
    return [speak(text, random) for text in texts], texts


def _word(random: np.random.Generator) -> str:
    syllables = int(random.integers(1, 4))
    return "".join(str(random.choice(_ONSETS)) + str(random.choice(list(_VOICED))) for _ in range(syllables))


def speak(text: str, random: np.random.Generator) -> Array:
    """Say a text of the letters that there are, in a voice that is drawn: float32 (samples,) from -1 to 1."""
    pitch, throat, pace = random.uniform(90, 240), random.uniform(0.9, 1.12), random.uniform(0.8, 1.25)
    parts = [np.zeros(int(random.uniform(0.05, 0.15) * RATE))]
    for letter in text:
        if letter == " ":
            parts.append(np.zeros(int(random.uniform(0.08, 0.16) * RATE * pace)))
        else:
            parts.append(_sound(letter, pitch * random.uniform(0.94, 1.06), throat, pace, random))
    parts.append(np.zeros(int(random.uniform(0.05, 0.15) * RATE)))
    sound = np.concatenate(parts)
    noise = random.normal(0, random.uniform(0.0005, 0.004), len(sound))
    return np.clip(sound * random.uniform(0.5, 1.5) + noise, -1, 1).astype(np.float32)


def _sound(letter: str, pitch: float, throat: float, pace: float, random: np.random.Generator) -> Array:
    seconds = {True: 0.12, False: 0.075}[letter in _VOICED] * random.uniform(0.85, 1.2) * pace
    count = int(seconds * RATE)
    if letter in _VOICED or letter in _SOFT:
        places = _VOICED.get(letter) or _SOFT[letter]
        level = _LEVEL["voiced" if letter in _VOICED else "soft"]
        return _faded(level * _voice(count, pitch, [p * throat for p in places], random))
    low, high = _NOISE.get(letter) or _BURST[letter]
    if letter in _NOISE:
        return _faded(_LEVEL["noise"] * _band(count, low * throat, high, random))
    silence, burst = np.zeros(int(0.6 * count)), int(0.3 * count)
    return np.concatenate([silence, _LEVEL["burst"] * _band(burst, low * throat, high, random) * np.hanning(burst)])


def _voice(count: int, pitch: float, formants: list[float], random: np.random.Generator) -> Array:
    """Harmonics of a pitch that falls a little, as loud as two resonances let them through."""
    phase = 2 * np.pi * np.cumsum(np.linspace(pitch * 1.03, pitch * 0.97, count)) / RATE
    made = np.zeros(count)
    for k in range(1, int(0.95 * RATE / 2 / pitch) + 1):
        gain = sum(1 / (1 + ((k * pitch - f) / (60 + 0.06 * f)) ** 2) * 0.6**n for n, f in enumerate(formants))
        made += gain * np.sin(k * phase + random.uniform(0, 2 * np.pi))
    return np.asarray(made / max(float(np.abs(made).max()), 1e-9))


def _band(count: int, low: float, high: float, random: np.random.Generator) -> Array:
    """Noise between two frequencies, in Hz."""
    spectrum = np.fft.rfft(random.normal(size=max(count, 2)))
    at = np.fft.rfftfreq(max(count, 2), 1 / RATE)
    made = np.fft.irfft(np.where((at > low) & (at < high), spectrum, 0), max(count, 2))[:count]
    return np.asarray(made / max(float(np.abs(made).max(initial=0)), 1e-9))


def _faded(sound: Array) -> Array:
    edge = min(len(sound) // 4, 80)
    ramp = np.linspace(0, 1, edge)
    sound[:edge] *= ramp
    sound[len(sound) - edge :] *= ramp[::-1]
    return sound
