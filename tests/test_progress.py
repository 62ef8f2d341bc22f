"""Progress is shown where a command asks for it, and nowhere else."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lstm_onnx import progress
from lstm_onnx.progress import counting, showing


def count(console: Console | None, steps: int = 3) -> str:
    with showing(console), counting("working") as update:
        for i in range(steps):
            update(i + 1, steps)
    return console.file.getvalue() if console else ""  # type: ignore[attr-defined]


def test_a_library_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    count(None)
    with counting("working") as update:
        update(1, 2)
    assert capsys.readouterr() == ("", "")


def test_lines_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    assert count(Console(file=io.StringIO())) == ""
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    assert count(Console(file=io.StringIO()), 5) == "working: 2 of 5\nworking: 4 of 5\n"


def test_a_terminal_gets_a_bar() -> None:
    shown = count(Console(file=io.StringIO(), force_terminal=True, width=80))
    assert "working" in shown and "3/3" in shown and "━" in shown


def test_what_is_shown_ends_with_the_command() -> None:
    console = Console(file=io.StringIO())
    with showing(console), showing(None):
        assert progress._console.get() is None
    assert progress._console.get() is None
