"""The tutorials run from an empty folder, and are stored without output."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.documents import notebooks
from tools.documents.links import DOCS, ROOT

TUTORIALS = sorted(DOCS.rglob("*.ipynb"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(path: Path) -> None:
    # in a process of its own, as the kernel's client warns of things that are not ours
    done = subprocess.run(
        [sys.executable, "-m", "tools.documents.notebooks", str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "```text" in done.stdout
    assert "![what the cell draws]" in done.stdout


def test_what_ran_is_kept_until_what_it_stands_on_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Path] = []
    notebook = Path(shutil.copy(TUTORIALS[0], tmp_path))
    source = tmp_path / "lstm_onnx" / "nn" / "lstm.py"
    source.parent.mkdir(parents=True)
    source.write_text("1")
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(notebooks, "run_now", lambda path: ran.append(path) or notebooks.read(path))
    assert notebooks.run(notebook).cells == notebooks.run(notebook).cells
    assert len(ran) == 1
    source.write_text("2")
    notebooks.run(notebook)
    assert len(ran) == 2 and len(list((tmp_path / "kept").iterdir())) == 1


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_stored_without_output(path: Path) -> None:
    cells = notebooks.read(path).cells
    assert [c.id for c in cells if c.get("outputs") or c.get("execution_count")] == []


def test_there_is_a_tutorial_for_each_task_of_ours() -> None:
    assert {path.stem for path in TUTORIALS} == {"forecast", "classify", "caption"}
