"""Numbers that are too small to compute with fast count as 0 while a model is trained, and not after."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import lstm_onnx as lo
from lstm_onnx.training.denormals import flushed_to_zero, is_flushing
from lstm_onnx.training.observers import Observer
from lstm_onnx.training.step import clip
from tests.conftest import ADDING


class Looking(Observer):
    """Notes at every step whether small numbers count as 0."""

    def __init__(self) -> None:
        self.seen: set[bool] = set()

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        self.seen.add(is_flushing())


def test_a_training_flushes_and_puts_it_back(tmp_path: Path) -> None:
    looking = Looking()
    lo.train("adding", plugin_file=ADDING, runs=tmp_path, hidden=4, longest=8, count=64, epochs=1, observers=looking)
    assert looking.seen == {True}
    assert not is_flushing()


def test_threads_that_run_already_do_so_too() -> None:
    torch.set_num_threads(2)
    small = torch.full((1 << 20,), 2e-38)
    assert (small * 0.01).count_nonzero() == len(small)
    with flushed_to_zero():
        assert (small * 0.01).count_nonzero() == 0
        with flushed_to_zero():
            pass
        assert is_flushing()
    assert (small * 0.01).count_nonzero() == len(small)


@pytest.mark.parametrize("size", [1e-3, 1.0, 50.0, float("nan")])
def test_gradients_are_clipped_as_pytorch_does(size: float) -> None:
    torch.manual_seed(0)
    mine, its = nn.LSTM(3, 5), nn.LSTM(3, 5)
    for a, b in zip(mine.parameters(), its.parameters(), strict=True):
        a.grad = torch.randn_like(a) * size
        b.grad = a.grad.clone()
    clip([w.grad for w in mine.parameters() if w.grad is not None], 1.0)
    nn.utils.clip_grad_norm_(its.parameters(), 1.0)
    for a, b in zip(mine.parameters(), its.parameters(), strict=True):
        assert a.grad is not None and b.grad is not None
        torch.testing.assert_close(a.grad, b.grad, rtol=0, atol=0, equal_nan=True)
