"""A search begins with the recipe, never ends below it, goes on after a kill, and may be shared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

import lstm_onnx as lo
from lstm_onnx.cli.app import run as command
from lstm_onnx.data.searched import Searched
from lstm_onnx.errors import UserError
from lstm_onnx.training.options import TrainingOptions
from lstm_onnx.training.run_folder import open_run
from lstm_onnx.tuning import study as studies
from lstm_onnx.tuning.result import Tuned
from lstm_onnx.tuning.space import space_of
from lstm_onnx.tuning.tune import Plan, _begin

ADDING = Path(__file__).parents[1] / "adding.py"
TINY = {"plugin_file": ADDING, "hidden": 4, "longest": 6, "count": 128, "epochs": 3, "threads": 1}
PLAN = Plan(plugin="adding", plugin_digest=None, source=None, options={"hidden": 4}, search=(), second=None)
WORDS = "--hidden 4 --longest 6 --threads 1 --quiet".split()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    return lo.tune("adding", runs=tmp_path_factory.mktemp("runs"), trials=5, **TINY)


def test_the_recipe_comes_first_and_is_never_lost_to(found: Tuned) -> None:
    assert found.trials.get_column("trial")[0] == "recipe"
    assert found.trials.height == 5
    assert found.best.value <= found.recipe
    complete = found.trials.filter(state="complete").get_column("mse")
    assert found.best.value == complete.min()
    plain = lo.train("adding", runs=found.folder.parent, **TINY)  # the recipe is what train does by itself
    assert plain.scores == open_run(found.folder / "recipe").scores


def test_the_best_run_is_one_like_any_other(found: Tuned, tmp_path: Path) -> None:
    run = found.best.run
    assert run.record.status == "finished"
    assert found.best.value == pytest.approx(min(run.history.get_column("mse")))
    for name, value in found.best.options.items():
        assert getattr(run.record.training, name) == value
    assert run.export(tmp_path / "best.onnx", plugin_file=ADDING).report.passed


def test_its_options_train_again(found: Tuned, tmp_path: Path) -> None:
    told = tomllib.loads(found.toml.read_text())
    assert told["plugin"] == "adding"
    assert told.items() >= {"hidden": 4, **found.best.options}.items()
    words = ["train", "--config", str(found.toml), "--plugin-file", str(ADDING), "--runs", str(tmp_path), "--quiet"]
    assert command([*words, "--name", "again"]) == 0
    assert open_run(tmp_path / "again").scores == found.best.run.scores


def test_pictures_and_what_mattered(found: Tuned) -> None:
    assert {"search.png"} <= {p.name for p in found.pictures}
    assert all(p.stat().st_size > 5_000 for p in found.pictures)
    assert sum(found.importances.values()) == pytest.approx(1) or not found.importances


def test_the_same_call_goes_on_and_another_is_refused(found: Tuned) -> None:
    before = (found.folder / "recipe" / "run.json").stat().st_mtime_ns
    runs = found.folder.parent
    assert lo.tune("adding", runs=runs, trials=5, **TINY).trials.height == 5
    assert lo.tune("adding", runs=runs, trials=6, **TINY).trials.height == 6
    assert (found.folder / "recipe" / "run.json").stat().st_mtime_ns == before
    with pytest.raises(UserError, match="holds a search of other data or with other options"):
        lo.tune("adding", runs=runs, trials=7, **TINY | {"hidden": 5})


def test_a_second_aim_makes_a_front(tmp_path: Path) -> None:
    size = {n: v for n, v in TINY.items() if n != "hidden"} | {"epochs": 1}
    found = lo.tune("adding", runs=tmp_path, trials=2, second="size", batch_size=64, learning_rate=0.01, **size)
    assert "front.png" in {p.name for p in found.pictures}
    assert found.best.value <= found.recipe
    for one in found.front:
        assert one.second == pytest.approx((one.run.folder / "model.onnx").stat().st_size / 1024)
        assert not any(o.value < one.value and (o.second or 0) < (one.second or 0) for o in found.front)


def test_a_killed_search_goes_on_with_the_trial_that_was_begun(tmp_path: Path) -> None:
    words = ["tune", "--plugin-file", str(ADDING), "--runs", str(tmp_path), "--name", "killed", *WORDS]
    words += "--trials 2 --epochs 20 --patience 20 --count 400".split()
    process = subprocess.Popen([sys.executable, "-m", "lstm_onnx", *words], env=dict(os.environ))
    begun = tmp_path / "killed" / "trial-1" / "history.csv"
    deadline = time.monotonic() + 120
    while not begun.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    recipe = tmp_path / "killed" / "recipe" / "run.json"
    before, first = recipe.stat().st_mtime_ns, begun.read_text().splitlines()[1]
    size = {"hidden": 4, "longest": 6, "threads": 1, "epochs": 20, "patience": 20, "count": 400}
    found = lo.tune("adding", runs=tmp_path, name="killed", trials=2, plugin_file=ADDING, **size)
    assert recipe.stat().st_mtime_ns == before
    assert found.trials.height == 2
    assert "running" not in found.trials.get_column("state").to_list()
    if begun.exists():  # unless it was stopped early since: its first epoch is the one before the kill
        assert begun.read_text().splitlines()[1] == first


def test_a_search_that_another_process_begins_just_now_is_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / ".tune.json.k2x.part").touch()  # what the other has not finished writing
    _begin(folder, PLAN)
    _begin(folder, PLAN)
    with pytest.raises(UserError, match="of other data or with other options"):
        _begin(folder, PLAN.model_copy(update={"options": {"hidden": 5}}))
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").touch()
    with pytest.raises(UserError, match="holds no search"):
        _begin(other, PLAN)


def test_two_processes_share_one_journal(tmp_path: Path) -> None:
    words = ["tune", "--plugin-file", str(ADDING), "--runs", str(tmp_path), "--name", "shared", *WORDS]
    words += [*"--trials 5 --epochs 2 --count 200".split(), "--storage", str(tmp_path / "journal.log")]
    both = [subprocess.Popen([sys.executable, "-m", "lstm_onnx", *words], env=dict(os.environ)) for _ in range(2)]
    assert [p.wait(timeout=240) for p in both] == [0, 0]
    size = {"hidden": 4, "longest": 6, "threads": 1, "epochs": 2, "count": 200}
    journal = str(tmp_path / "journal.log")
    found = lo.tune("adding", runs=tmp_path, name="shared", trials=5, storage=journal, plugin_file=ADDING, **size)
    study, is_new = studies.open_study("shared", journal, tmp_path, ["min"], 0, True)
    workers = {t.user_attrs[studies.WORKER] for t in study.trials if studies.WORKER in t.user_attrs}
    assert not is_new
    assert len(workers) == 2
    assert 5 <= found.trials.height <= 6  # both may begin the last
    assert found.trials.get_column("trial").to_list().count("recipe") == 1
    assert found.best.value <= found.recipe


def test_train_auto_leaves_the_best_run(tmp_path: Path, capsys) -> None:
    words = ["train", "--plugin-file", str(ADDING), "--auto", "--minutes", "0.02", "--runs", str(tmp_path), *WORDS[:-1]]
    assert command([*words, "--count", "128", "--epochs", "2"]) == 0
    told = capsys.readouterr().out
    assert "recipe    mse" in told
    assert f"next      lstm-onnx export {tmp_path}" in told
    assert command([*words, "--folds", "2"]) == 2


def test_what_is_given_stays_and_what_is_unknown_is_named() -> None:
    class Config(BaseModel):
        hidden: int = 8

    models = {"training": TrainingOptions, "mine": Config}
    assert {d.name for d in space_of(models, {"batch_size": 8})} == {"learning_rate", "weight_decay"}
    with pytest.raises(UserError, match="did you mean 'learning_rate'"):
        space_of(models, {}, ("learning-rte",))
    with pytest.raises(UserError, match="--learning-rate is given, and stays"):
        space_of(models, {"learning_rate": 1e-3}, ("learning-rate",))
    with pytest.raises(UserError, match="nothing is left to search"):
        space_of(models, {"batch_size": 8, "learning_rate": 1, "weight_decay": 0})


@pytest.mark.parametrize("wrong", [{"low": 1}, {"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}, {}])
def test_a_range_that_is_none(wrong) -> None:
    with pytest.raises(ValueError, match=r"range|either"):
        Searched(**wrong)
