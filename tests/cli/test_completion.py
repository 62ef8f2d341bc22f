"""Completion in a shell: what it offers, and what it does without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ADDING

TASKS = {
    "anomaly",
    "captioning",
    "classification",
    "forecasting",
    "regression",
    "speech",
    "tagging",
    "textgen",
    "translate",
}


def complete(line: str) -> list[str]:
    """Ask for the completions of a line, as bash would; the last word is not finished."""
    environment = {"_LSTM_ONNX_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = subprocess.run(
        [sys.executable, "-m", "lstm_onnx"], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lstm-onnx e", ["export", "evaluate", "explain", "embed"]),
        ("lstm-onnx train --plugin fo", ["forecasting"]),
        ("lstm-onnx export --variant ", ["fp32", "streaming", "int8", "fp16"]),
        ("lstm-onnx bench --provider c", ["cpu", "cuda"]),
        ("lstm-onnx train --plugin forecasting --quan", ["--quantiles"]),
        ("lstm-onnx train --plugin nothing --epo", ["--epochs"]),
        ("lstm-onnx train --config nothing.toml --epo", ["--epochs"]),
        (f"lstm-onnx train --plugin-file {ADDING} --long", ["--longest"]),
        ("lstm-onnx xyz", []),
    ],
)
def test_what_is_offered(line: str, offered: list[str]) -> None:
    assert complete(line) == offered


def test_names_are_completed_without_loading_anything() -> None:
    code = (
        "import sys; from lstm_onnx.cli.app import run\n"
        "try:\n    run([])\n"
        "finally:\n    print([m for m in ('numpy', 'polars', 'pluggy', 'torch') if m in sys.modules], file=sys.stderr)"
    )
    words = {"_LSTM_ONNX_COMPLETE": "complete_bash", "COMP_WORDS": "lstm-onnx train --plugin ", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | words, capture_output=True, text=True, check=True
    )
    assert (done.stdout.split(), done.stderr) == (sorted(TASKS), "[]\n")


def test_it_is_shown_and_installed(tmp_path: Path) -> None:
    home = os.environ | {"HOME": str(tmp_path)}
    bash = ["bash", "--norc", "-c"]
    program = f"{sys.executable} -m lstm_onnx"
    shown = subprocess.run(
        [*bash, f"{program} --show-completion; true"], env=home, capture_output=True, text=True, check=True
    )
    assert "complete -o default -F _lstm_onnx_completion lstm-onnx" in shown.stdout
    done = subprocess.run(
        [*bash, f"{program} --install-completion; true"], env=home, capture_output=True, text=True, check=True
    )
    assert "bash completion installed in" in done.stdout
    script = next(tmp_path.rglob("lstm-onnx.sh"))
    assert "_LSTM_ONNX_COMPLETE=complete_bash" in script.read_text()
