"""The data set that the plugin brings: Japanese Vowels (see `datasets/README.md`)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lstm_onnx.task import DataSet


def bundled() -> Path:
    """Return the bundled data: 640 utterances of nine speakers, 12 channels, 7 to 29 steps."""
    return _folder() / "japanese_vowels.npz"


def _folder() -> Path:
    return Path(str(files("lstm_onnx_classification"))) / "datasets"


VOWELS = DataSet(
    name="vowels",
    files=(bundled(), _folder() / "README.md"),
    summary="640 utterances of nine speakers, 12 channels, 7 to 29 steps",
    licence="CC BY 4.0, Kudo, Toyama and Shimbo, Japanese Vowels, UCI Machine Learning Repository, 1999",
    origin="https://doi.org/10.24432/C5NS47",
)
