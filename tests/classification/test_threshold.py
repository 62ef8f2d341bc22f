"""A threshold is in the graph, changes at export, and scores are those of the answers that it gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.thresholds import threshold_table

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.category import Category
from lstm_onnx.training.run_folder import Run


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """Rows of noise around 0 for `fine`, a third of them around 0.6 for `fault`."""
    random = np.random.default_rng(0)
    state = random.choice(["fault", "fine", "fine"], 240)
    steps = {f"s{k}": random.normal(size=240) + 0.6 * (state == "fault") for k in range(5)}
    return pl.DataFrame({**steps, "label": state})


@pytest.fixture(scope="module")
def run(table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Run:
    runs = tmp_path_factory.mktemp("runs")
    options = {"hidden": 6, "epochs": 4, "threshold": 0.4, "bidirectional": False}
    return lo.train("classification", table, threads=1, runs=runs, name="t", **options)


def test_a_stream_and_the_contract_say_it(run: Run, tmp_path: Path) -> None:
    file = run.export(tmp_path / "s.onnx", variant="streaming", changes={"threshold": 0.2, "positive": "fine"})
    label = next(t for t in file.contract.outputs if t.name == "label")
    scores = next(t for t in file.contract.outputs if t.is_scores)
    assert (scores.positive, scores.threshold) == ("fine", 0.2)
    assert "'fine' where its probability is 0.2 or more" in label.meaning
    stream = lo.load(file).stream()
    said = [stream.push({"values": np.full((1, 1, 1), value, dtype=np.float32)}) for value in np.linspace(-3, 3, 40)]
    fine = np.array([answer["probabilities"][0, 1] for answer in said])
    assert [answer["label"][0] for answer in said] == np.where(fine >= np.float32(0.2), "fine", "fault").tolist()


def test_scores_are_those_of_the_answers(run: Run, table: pl.DataFrame, tmp_path: Path) -> None:
    other = table.with_columns(pl.col("s0") + 0.01)
    for at, numeric in ((0.4, False), (0.3, True)):
        changes = {} if at == 0.4 else {"threshold": at}
        file = run.export(tmp_path / f"{at}.onnx", changes=changes, numeric=numeric)
        found = lo.evaluate(file, other)
        p = file.predict(other).table["probabilities fault"].to_numpy()
        said, real = p >= np.float32(at), (other["label"] == "fault").to_numpy()
        assert found.scores["precision"] == pytest.approx((said & real).sum() / said.sum())
        assert found.scores["recall"] == pytest.approx((said & real).sum() / real.sum())
        assert found.scores["accuracy"] == pytest.approx((said == real).mean())
        row = found.tables["thresholds of 'fault'"].filter(pl.col("threshold") == at).to_dicts()[0]
        assert row["answers"] == said.sum()
        assert row["recall"] == pytest.approx(found.scores["recall"])
        classes = found.tables["classes"]
        assert classes["recall"][0] == pytest.approx(found.scores["recall"])
        assert found.scores.baselines["majority"]["accuracy"] == pytest.approx((~real).mean())


def test_the_run_is_scored_by_its_threshold(run: Run, tmp_path: Path) -> None:
    found = lo.evaluate(run, plot=tmp_path / "pictures")
    assert found.scores["recall"] == pytest.approx(run.scores["recall"])
    assert (tmp_path / "pictures" / "precision-recall.png").is_file()
    assert 0.4 in found.tables["thresholds of 'fault'"]["threshold"].to_list()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threshold": 0.3}, "--threshold 0.3: of 3 levels name one with --positive"),
        ({"threshold": 0.3, "positive": "falt"}, "--positive falt: there is no such level; did you mean 'fault'?"),
        ({"positive": "fault"}, "--positive fault: says whose probability --threshold is of; give that, too"),
    ],
)
def test_a_threshold_of_no_class_is_refused(
    table: pl.DataFrame, options: dict[str, object], said: str, tmp_path: Path
) -> None:
    rows = table.with_columns(label=pl.when(pl.col("s1") > 0.8).then(pl.lit("odd")).otherwise("label"))
    with pytest.raises(UserError) as caught:
        lo.train("classification", rows, hidden=4, epochs=1, threads=1, runs=tmp_path, **options)
    assert str(caught.value) == said


def test_one_of_three_classes_against_the_rest(table: pl.DataFrame, tmp_path: Path) -> None:
    rows = table.with_columns(label=pl.when(pl.col("s1") > 0.5).then(pl.lit("odd")).otherwise("label"))
    run = lo.train("classification", rows, hidden=6, epochs=2, threads=1, runs=tmp_path, name="three")
    p = run.export(tmp_path / "plain.onnx").predict(rows).table
    at = float(np.quantile(p["probabilities odd"], 0.5))
    file = run.export(tmp_path / "odd.onnx", changes={"threshold": at, "positive": "odd"})
    rest = np.where(p["probabilities fault"] > p["probabilities fine"], "fault", "fine")
    wanted = np.where(p["probabilities odd"].to_numpy() >= np.float32(at), "odd", rest)
    assert file.predict(rows).table["label"].to_list() == wanted.tolist()


def test_a_category_of_any_task_may_have_one() -> None:
    known = ["no", "yes", "no"]
    fitted = Category(name="fault", threshold=0.2).fit(known)
    assert fitted.positive == "yes"
    assert fitted.decided(np.array([[0.7, 0.3], [0.9, 0.1]])).tolist() == [1, 0]
    with pytest.raises(UserError, match="--positive ja: there is no such level"):
        Category(name="fault", threshold=0.2, positive="ja").fit(known)


def test_a_share_of_nothing_is_missing() -> None:
    class Total:
        def arrays(self) -> dict[str, np.ndarray]:
            return {"probabilities": np.array([[0.9, 0.1], [0.7, 0.3]]), "target": np.array([0, 1])}

    class Added:
        total = Total()

    found = threshold_table({"auc": (Added(), 2)}, 1, 0.25)
    assert found.filter(pl.col("threshold") == 0.5).to_dicts()[0] == {
        "threshold": 0.5,
        "precision": None,
        "recall": 0.0,
        "f1": 0.0,
        "answers": 0,
    }
    assert found.filter(pl.col("threshold") == 0.25)["precision"].item() == 1
