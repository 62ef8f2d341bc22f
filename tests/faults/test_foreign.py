"""Nothing foreign runs: no plugin file that only a run folder names, unless the user trained with it here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import lstm_onnx as lo
from lstm_onnx.errors import Interrupted
from lstm_onnx.plugins import trust
from lstm_onnx.training.observers import Observer as SilentObserver
from lstm_onnx.training.run_folder import Run, open_run
from tests.conftest import ADDING, TINY

SETTINGS = {"epochs": 2, "threads": 1}


@pytest.fixture(autouse=True)
def _own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(trust.CONFIG, str(tmp_path / "config"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copy(ADDING, tmp_path / "mine.py")
    return lo.train("adding", plugin_file=tmp_path / "mine.py", **TINY, **SETTINGS, runs=tmp_path / "runs")


def made_foreign(run: Run, tmp_path: Path, begin: str = "") -> Path:
    """Somebody else's run folder: its plugin leaves a trace when it is executed."""
    trace = tmp_path / "executed"
    evil = tmp_path / "theirs.py"
    evil.write_text(f"open({str(trace)!r}, 'w').close()\n{begin}" + ADDING.read_text())
    path = run.folder / "run.json"
    record = json.loads(path.read_text())
    record["plugin_file"] = str(evil)
    record["plugin_digest"] = trust.digest_of(evil.read_bytes())
    path.write_text(json.dumps(record))
    return trace


def verbs(folder: Path, tmp_path: Path, **given):
    file = tmp_path / "x.onnx"
    return {
        "evaluate": lambda: lo.evaluate(folder, **given),
        "export": lambda: lo.export(folder, file, **given),
        "verify": lambda: lo.verify(file, folder, **given),
    }


def test_a_plugin_trained_with_here_is_executed_without_a_word(run: Run, tmp_path: Path) -> None:
    for verb in verbs(run.folder, tmp_path).values():
        verb()


def test_a_plugin_that_a_run_folder_names_is_not_executed(run: Run, tmp_path: Path) -> None:
    lo.export(run.folder, tmp_path / "x.onnx")
    trace = made_foreign(run, tmp_path)
    for name, verb in verbs(run.folder, tmp_path).items():
        with pytest.raises(lo.UserError, match=r"did not train with here; read it and, if you trust it, name it"):
            verb()
        assert not trace.exists(), name
    for verb in verbs(run.folder, tmp_path, plugin_file=tmp_path / "theirs.py").values():
        verb()  # named by the user
    assert trace.exists()
    with pytest.raises(lo.UserError, match="did not train with here"):
        lo.evaluate(run.folder)  # named once is not trusted for ever


def test_resume_does_not_execute_it_either(tmp_path: Path) -> None:
    class Stop(SilentObserver):
        def epoch_ended(self, row, is_best) -> None:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        lo.train("adding", plugin_file=ADDING, **TINY, **SETTINGS, runs=tmp_path / "runs", observers=Stop())
    folder = tmp_path / "runs" / "adding"
    trace = made_foreign(open_run(folder), tmp_path)
    with pytest.raises(lo.UserError, match="did not train with here"):
        lo.resume(folder)
    assert not trace.exists()


def test_a_plugin_that_was_changed_since_has_to_be_named(run: Run, tmp_path: Path) -> None:
    lo.export(run.folder, tmp_path / "x.onnx")
    mine = tmp_path / "mine.py"
    mine.write_text(mine.read_text() + "\n# a change\n")
    for verb in verbs(run.folder, tmp_path).values():
        with pytest.raises(lo.UserError, match=r"mine\.py: has changed since the run was trained with it"):
            verb()
    moved = mine.rename(tmp_path / "moved.py")
    with pytest.raises(lo.UserError, match=r"the plugin of this run is not there; say where it is: --plugin-file"):
        lo.export(run.folder, tmp_path / "x.onnx")
    lo.export(run.folder, tmp_path / "x.onnx", plugin_file=moved)


def test_the_list_may_be_unwritable_or_broken(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config" / "plugin-files.json").write_text("[" * 100_000)
    with pytest.raises(lo.UserError, match="did not train with here"):
        lo.evaluate(run.folder)
    shutil.rmtree(tmp_path / "config")
    (tmp_path / "config").write_text("a file where a folder should be")
    trust.remember("0" * 64, Path("x.py"))
    assert not trust.is_known("0" * 64)
