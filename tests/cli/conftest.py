"""What the tests of the command line share: a wide terminal, an empty folder, and one way to call it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.cli import console
from lstm_onnx.cli.app import run
from lstm_onnx.plugins.registry import load_task
from tests.conftest import ADDING, TINY

TRAIN = ["train", "--plugin=adding", f"--plugin-file={ADDING}", *(f"--{k}={v}" for k, v in TINY.items())]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for one in (console.out, console.err):
        monkeypatch.setattr(one, "_width", 200)
    monkeypatch.chdir(tmp_path)


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run a command; return its status and what it printed."""
    status = run([str(a) for a in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def npz(path: Path, batch: int = 2, time: int = 5) -> Path:
    task = load_task("adding", ADDING).task
    np.savez(path, **task.sample(None, {"batch": batch, "time": time}, 0))  # type: ignore[arg-type]
    return path
