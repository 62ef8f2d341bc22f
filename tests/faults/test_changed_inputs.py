"""What a run was trained on is held to its digest by whoever reads it again, not by `resume` alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from lstm_onnx_captioning.options import Config as CaptioningConfig
from lstm_onnx_classification.options import Config as ClassificationConfig
from PIL import Image

import lstm_onnx as lo
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.own_data import is_bundled, own_data
from lstm_onnx.training.provenance import fingerprint
from lstm_onnx.training.run_folder import Run

EXPORTED = Path(__file__).parents[2] / "exported"
CHANGED = "not what the run tides was trained on, it has changed since"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("changed")
    hours = np.arange(24 * 30)
    rows = [f"2024-01-{h // 24 + 1:02d} {h % 24:02d}:00,{2 + np.sin(h / 2):.3f}" for h in hours]
    (folder / "tides.csv").write_text("\n".join(["when,level", *rows]) + "\n")
    config = {"horizon": 3, "window": 12, "hidden": 4}
    settings = {"epochs": 1, "threads": 1}
    lo.train("forecasting", folder / "tides.csv", **config, **settings, runs=folder / "runs", name="tides")
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run and its data, moved away from where it was trained."""
    shutil.copytree(trained / "runs" / "tides", tmp_path / "tides")
    record = tmp_path / "tides" / "run.json"
    record.write_text(record.read_text().replace(str(trained), str(tmp_path)))
    shutil.copy(trained / "tides.csv", tmp_path / "tides.csv")
    return tmp_path / "tides"


def test_data_times_ten_is_not_scored_silently(run: Path) -> None:
    before = lo.evaluate(run).scores.model
    data = run.parent / "tides.csv"
    head, *rows = data.read_text().split()[0:1] + data.read_text().splitlines()[1:]
    data.write_text("\n".join([head, *(f"{r.split(',')[0]},{10 * float(r.split(',')[1]):.3f}" for r in rows)]) + "\n")
    with pytest.raises(lo.UserError, match=CHANGED):
        lo.evaluate(run)
    with pytest.raises(lo.UserError, match=CHANGED):
        lo.export(run, run.parent / "x.onnx", variant="fp16")
    # who names it, wants it
    assert lo.evaluate(run, data).scores.model["mae"] > 5 * before["mae"]


def test_a_file_without_data_is_not_scored_on_what_it_never_saw(run: Path) -> None:
    file = lo.export(run, run.parent / "tides.onnx").path
    with pytest.raises(lo.UserError, match=r"tides\.onnx: was trained on data that neither it") as caught:
        lo.evaluate(file)
    assert str(caught.value).endswith(f"lstm-onnx evaluate {file} DATA (or score its run, 'tides')")
    assert lo.evaluate(file, run.parent / "tides.csv").scores.model == pytest.approx(lo.evaluate(run).scores.model)


@pytest.mark.parametrize(("name", "bundled"), [("vowels", True), ("traffic-int8", True), ("news", False)])
def test_committed_files_say_whether_their_data_came_with_the_plugin(name: str, bundled: bool) -> None:
    contract = lo.load(EXPORTED / f"{name}.onnx").require_contract()
    assert is_bundled(contract.provenance, load_task(contract.task).task) is bundled


def test_a_file_of_the_bundled_data_is_scored_on_it_until_that_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = lo.train("classification", hidden=4, epochs=1, threads=1, runs=tmp_path / "runs")
    file = run.export(tmp_path / "vowels.onnx")
    assert lo.evaluate(file).scores.model == pytest.approx(run.scores, rel=1e-4)
    task, named = load_task("classification").task, fingerprint([], "classification", "0.1.0")
    record = run.folder / "run.json"
    record.write_text(record.read_text().replace(run.record.fingerprint, named))  # as release 0.1 wrote it
    assert lo.evaluate(run.folder).scores.model == pytest.approx(run.scores, rel=1e-5)
    changed = tmp_path / "japanese_vowels.npz"
    changed.write_bytes(task.data_files(None, task.Config())[0].read_bytes() + b"x")
    monkeypatch.setattr(type(task), "data_files", lambda *_: (changed,))
    with pytest.raises(lo.UserError, match="say what to score on"):
        lo.evaluate(file)


def test_a_run_that_was_moved_finds_its_data_again(run: Path) -> None:
    moved = (run.parent / "tides.csv").rename(run.parent / "moved.csv")
    with pytest.raises(lo.UserError, match=r"the data of this run is not there; put it back, or say .* with --data"):
        lo.export(run, run.parent / "x.onnx", variant="fp16")
    file = lo.export(run, run.parent / "x.onnx", variant="fp16", data=moved, max_drop=100)
    assert file.contract.scores is not None and file.contract.scores.fp32 is not None


def test_a_file_of_test_examples_counts(tmp_path: Path) -> None:
    task = load_task("classification").task
    for part in ("train", "test"):
        (tmp_path / f"{part}.csv").write_text("text,label\ngood news,a\nbad news,b\n")
    files = task.data_files(tmp_path / "train.csv", ClassificationConfig())
    before = fingerprint(files, "classification")
    (tmp_path / "test.csv").write_text("text,label\ngood news,b\nbad news,a\n")
    assert fingerprint(task.data_files(tmp_path / "train.csv", ClassificationConfig()), "classification") != before


def test_texts_in_folders_count_by_content_not_by_size(tmp_path: Path) -> None:
    task = load_task("classification").task
    for label in ("a", "b"):
        (tmp_path / "texts" / label).mkdir(parents=True)
        (tmp_path / "texts" / label / "1.txt").write_text(f"text {label}")
    before = fingerprint(task.data_files(tmp_path / "texts", ClassificationConfig()), "classification")
    (tmp_path / "texts" / "a" / "1.txt").write_text("text x")
    assert fingerprint(task.data_files(tmp_path / "texts", ClassificationConfig()), "classification") != before


def test_pictures_count(tmp_path: Path) -> None:
    task = load_task("captioning").task
    (tmp_path / "captions.csv").write_text("image,caption\na.png,a red square\n")
    Image.new("RGB", (16, 16), "red").save(tmp_path / "a.png")
    config = CaptioningConfig()
    before = fingerprint(task.data_files(tmp_path / "captions.csv", config), "captioning")
    Image.new("RGB", (16, 16), "blue").save(tmp_path / "a.png")
    assert fingerprint(task.data_files(tmp_path / "captions.csv", config), "captioning") != before


def test_bundled_data_counts_by_content(adding_run: Run) -> None:
    task = load_task("forecasting").task
    (data,) = task.data_files(None, task.Config())
    assert data.name == "traffic.csv"
    assert own_data(adding_run, load_task("adding", Path("examples/adding.py")).task) is None  # drawn, not read
