"""Names, notes and errors are data: brackets are no markup, and colons no emoji, wherever they are printed."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from lstm_onnx.cli import console
from lstm_onnx.cli.tables import frame_table, scores_table
from lstm_onnx.cli.training_view import TrainingView
from lstm_onnx.contract import Scores
from lstm_onnx.progress import busy, counting, showing
from tests.cli.conftest import call
from tests.conftest import ADDING

HOSTILE = ("[kW]", "rate [/min]", ":x: power")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [
        f"2024-01-{1 + i // 24:02} {i % 24:02}:00,{','.join(f'{5 + math.sin(i / k):.3f}' for k in (3, 4, 5))}"
        for i in range(24 * 20)
    ]
    path = tmp_path / "[red]day :x:.csv"
    path.write_text("\n".join([f"time,{','.join(HOSTILE)}", *rows, ""]))
    return path


def test_columns_and_files_keep_their_names_on_the_whole_path(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--horizon=3", "--window=24", "--hidden=4", "--epochs=1", "--threads=1", "--device=cpu")
    status, out, err = call(capsys, "train", table, "--plugin=forecasting", *small, "--name=hostile")
    assert status == 0, err
    status, out, err = call(capsys, "export", "--out", "[bold]m.onnx")
    assert status == 0, err
    assert "file      [bold]m.onnx (" in out and "lstm-onnx predict [bold]m.onnx DATA.csv" in out
    status, out, err = call(capsys, "inspect", "[bold]m.onnx")
    assert status == 0, err
    assert all(name in out for name in HOSTILE)
    status, out, err = call(capsys, "predict", "[bold]m.onnx", table)
    assert status == 0, err
    assert all(name in out for name in HOSTILE)
    status, out, err = call(capsys, "evaluate", "[bold]m.onnx", table)
    assert status == 0, err
    status, out, err = call(capsys, "predict", "[bold]m.onnx", ":x:.csv")
    assert status == 2
    assert ":x:.csv" in err


def printed(*parts: object) -> str:
    shown = Console(file=io.StringIO(), width=200, markup=console.out._markup, emoji=console.out._emoji)
    for part in parts:
        shown.print(part)
    return shown.file.getvalue()  # type: ignore[attr-defined]


def test_tables() -> None:
    import polars as pl

    scores = Scores(primary="rate [/min]", model={"rate [/min]": 1.0}, baselines={":x:": {"rate [/min]": 2.0}})
    out = printed(scores_table(scores, "scores of [kW]"), frame_table(pl.DataFrame({"[kW]": [":x: [/min]"]})))
    assert "scores of [kW]" in out and "│ rate [/min] │" in out and "│   :x: ┃" in out.replace("┃   :x: ┃", "│   :x: ┃")
    assert "[kW]" in out and ":x: [/min]" in out


def test_lines_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    console.say({"threads, [/min]": ":x: [kW]"})
    console.complain("error:", "no column [/min] :x:")
    assert capsys.readouterr() == ("threads, [/min]  :x: [kW]\n", "error: no column [/min] :x:\n")
    status, _, err = call(capsys, "predict", "[red]x[/red].onnx", "y")
    assert (status, err.startswith("error: [red]x[/red].onnx: no such file")) == (2, True)
    status, _, err = call(capsys, ":x:")
    assert (status, "No such command ':x:'" in err) == (2, True)


def test_progress_on_a_terminal() -> None:
    for name in HOSTILE:
        terminal = Console(file=io.StringIO(), force_terminal=True, width=200)
        with showing(terminal), counting(f"reading {name}") as update:
            update(1, 2)
        with showing(terminal), busy(f"verifying {name}"):
            pass
        shown = terminal.file.getvalue()  # type: ignore[attr-defined]
        assert f"reading {name}" in shown and f"verifying {name}" in shown


def test_progress_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstm_onnx.progress.PLAIN_EVERY", -1.0)
    plain = Console(file=io.StringIO(), width=200)
    with showing(plain), counting("reading :x: [/min]") as update:
        update(1, 2)
    assert plain.file.getvalue() == "reading :x: [/min]: 1 of 2\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_metric_of_training(is_terminal: bool) -> None:
    shown = Console(file=io.StringIO(), force_terminal=is_terminal, width=200)
    view = TrainingView(shown, "rate [/min]")
    view.epochs, view.batches = 2, 3
    if is_terminal:
        view._start_bar()
    view.epoch_ended({"epoch": 1, "train_loss": 1.0, "validation_loss": 1.0, "rate [/min]": 2.0}, is_best=True)
    view.stepped(2, 1, 0.5)
    view.close()
    assert "rate [/min] 2.000" in shown.file.getvalue()  # type: ignore[attr-defined]


def test_help_of_a_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin = tmp_path / "p.py"
    text = ADDING.read_text()
    assert 'description="' in text
    plugin.write_text(text.replace('description="', 'description="in [/min] or :x:, ', 1))
    status, out, _ = call(capsys, "train", f"--plugin-file={plugin}", "--help")
    assert status == 0
    assert "in [/min] or :x:, " in out
