"""What a category learns from: smoothed labels and weighed classes, together."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from lstm_onnx.features.category import Category

SHARES = (0.96, 0.04)


def category(smoothing: float, balance: str = "weights") -> Category:
    return Category(name="label", levels=("ok", "fault"), shares=SHARES, smoothing=smoothing, balance=balance)  # type: ignore[arg-type]


def batch(numbers: list[int]) -> dict[str, torch.Tensor]:
    return {"label_number": torch.tensor(numbers)}


def test_a_frequent_class_stays_the_answer_to_its_own_examples() -> None:
    """Smoothing gives 5% of an example to the other class, which must not count as that one's examples do."""
    answer = torch.zeros(1, 2, requires_grad=True)
    for _ in range(200):
        (slope,) = torch.autograd.grad(category(0.1).loss(answer, batch([0])), answer)
        answer = (answer - slope).detach().requires_grad_()
    assert torch.softmax(answer, dim=1)[0, 0].item() == pytest.approx(0.95, abs=0.01)


def test_weights_without_smoothing_are_torchs() -> None:
    torch.manual_seed(0)
    answer, right = torch.randn(6, 2), [0, 0, 1, 0, 1, 0]
    weights = torch.tensor([1 / (2 * share) for share in SHARES])
    wanted = cross_entropy(answer, torch.tensor(right), weights)
    torch.testing.assert_close(category(0.0).loss(answer, batch(right)), wanted)


def test_smoothing_without_weights_is_torchs() -> None:
    torch.manual_seed(0)
    answer, right = torch.randn(6, 2), [0, 0, 1, 0, 1, 0]
    wanted = cross_entropy(answer, torch.tensor(right), label_smoothing=0.2)
    torch.testing.assert_close(category(0.2, "none").loss(answer, batch(right)), wanted)
