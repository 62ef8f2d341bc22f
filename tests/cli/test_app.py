"""The command line as a whole: the path through it, exit statuses, and what it loads."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_onnx.cli.app import COMMANDS, MORE_OBJECTS, run
from lstm_onnx.version import __version__
from tests.cli.conftest import TRAIN, call, npz
from tests.conftest import ADDING

pytestmark = pytest.mark.paints


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
        ["evaluate", adding_file, f"--plugin-file={ADDING}"],
        ["doctor", adding_file],
        ["embed", "--list"],
        ["embed", adding_file, "--target=c", "--out=program"],
        ["plugins"],
    ):
        status, out, _ = call(capsys, *arguments, "--json")
        assert status == 0
        assert json.loads(out)


def test_failed_check_has_status_1(capsys: pytest.CaptureFixture[str], adding_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(adding_file.read_bytes())
    copy.with_suffix(".json").write_text("{}")
    status, out, err = call(capsys, "verify", copy)
    assert status == 1
    assert "FAILED" in out
    assert err.startswith("failed: copy.onnx: has another contract inside than in copy.json") or "copy.json" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "No such command 'trian'. Did you mean 'train'?"),
        (
            ["train"],
            "task to train with --plugin; there is: anomaly, captioning, classification, forecasting, regression",
        ),
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
    def bug() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lstm_onnx.cli.plugins.survey", bug)
    with pytest.raises(ZeroDivisionError):
        run(["plugins"])


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


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--version") == (0, f"{__version__}\n", "")


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = call(capsys)
    assert status == 2
    assert all(f"│ {name} " in out for name in COMMANDS)
    assert err == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, command, "--help")
    assert status == 0
    assert f"Usage: lstm-onnx {command}" in out and "--json" in out


@pytest.mark.parametrize(("given", "found"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")])
def test_threads_that_wait_leave_the_processor_to_others(given: dict[str, str], found: str) -> None:
    asks = (
        "import os, lstm_onnx.cli.app as app; app.run = lambda given: print(os.environ['OMP_WAIT_POLICY']); app.main()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | given
    told = subprocess.run([sys.executable, "-c", asks], env=environment, capture_output=True, text=True, check=False)
    assert told.stdout.strip() == found, told.stderr


def test_garbage_is_looked_for_seldom_but_is() -> None:
    asks = (
        "import gc, lstm_onnx.cli.app as app; print(*gc.get_threshold());"
        "app.run = lambda given: print(gc.isenabled(), *gc.get_threshold()); app.main()"
    )
    told = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=False)
    usual, now = map(str.split, told.stdout.splitlines())
    assert int(usual[0]) < MORE_OBJECTS
    assert now == ["True", str(MORE_OBJECTS), *usual[1:]], told.stderr
