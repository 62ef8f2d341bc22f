"""The data set that the plugin brings: a year of hourly traffic (see `datasets/SOURCE.md`)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lstm_onnx.task import DataSet


def bundled() -> Path:
    """Return the bundled data: a year of hourly traffic counts."""
    return _folder() / "traffic.csv"


def _folder() -> Path:
    return Path(str(files("lstm_onnx_forecasting"))) / "datasets"


TRAFFIC = DataSet(
    name="traffic",
    files=(bundled(), _folder() / "SOURCE.md"),
    summary="a year of hourly vehicle counts on a motorway, with temperature, clouds and holidays",
    licence="CC BY 4.0, John Hogue, Metro Interstate Traffic Volume, UCI Machine Learning Repository, 2019",
    origin="https://doi.org/10.24432/C5X60B",
)
