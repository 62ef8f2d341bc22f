"""Where classes are rare: each may count alike in the answer, and probabilities are of examples as they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.category import Category
from lstm_onnx.features.coding import Likelihoods
from lstm_onnx.training.run_folder import Run

RARE = 0.1


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """Rows of noise around 0 for `fine`, a tenth of them around 0.7 for `fault`."""
    random = np.random.default_rng(0)
    is_fault = np.arange(600) % 10 == 0
    steps = {f"s{k}": random.normal(size=600) + 0.7 * is_fault for k in range(5)}
    label, split = np.where(is_fault, "fault", "fine"), np.where(np.arange(600) < 300, "train", "test")
    return pl.DataFrame({**steps, "label": label, "split": split})


@pytest.fixture(scope="module")
def run(table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Run:
    runs = tmp_path_factory.mktemp("runs")
    options = {"hidden": 6, "epochs": 6, "convolutions": [0], "patch": 1, "balance": "sampling", "learning_rate": 0.01}
    return lo.train("classification", table, threads=1, runs=runs, name="d", **options)


def _answered(file: lo.Model, table: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return whether the answer is `fault`, and the probability of it."""
    found = file.predict(table.drop("label", "split")).table
    return (found["label"] == "fault").to_numpy(), found["probabilities fault"].to_numpy()


def test_probabilities_hold_though_rare_examples_were_shown_more_often(
    run: Run, table: pl.DataFrame, tmp_path: Path
) -> None:
    file = lo.load(run.export(tmp_path / "d.onnx").path)
    test = table.filter(pl.col("split") == "test")
    said, p = _answered(file, test)
    assert p.mean() == pytest.approx(RARE, abs=0.05)  # about a half without their shares
    assert said.tolist() == (p * np.float32(1 / RARE) > (1 - p) * np.float32(1 / (1 - RARE))).tolist()
    assert said.mean() > 0.15 > (p > 0.5).mean()
    real = (test["label"] == "fault").to_numpy()
    recalls = [(said == real)[real == each].mean() for each in (True, False)]
    assert run.record.scores is not None
    assert run.record.scores["balanced_accuracy"] == pytest.approx(np.mean(recalls)) and np.mean(recalls) > 0.65
    scores = next(t for t in file.contract.outputs if t.is_scores)
    assert scores.shares == pytest.approx((RARE, 1 - RARE))
    place = int(np.flatnonzero(said & (p < 0.5))[0])
    told = lo.explain(file, test.drop("label", "split")[place : place + 1])
    assert "'fault'" in told.question or told.question.endswith("fault")


def test_the_rule_changes_at_export(run: Run, table: pl.DataFrame, tmp_path: Path) -> None:
    file = lo.load(run.export(tmp_path / "likeliest.onnx", changes={"decision": "likeliest"}).path)
    said, p = _answered(file, table)
    assert said.tolist() == (p > 0.5).tolist()
    assert next(t for t in file.contract.outputs if t.is_scores).shares is None


def test_graph_and_numpy_decide_alike() -> None:
    shares = (0.7, 0.25, 0.05, 0.0)
    label = Category(name="x", levels=("a", "b", "c", "d"), shares=shares, decision="balanced", even=True)
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=200).astype(np.float32)
    said = label.decided(p)
    decoder = label.decoder()
    assert isinstance(decoder, Likelihoods) and decoder.prior is None  # learnt without a balance: nothing to put back
    assert said.tolist() == decoder(torch.from_numpy(p).log())["x_number"].tolist()
    assert set(said) == {0, 1, 2}  # nothing is known of the last one
    balanced = label.model_copy(update={"balance": "weights"}).decoder()
    scores = torch.zeros(1, 4)
    torch.testing.assert_close(balanced(scores)["x_probabilities"], torch.tensor([shares]), atol=1e-6, rtol=0)
    assert Category(name="x", levels=("a", "b"), shares=(0.9, 0.1), balance="weights").decoder().prior is None


def test_two_rules_at_once_are_refused(table: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--decision balanced and --threshold both say what is answered"):
        lo.train("classification", table, runs=tmp_path, decision="balanced", threshold=0.3)
