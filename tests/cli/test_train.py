"""`lstm-onnx train`: where options come from, and what is said on the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.training.run_folder import open_run
from tests.cli.conftest import TRAIN, call
from tests.conftest import ADDING


def test_quiet_prints_only_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, *TRAIN, "--epochs=1", "--quiet")
    assert "epoch   1" not in out and "next      lstm-onnx export" in out


def test_a_model_that_learnt_nothing_is_said_to_be_behind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    speed = np.repeat([0.2, 0.9], 20)
    values = np.sin(speed[:, None] * np.arange(8) + np.tile(np.arange(20), 2)[:, None])[:, :, None]
    np.savez(tmp_path / "waves.npz", values=values.astype(np.float32), lengths=np.full(40, 8), labels=speed.astype(str))
    asked = ["train", "waves.npz", "--plugin=classification", "--epochs=1", "--learning-rate=1e-12", "--convolutions=0"]
    said = re.compile(r"behind +1-NN DTW \(1\.000\) is better than the model \(0\.[\d]+\) by accuracy")
    _, out, err = call(capsys, *asked, "--quiet", "--name=raw")
    assert said.search(out), err
    assert open_run(Path("runs/raw")).record.ahead == ("1-NN DTW",)
    assert said.search(call(capsys, "evaluate", "runs/raw")[1])
    assert json.loads(call(capsys, "evaluate", "runs/raw", "--json")[1])["ahead"] == ["1-NN DTW"]


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


SMALL = ("--horizon=3", "--window=24", "--hidden=4", "--epochs=1", "--threads=1", "--device=cpu", "--quiet")


def shop(tmp_path: Path) -> Path:
    rows = [f"2024-01-{1 + i // 24:02} {i % 24:02}:00,{i % 7},{i % 5}" for i in range(24 * 12)]
    path = tmp_path / "shop.csv"
    path.write_text("\n".join(["time,sales,profit", *rows, ""]))
    return path


def test_data_is_an_argument_or_an_option(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = shop(tmp_path)
    for number, words in enumerate(([path, "--target", "sales"], ["--target", "sales", "profit", path])):
        status, _, err = call(capsys, "train", "--plugin=forecasting", *words, *SMALL, f"--name=run{number}")
        assert status == 0, err
        record = open_run(Path(f"runs/run{number}")).record
        assert (record.source, record.config["target"]) == (str(path), [["sales"], ["sales", "profit"]][number])
    status, _, err = call(capsys, "train", path, "--data", path, "--plugin=forecasting", *SMALL)
    assert status == 0, err
    status, out, err = call(capsys, "train", path, "--data=other.csv", "--plugin=forecasting", *SMALL)
    assert (status, out) == (2, "")
    assert err == f"error: --data other.csv: learns from {path} already; leave one of them out\n"


def test_the_only_task_of_a_plugin_file_needs_no_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    small = ("--hidden=6", "--longest=8", "--count=256", "--epochs=1", "--quiet")
    status, out, err = call(capsys, "train", f"--plugin-file={ADDING}", *small)
    assert status == 0, err
    assert open_run(Path("runs/adding")).record.task == "adding"
    several = tmp_path / "several.py"
    text = ADDING.read_text().replace("return [Adding()]", "return [Adding(), Other()]")
    several.write_text(text + '\n\nclass Other(Adding):\n    name = "another"\n')
    status, out, err = call(capsys, "train", f"--plugin-file={several}", *small)
    assert (status, out) == (2, "")
    assert err == f"error: {several}: brings the tasks adding, another; choose one with --plugin\n"
    status, _, err = call(capsys, "train", f"--plugin-file={several}", "--plugin=another", *small, "--name=second")
    assert status == 0, err
    assert open_run(Path("runs/second")).record.task == "another"


@pytest.mark.parametrize(
    ("words", "named"), [(["x.csv"], "DATA"), (["--epochs=3"], "--epochs"), (["--config=a.toml"], "--config")]
)
def test_resume_takes_no_other_options(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text("")
    status, _, err = call(capsys, "train", "--resume=runs/x", *words)
    assert status == 2
    assert f"goes on with the data and options of that run; leave {named} out" in err
