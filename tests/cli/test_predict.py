"""`lstm-onnx predict`: tables it writes, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lstm_onnx as lo
from tests.cli.conftest import call, npz


def test_predict_writes_tables(capsys: pytest.CaptureFixture[str], adding_file: Path, tmp_path: Path) -> None:
    import polars as pl

    data = npz(tmp_path / "x.npz", batch=3)
    wanted = lo.load(adding_file).predict(dict(np.load(data))).outputs["total"]
    for name, read in {"y.csv": pl.read_csv, "y.parquet": pl.read_parquet, "y.json": pl.read_json}.items():
        status, out, _ = call(capsys, "predict", adding_file, data, "--out", name)
        assert status == 0 and name in out
        assert read(name)["total"].to_list() == pytest.approx(wanted.tolist(), rel=1e-6)


def test_predict_imports_no_torch(adding_file: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from lstm_onnx.cli.app import run\n"
        f"status = run(['predict', {str(adding_file)!r}, {str(npz(tmp_path / 'x.npz'))!r}])\n"
        "assert status == 0\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
