"""The command line: statuses, suggestions, options of the task, and what it prints."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.cli.options import spread_lists
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.options import TrainingOptions
from lstm_onnx.training.run_folder import open_run
from tests.conftest import ADDING, TINY

TRAIN = ["train", "--plugin=adding", f"--plugin-file={ADDING}", *(f"--{k}={v}" for k, v in TINY.items())]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from lstm_onnx.cli import app as cli

    for console in (cli.out, cli.err):
        monkeypatch.setattr(console, "width", 200, raising=False)
        monkeypatch.setattr(console, "_width", 200)
    monkeypatch.chdir(tmp_path)


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    status = run([str(a) for a in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def npz(path: Path, batch: int = 2, time: int = 5) -> Path:
    task = load_task("adding", ADDING).task
    np.savez(path, **task.sample(None, {"batch": batch, "time": time}, 0))  # type: ignore[arg-type]
    return path


def test_the_whole_path(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = call(capsys, *TRAIN, "--epochs=2", "--threads=1")
    assert status == 0
    assert re.search(r"epoch   2/2  loss [\d.]+  validation [\d.]+  mse [\d.]+  \d+ steps/s", out)
    assert re.search(r"│ mse +│ +[\d.]+ +│ +0\.1\d+ +│", out)
    assert out.rstrip().endswith("next      lstm-onnx export runs/adding")
    assert (tmp_path / "runs/adding/plots/loss.png").stat().st_size > 5000

    status, out, _ = call(capsys, "export")
    assert status == 0
    assert "next      lstm-onnx predict exported/adding.onnx DATA.npz" in out

    status, out, _ = call(capsys, "verify", "exported/adding.onnx", "--run", "runs/adding")
    assert status == 0
    assert "FAILED" not in out and "agrees with PyTorch" in out

    status, out, _ = call(capsys, "predict", "exported/adding.onnx", npz(tmp_path / "x.npz"))
    assert status == 0
    assert "total" in out

    status, out, _ = call(capsys, "evaluate", "exported/adding.onnx", f"--plugin-file={ADDING}")
    assert status == 0
    assert "scores on 1,000 test examples" in out
    status, _, err = call(capsys, "evaluate", "exported/adding.onnx")
    assert status == 2 and "--plugin-file" in err

    status, out, _ = call(capsys, "inspect", "exported/adding.onnx")
    assert status == 0
    assert "(batch, time, pair)" in out and "2: number, marker" in out and "always 1" in out


def test_json_is_json(capsys: pytest.CaptureFixture[str], adding_file: Path, tmp_path: Path) -> None:
    status, out, _ = call(capsys, *TRAIN, "--epochs=1", "--threads=1", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert (status, [e["event"] for e in events]) == (0, ["start", "epoch", "end"])
    assert events[-1]["scores"]["model"]["mse"] > 0
    for arguments in (
        ["export", "runs/adding", "--out", "x.onnx"],
        ["verify", adding_file],
        ["inspect", adding_file],
        ["predict", adding_file, npz(tmp_path / "x.npz")],
        ["plugins"],
    ):
        status, out, _ = call(capsys, *arguments, "--json")
        assert status == 0
        assert json.loads(out)


def test_quiet_prints_only_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, *TRAIN, "--epochs=1", "--quiet")
    assert "epoch   1" not in out and "next      lstm-onnx export" in out


def test_predict_writes_tables(capsys: pytest.CaptureFixture[str], adding_file: Path, tmp_path: Path) -> None:
    import polars as pl

    data = npz(tmp_path / "x.npz", batch=3)
    wanted = lo.load(adding_file).predict(dict(np.load(data))).outputs["total"]
    for name, read in {"y.csv": pl.read_csv, "y.parquet": pl.read_parquet, "y.json": pl.read_json}.items():
        status, out, _ = call(capsys, "predict", adding_file, data, "--out", name)
        assert status == 0 and name in out
        assert read(name)["total"].to_list() == pytest.approx(wanted.tolist(), rel=1e-6)


def test_failed_check_has_status_1(capsys: pytest.CaptureFixture[str], adding_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(adding_file.read_bytes())
    status, out, err = call(capsys, "verify", copy)
    assert status == 1
    assert "FAILED" in out
    assert err.startswith("failed: copy.onnx: has no copy.json beside it") or "copy.json" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "No such command 'trian'. Did you mean 'train'?"),
        (["train"], "say which task to train with --plugin; there is: captioning, classification, forecasting"),
        (["train", "--plugin=forcasting"], "no plugin is called 'forcasting'; did you mean 'forecasting'?"),
        ([*TRAIN, "--hiden=3"], "No such option: --hiden"),
        ([*TRAIN, "--epochs=0"], "--epochs 0: input should be greater than or equal to 1"),
        ([*TRAIN, "--epochs=many"], "Invalid value for '--epochs'"),
        ([*TRAIN, "--config=none.toml"], "none.toml: no such file"),
        (["export", "nowhere"], "nowhere: not a run folder"),
        (["export"], "runs: there is no run in it yet"),
        (["verify", "nothing.onnx"], "nothing.onnx: no such file"),
        (["predict", "nothing.onnx", "x.csv"], "nothing.onnx: no such file"),
        (["train", "--resume=nowhere"], "nowhere: not a run folder"),
    ],
)
def test_bad_input_has_status_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, tmp_path: Path
) -> None:
    status, out, err = call(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("error: ") and message in err
    assert list(tmp_path.iterdir()) == []


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_onnx.cli import app as cli

    def bug() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "survey", bug)
    with pytest.raises(ZeroDivisionError):
        run(["plugins"])


def test_config_file_sets_options_and_the_command_line_wins(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        'plugin = "adding"\nhidden = 5\nlongest = 6\ncount = 64\nepochs = 1\nbatch-size = 32\n'
    )
    status, _, err = call(capsys, "train", "--config=a.toml", f"--plugin-file={ADDING}", "--hidden=4", "--threads=1")
    assert status == 0, err
    record = open_run(Path("runs/adding")).record
    assert (record.config, record.training.batch_size) == ({"hidden": 4, "longest": 6, "count": 64}, 32)
    (tmp_path / "b.toml").write_text("hiddn = 5\n")
    status, _, err = call(capsys, *TRAIN, "--config=b.toml")
    assert (status, "b.toml: 'hiddn' is not an option of train; did you mean 'hidden'?" in err) == (2, True)
    (tmp_path / "c.toml").write_text("hidden = \n")
    status, _, err = call(capsys, *TRAIN, "--config=c.toml")
    assert (status, "c.toml: not valid TOML" in err) == (2, True)


def test_help_shows_the_options_of_the_task(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "train", "--plugin=adding", f"--plugin-file={ADDING}", "--help")
    assert status == 0
    assert "╭─ adding ─" in out and "--longest" in out and "steps of the longest sequence" in out
    assert "╭─ training ─" in out and "--learning-rate" in out
    status, out, _ = call(capsys, "train", "--help")
    assert status == 0
    assert "--longest" not in out and "--learning-rate" in out


def test_list_options_take_several_values() -> None:
    models = [load_task("forecasting").task.Config, TrainingOptions]
    given = ["train", "--quantiles", "0.1", "0.5", "--epochs", "3", "--target", "a", "--target", "b", "c"]
    assert spread_lists(given, models) == [
        *("train", "--quantiles", "0.1", "--quantiles", "0.5", "--epochs", "3"),
        *("--target", "a", "--target", "b", "--target", "c"),
    ]


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--plugin", "forecasting", "--help"], ["plugins"]])
def test_help_imports_neither_torch_nor_onnxruntime(arguments: list[str]) -> None:
    code = (
        "import sys; from lstm_onnx.cli.app import run\n"
        f"status = run({arguments!r})\n"
        "assert status == 0\n"
        "print([m for m in ('torch', 'onnxruntime', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_predict_imports_no_torch(adding_file: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from lstm_onnx.cli.app import run\n"
        f"status = run(['predict', {str(adding_file)!r}, {str(npz(tmp_path / 'x.npz'))!r}])\n"
        "assert status == 0\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lstm_onnx", *TRAIN, "--epochs=500", "--patience=500", "--json"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert child.stdout is not None and child.stderr is not None
    while json.loads(child.stdout.readline())["event"] != "epoch":
        pass
    child.send_signal(2)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert re.search(r"stopped after epoch \d+ of 500; the best weights .* lstm-onnx train --resume runs/adding", err)
