"""What would be answered without an example: as if the layer had been made anew; and what a training makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lstm_onnx_classification.random_scores import INTERCEPT, RIDGE, left_out

import lstm_onnx as lo
from lstm_onnx.training.restore import restore
from lstm_onnx.training.run_folder import Run


def test_it_is_what_a_layer_says_that_learnt_from_the_others() -> None:
    torch.manual_seed(0)
    features, right = torch.randn(12, 40), torch.tensor([0, 1, 2] * 4)
    found = left_out(features, right, classes=3, smoothing=0.1)
    centred = (features - features.mean(dim=0)).double()
    kernel = centred @ centred.T
    size, ones = kernel.diagonal().mean(), torch.eye(3, dtype=torch.double)
    apart = np.log((0.9 + 0.1 / 3) / (0.1 / 3))  # of smoothed labels: where their loss is least
    for k in range(12):
        rest = torch.tensor([i for i in range(12) if i != k])
        known = kernel[rest][:, rest] + size * (INTERCEPT + RIDGE * torch.eye(11))
        weights = torch.linalg.solve(known, apart * (ones[right[rest]] - 1 / 3))
        torch.testing.assert_close(found[k], ((kernel[k, rest] + size * INTERCEPT) @ weights).float())


def test_the_only_one_of_its_class_tells_nothing() -> None:
    torch.manual_seed(0)
    found = left_out(torch.randn(5, 20), torch.tensor([0, 0, 1, 2, 2]), classes=4, smoothing=0.1)
    assert found[2].tolist() == [0, 0, 0, 0] and bool(found[[0, 1, 3, 4]].abs().sum(dim=1).all())


def waves(folder: Path) -> Path:
    """Write two classes that are told apart without doubt, and shapes that are alike within each."""
    random = np.random.default_rng(0)
    steps, labels = np.arange(24), np.array(["slow", "fast"] * 40)
    speed = np.where(labels == "slow", 0.3, 0.9)
    values = np.sin(speed[:, None] * steps + random.uniform(0, 6, (80, 1))) + 0.1 * random.standard_normal((80, 24))
    np.savez(folder / "waves.npz", values=values[:, :, None].astype(np.float32), lengths=np.full(80, 24), labels=labels)
    return folder / "waves.npz"


def temperature(run: Run) -> float:
    return float(restore(run).model.decoders[0].temperature)  # type: ignore[union-attr, index]


@pytest.mark.parametrize(
    ("given", "is_set"),
    [
        ({}, True),
        ({"smoothing": 0.0}, False),
        ({"balance": "weights"}, False),
        ({"random_convolutions": 0}, False),
    ],
    ids=str,
)
def test_smoothing_is_undone_without_a_validation_part(given: dict[str, Any], is_set: bool, tmp_path: Path) -> None:
    options = {"hidden": 4, "convolutions": [4], "random_convolutions": 84, "epochs": 25, **given}
    run = lo.train("classification", waves(tmp_path), runs=tmp_path / "runs", **options)
    assert (temperature(run) < 0.8) if is_set else (temperature(run) == 1)


def test_it_makes_answers_surer_and_changes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = waves(tmp_path)
    options = {"hidden": 4, "convolutions": [4], "random_convolutions": 84, "epochs": 25}
    surer = lo.train("classification", source, runs=tmp_path / "a", **options)
    monkeypatch.setattr("lstm_onnx_classification.model.Classifier.leaves_out", False)
    before = lo.train("classification", source, runs=tmp_path / "b", **options)
    assert surer.scores["accuracy"] == before.scores["accuracy"] > 0.9
    assert surer.scores["log_loss"] < before.scores["log_loss"] and surer.scores["ece"] < before.scores["ece"]
    given = {"values": np.load(source)["values"][:9], "lengths": np.full(9, 24)}
    one, other = (
        lo.load(lo.export(r, tmp_path / f"{r.folder.parent.name}.onnx").path).run(given) for r in (surer, before)
    )
    assert one["label"].tolist() == other["label"].tolist()
    assert (one["probabilities"].max(axis=1) > other["probabilities"].max(axis=1)).all()
