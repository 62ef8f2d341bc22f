"""The number of threads follows from sizes alone, so that the same command gives the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import lstm_onnx as lo
from lstm_onnx.training.devices import PER_THREAD, threads_for
from lstm_onnx.training.run_folder import open_run
from tests.conftest import ADDING


def test_threads_follow_from_sizes_within_the_cores() -> None:
    model, examples = nn.Linear(99, 10), PER_THREAD // 1000  # of 1,000 parameters
    torch.set_num_threads(3)
    assert [threads_for(model, n * examples) for n in (0, 1, 2, 3, 4)] == [1, 1, 2, 3, 3]
    assert threads_for(model, 2 * examples - 1) == 1
    model.weight.requires_grad_(False)  # a frozen part is not trained
    assert threads_for(model, 2 * examples) == 1


@pytest.mark.parametrize(("hidden", "threads"), [(8, 1), (256, 2)], ids=["small", "large"])
def test_training_twice_gives_the_same_bits(tmp_path: Path, hidden: int, threads: int) -> None:
    torch.set_num_threads(2)
    options = {"hidden": hidden, "longest": 8, "count": 256, "epochs": 2}
    first, second = (lo.train("adding", plugin_file=ADDING, runs=tmp_path, **options) for _ in range(2))
    assert open_run(first.folder).record.training.threads == threads  # recorded, for resume and for whoever asks
    one, other = load_file(first.weights), load_file(second.weights)
    for name, array in one.items():
        np.testing.assert_array_equal(array.view(np.int32), other[name].view(np.int32), err_msg=name)
    assert first.scores == second.scores
