"""Scores are what they say: of which examples, by what was learnt, and beside what really was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.training.run_folder import Run


def chance(count: int, seed: int, **columns: list[str]) -> pl.DataFrame:
    """Rows of noise whose classes are drawn by chance: nothing can be learnt but by heart."""
    random = np.random.default_rng(seed)
    steps = {f"s{k}": random.normal(size=count) for k in range(8)}
    return pl.DataFrame({"id": [f"r{i}" for i in range(count)], **steps, "label": random.choice(["no", "yes"], count)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    chance(150, 0).write_csv(folder / "chance.csv")
    chance(40, 1).write_csv(folder / "new.csv")
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    config = {"hidden": 24, "epochs": 60, "patience": 60, "dropout": 0.0, "seed": 3, "validation_share": 0.0}
    return lo.train("classification", folder / "chance.csv", runs=folder / "runs", name="c", threads=1, **config)


@pytest.fixture(scope="module")
def file(run: Run, folder: Path) -> Path:
    return run.export(folder / "c.onnx").path


def test_the_test_part_is_found_again_by_the_seed_that_the_file_keeps(run: Run, file: Path, folder: Path) -> None:
    found = lo.evaluate(file, folder / "chance.csv")
    assert found.summary == "the test part, 30 of 150 examples, of the data it was trained on"
    assert (found.part, found.examples) == ("test", 30)
    assert found.scores.model == pytest.approx(run.scores, rel=1e-4)
    assert found.scores["accuracy"] < 0.75  # what was learnt by heart is not counted
    assert lo.load(file).require_contract().provenance.seed == 3


def test_other_data_is_scored_whole_by_run_and_file(run: Run, file: Path, folder: Path) -> None:
    found = lo.evaluate(file, folder / "new.csv")
    assert (found.summary, found.part, found.examples) == ("all 40 sequences of new.csv", "all", 40)
    assert lo.evaluate(run, folder / "new.csv").scores.model == pytest.approx(found.scores.model, rel=1e-4)
    table = lo.load(file).predict(folder / "new.csv").table
    truth = pl.read_csv(folder / "new.csv")["label"].to_list()
    assert found.scores["accuracy"] == pytest.approx(
        np.mean([a == b for a, b in zip(table["label"], truth, strict=True)])
    )
    assert list(found.scores.baselines) == ["majority"]
    three = pl.read_csv(folder / "new.csv").head(3)
    assert lo.evaluate(file, three).examples == 3
    assert "all 3 sequences" in repr(lo.evaluate(file, three))


def test_each_class_has_its_figures(file: Path, folder: Path) -> None:
    found = lo.evaluate(file, folder / "new.csv", to=folder / "answers.csv")
    answers = pl.read_csv(folder / "answers.csv")
    assert answers.columns[:3] == ["example", "actual label", "label"]
    assert answers["actual label"].to_list() == pl.read_csv(folder / "new.csv")["label"].to_list()
    assert answers["example"].to_list()[:2] == ["row 2", "row 3"]
    row = found.tables["classes"].row(by_predicate=pl.col("class") == "yes", named=True)
    said, there = answers["label"] == "yes", answers["actual label"] == "yes"
    assert row["examples"] == there.sum() and row["answers"] == said.sum()
    assert row["precision"] == pytest.approx((said & there).sum() / said.sum())
    assert row["recall"] == pytest.approx((said & there).sum() / there.sum())
    rarer = "yes" if there.sum() <= (~there).sum() else "no"
    scores = answers[f"probabilities {rarer}"].to_numpy()
    own = (answers["actual label"] == rarer).to_numpy()
    steps = [(own & (scores >= s)).sum() / (scores >= s).sum() for s in scores[own]]  # precision where each is found
    assert found.scores["pr_auc"] == pytest.approx(np.mean(steps), abs=1e-6)


def test_data_that_lacks_labels_is_refused_or_left_out(file: Path, folder: Path) -> None:
    path = folder / "lacking.csv"
    path.write_text((folder / "new.csv").read_text().replace(",yes\n", ",\n", 2))
    with pytest.raises(lo.UserError, match=r"the class is missing.*evaluate: --set on_missing=skip"):
        lo.evaluate(file, path)
    found = lo.evaluate(file, path, changes={"on_missing": "skip"})
    assert found.examples == 38
    assert any("left out, without a label: 2" in note for note in found.notes)
    with pytest.raises(lo.UserError, match=r"'hidden' belongs to the trained model of 'classification'; only how"):
        lo.evaluate(file, path, changes={"hidden": "3"})


def test_a_file_that_does_not_say_what_it_learnt_is_not_scored_on_other_data(file: Path, folder: Path) -> None:
    model = lo.load(file)
    assert model.contract is not None
    model.contract = model.contract.model_copy(update={"learnt": None})
    with pytest.raises(lo.UserError, match="does not say what it learnt, as files of earlier releases"):
        lo.evaluate(model, folder / "new.csv")


def test_training_goes_on_from_a_run_with_new_data(run: Run, folder: Path) -> None:
    more = lo.train("classification", folder / "new.csv", start=run, epochs=1, runs=folder / "runs", threads=1)
    assert (more.record.base, more.record.config["hidden"]) == ("c", 24)
    assert more.record.info["inputs"] == run.record.info["inputs"]  # scaled as before
    assert lo.evaluate(more).scores.model == pytest.approx(more.scores, rel=1e-4)
    exported = more.export(folder / "more.onnx")
    assert exported.contract.provenance.base == "c"
    assert lo.evaluate(exported.path, folder / "new.csv").scores.model == pytest.approx(more.scores, rel=1e-4)
    with pytest.raises(lo.UserError, match="--hidden 9: the run 'c' has 24, and --from goes on with the model as it"):
        lo.train("classification", folder / "new.csv", start=run, hidden=9, runs=folder / "runs")
    (folder / "strange.csv").write_text((folder / "new.csv").read_text().replace(",no\n", ",perhaps\n", 1))
    with pytest.raises(lo.UserError, match="the class 'perhaps' is none of those that are given or were learnt"):
        lo.train("classification", folder / "strange.csv", start=run, runs=folder / "runs")
    with pytest.raises(lo.UserError, match="is a run of 'classification', and 'forecasting' is asked for"):
        lo.train("forecasting", folder / "new.csv", start=run, runs=folder / "runs")


def test_weights_are_those_of_the_run_that_is_gone_on_from(run: Run, folder: Path) -> None:
    same = lo.train(
        "classification", folder / "chance.csv", start=run, epochs=1, learning_rate=1e-9, weight_decay=0, seed=3,
        runs=folder / "runs", threads=1,
    )  # fmt: skip
    for metric in ("accuracy", "auc"):
        assert same.scores[metric] == pytest.approx(run.scores[metric], abs=1e-3)
