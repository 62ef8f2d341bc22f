"""Observers of training: what they are told, how they are found, and the trackers that come with lstm-onnx."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import lstm_onnx as lo
from lstm_onnx.cli.app import main
from lstm_onnx.errors import Interrupted
from lstm_onnx.plugin import Observer
from lstm_onnx.training.run_folder import Run, open_run
from lstm_onnx.training.tracking.registry import named
from tests.conftest import ADDING, TINY

OLD_WAYS_OF_MLFLOW = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it warns of what it does itself

SMALL: dict[str, Any] = {"plugin_file": ADDING, "epochs": 3, "threads": 1} | TINY


class Diary(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def prepare(self) -> None:
        self.told.append("prepare")

    def started(self, run: Run, data: Any, batches: int) -> None:
        self.told.append(("started", run.record.task, batches))

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        self.told.append(("stepped", epoch, batch))

    def epoch_ended(self, row: dict[str, float], is_best: bool) -> None:
        self.told.append(("ended", row["epoch"]))

    def finished(self, run: Run) -> None:
        self.told.append(("finished", run.record.status, sorted(run.scores)))


class StopAfter(Observer):
    """Presses Ctrl-C after an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_ended(self, row: dict[str, float], is_best: bool) -> None:
        if row["epoch"] == self.epoch:
            raise KeyboardInterrupt


def test_observers_are_told_everything_in_order(tmp_path: Path) -> None:
    first, second = Diary(), Diary()
    lo.train("adding", runs=tmp_path, observers=[first, second], **SMALL | {"epochs": 2})
    batches = TINY["count"] // 64
    wanted: list[Any] = ["prepare", ("started", "adding", batches)]
    for epoch in (1, 2):
        wanted += [*(("stepped", epoch, b + 1) for b in range(batches)), ("ended", epoch)]
    assert first.told == second.told == [*wanted, ("finished", "finished", ["mse"])]


def test_an_interrupted_or_failed_training_is_finished_too(tmp_path: Path) -> None:
    diary = Diary()
    with pytest.raises(Interrupted):
        lo.train("adding", runs=tmp_path, observers=[StopAfter(1), diary], **SMALL)
    assert diary.told[-1] == ("finished", "interrupted", [])
    diary = Diary()
    with pytest.raises(lo.UserError, match="loss became"):
        lo.train("adding", runs=tmp_path, observers=diary, learning_rate=1e38, clip=0, warmup=0, **SMALL)
    assert diary.told[-1] == ("finished", "training", [])


def test_an_observer_of_a_plugin_is_found_by_its_name(tmp_path: Path) -> None:
    made = tmp_path / "watched.py"
    made.write_text(
        ADDING.read_text() + "\n\nfrom pathlib import Path\nfrom lstm_onnx.plugin import Observer\n\n\n"
        "class Note(Observer):\n    name = 'note'\n\n    def finished(self, run):\n"
        "        (run.folder / 'note.txt').write_text(run.record.status)\n\n\n"
        "@hookimpl\ndef lstm_onnx_observers():\n    return [Note()]\n"
    )
    run = lo.train("adding", runs=tmp_path / "runs", observers=["note"], **SMALL | {"plugin_file": made})
    assert (run.folder / "note.txt").read_text() == "finished"
    with pytest.raises(
        lo.UserError, match=r"--track tensorbord: there is no such observer; did you mean 'tensorboard'\?"
    ):
        lo.train("adding", runs=tmp_path / "more", observers="tensorbord", **SMALL)
    assert not (tmp_path / "more").exists()


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder))
    read.Reload()
    return {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    run = lo.train("adding", runs=tmp_path, observers="tensorboard", **SMALL)
    found = curves(run.folder / "tensorboard")
    history = run.history
    assert found["epoch/train_loss"] == [
        (epoch, pytest.approx(loss, rel=1e-6)) for epoch, loss in history.select("epoch", "train_loss").iter_rows()
    ]
    assert [value for _, value in found["epoch/mse"]] == pytest.approx(history["mse"].to_list())
    assert [step for step, _ in found["loss/step"]] == list(range(1, 3 * TINY["count"] // 64 + 1))
    assert found["test/mse"] == [(run.record.best_epoch, pytest.approx(run.scores["mse"]))]


def test_the_command_line_tracks_an_interrupted_run_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [f"--{name}={value}" for name, value in TINY.items()]
    with pytest.raises(SystemExit) as ended:
        main(["train", "--plugin=adding", f"--plugin-file={ADDING}", *options, "--epochs=1", "--threads=1",
              f"--runs={tmp_path}", "--track", "tensorboard", "--quiet"])  # fmt: skip
    assert ended.value.code == 0, capsys.readouterr().err
    assert [epoch for epoch, _ in curves(tmp_path / "adding" / "tensorboard")["epoch/mse"]] == [1]
    with pytest.raises(Interrupted):
        lo.train("adding", runs=tmp_path, name="cut", observers=["tensorboard", StopAfter(1)], **SMALL)
    with pytest.raises(SystemExit) as ended:
        main(["train", "--resume", str(tmp_path / "cut"), "--track", "tensorboard", "--quiet"])
    assert ended.value.code == 0, capsys.readouterr().err
    assert [epoch for epoch, _ in curves(tmp_path / "cut" / "tensorboard")["epoch/mse"]] == [1, 2, 3]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    from mlflow.tracking import MlflowClient

    monkeypatch.chdir(tmp_path)  # pictures are kept in the folder mlruns there
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return MlflowClient()


@OLD_WAYS_OF_MLFLOW
def test_mlflow_reads_what_was_written(tmp_path: Path, client: Any) -> None:
    run = lo.train("adding", runs=tmp_path / "runs", observers="mlflow", **SMALL)
    (stored,) = client.search_runs([client.get_experiment_by_name("adding").experiment_id])
    assert (stored.info.run_name, stored.info.status) == (run.record.name, "FINISHED")
    assert stored.data.params["hidden"] == str(TINY["hidden"]) and stored.data.params["epochs"] == "3"
    losses = [(m.step, m.value) for m in client.get_metric_history(stored.info.run_id, "train_loss")]
    assert losses == list(run.history.select("epoch", "train_loss").iter_rows())
    assert stored.data.metrics["test_mse"] == run.scores["mse"]
    kept = {Path(f.path).name for f in client.list_artifacts(stored.info.run_id, "plots")}
    assert kept == {p.name for p in run.plots.iterdir()}


@OLD_WAYS_OF_MLFLOW
def test_mlflow_goes_on_with_a_resumed_run(tmp_path: Path, client: Any) -> None:
    with pytest.raises(Interrupted):
        lo.train("adding", runs=tmp_path / "runs", observers=["mlflow", StopAfter(1)], **SMALL)
    experiment = client.get_experiment_by_name("adding").experiment_id
    (stored,) = client.search_runs([experiment])
    assert stored.info.status == "KILLED"
    lo.resume(open_run(tmp_path / "runs" / "adding"), observers="mlflow")
    (stored,) = client.search_runs([experiment])
    assert stored.info.status == "FINISHED"
    assert [m.step for m in client.get_metric_history(stored.info.run_id, "mse")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "package"), [("tensorboard", "torch.utils.tensorboard"), ("mlflow", "mlflow.tracking")]
)
def test_a_missing_package_is_one_line(
    name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(SystemExit) as ended:
        main(["train", "--plugin=adding", f"--plugin-file={ADDING}", f"--runs={tmp_path / 'r'}", "--track", name])
    assert ended.value.code == 2
    assert f"pip install {name}" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_trackers_have_the_names_that_help_says() -> None:
    assert {type(named(name)).__name__ for name in ("tensorboard", "mlflow")} == {"TensorBoard", "MLflow"}
