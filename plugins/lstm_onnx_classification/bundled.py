"""The data set that the plugin brings: Japanese Vowels (see `datasets/README.md`)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def bundled() -> Path:
    """Return the bundled data: 640 utterances of nine speakers, 12 channels, 7 to 29 steps."""
    return Path(str(files("lstm_onnx_classification"))) / "datasets" / "japanese_vowels.npz"
