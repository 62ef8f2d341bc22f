"""Metrics and baselines, against plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from lstm_onnx_classification import metrics
from lstm_onnx_classification.dtw import distances
from lstm_onnx_classification.plots import calibration_figure, confusion_figure

from lstm_onnx.features.category import Category


def figures(*parts: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Metrics of several batches, added up as the core does."""
    found = {}
    levels = tuple("abcdefgh"[: parts[0][0].shape[1]])
    for metric in metrics.scores(Category(name="label", levels=levels)):
        added = [metric.add({"probabilities": p}, {"label_number": target}) for p, target in parts]
        total, count = added[0]
        for more, others in added[1:]:
            total, count = total + more, count + others
        found[metric.name] = metric.finish(total, count)
    return found


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    target = random.integers(0, 3, size=400)
    logits = random.normal(size=(400, 3)) + 1.5 * np.eye(3)[target]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return p.astype(np.float32), target


def test_figures_are_as_defined(scored: tuple[np.ndarray, np.ndarray]) -> None:
    p, target = scored
    found = figures((p[:150], target[:150]), (p[150:], target[150:]))
    chosen = p.argmax(axis=1)
    assert found["accuracy"] == pytest.approx((chosen == target).mean())
    recalls = [(chosen[target == k] == k).mean() for k in range(3)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    precisions = [(target[chosen == k] == k).mean() for k in range(3)]
    f1 = [2 * a * b / (a + b) for a, b in zip(recalls, precisions, strict=True)]
    assert found["macro_f1"] == pytest.approx(np.mean(f1))
    assert found["log_loss"] == pytest.approx(-np.log(p[np.arange(400), target]).mean(), rel=1e-6)
    areas = []
    for k in range(3):
        own, others = p[target == k, k], p[target != k, k]
        areas.append(((own[:, None] > others) + 0.5 * (own[:, None] == others)).mean())
    assert found["auc"] == pytest.approx(np.mean(areas), abs=1e-12)
    confidence, error = p.max(axis=1), 0.0
    for low in np.arange(15) / 15:
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - (chosen == target)[inside].mean())
    assert found["ece"] == pytest.approx(error, abs=1e-6)


def test_area_is_exact_where_probabilities_lie_close_or_are_equal() -> None:
    random = np.random.default_rng(1)
    target = random.integers(0, 2, size=300)
    own = np.float32(0.999) + np.float32(1e-6) * random.integers(0, 5, size=300) + np.float32(1e-6) * target
    p = np.stack([1 - own, own], axis=1).astype(np.float32)
    areas = []
    for k in range(2):
        a, b = p[target == k, k][:, None], p[target != k, k]
        areas.append(((a > b) + 0.5 * (a == b)).mean())
    assert figures((p[:100], target[:100]), (p[100:], target[100:]))["auc"] == pytest.approx(np.mean(areas))


def test_classes_without_examples_do_not_count() -> None:
    p = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1]])
    found = figures((p, np.array([0, 1])))
    assert found["balanced_accuracy"] == found["macro_f1"] == found["auc"] == 1


def test_one_class_alone_has_no_area() -> None:
    found = figures((np.array([[0.8, 0.2], [0.7, 0.3]]), np.array([0, 0])))
    assert np.isnan(found["auc"])
    assert found["accuracy"] == 1


def plain_dtw(a: np.ndarray, b: np.ndarray) -> float:
    best = np.full((len(a) + 1, len(b) + 1), np.inf)
    best[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            near = min(best[i, j], best[i, j + 1], best[i + 1, j])
            best[i + 1, j + 1] = np.square(a[i] - b[j]).sum() + near
    return float(best[-1, -1])


def test_warping_is_as_defined() -> None:
    random = np.random.default_rng(0)
    known = [random.normal(size=(n, 2)) for n in (1, 2, 5, 9, 14)]
    for n in (1, 3, 9, 20):
        query = random.normal(size=(n, 2))
        np.testing.assert_allclose(distances(query, known), [plain_dtw(query, k) for k in known], rtol=1e-12)


def test_pictures_show_every_class_and_the_error() -> None:
    confusion = np.array([[5.0, 1.0], [0.0, 4.0]])
    axes = confusion_figure(("cat", "dog"), confusion).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["cat", "dog"]
    assert sorted(t.get_text() for t in axes.texts) == ["1", "4", "5"]
    assert "9 of 10 right" in axes.get_title()
    bins = np.zeros((3, metrics.BINS))
    bins[:, -1] = 10, 9.5, 7
    assert "0.250" in calibration_figure(bins).axes[0].get_title()
