"""Ray Train starts the processes of one model, as `torchrun` does, and the curve is that of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.training.run_folder import open_run


def train(options: dict[str, Any]) -> None:
    """What each process of Ray Train does."""
    lo.train("forecasting", **options)


@pytest.mark.engines
@pytest.mark.filterwarnings("ignore")  # Ray warns of names of its own, and leaves sockets to the collector
def test_two_processes_of_ray_learn_what_one_does(ray_node: tuple[str, int], tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    time = np.datetime64("2024-01-01", "ms") + np.arange(300) * np.timedelta64(3_600_000, "ms")
    load = 10 + np.sin(np.arange(300) / 24 * 6.283) + np.random.default_rng(0).normal(scale=0.2, size=300)
    pl.DataFrame({"time": time, "load": load}).write_parquet(tmp_path / "t.parquet")
    asked = {"data": tmp_path / "t.parquet", "runs": tmp_path, "threads": 1, "loss_scale": "window", "dropout": 0.0}
    asked |= {"horizon": 3, "window": 8, "hidden": 4, "epochs": 2, "batch_size": 30}
    alone = lo.train("forecasting", name="alone", **asked)
    ray.init(address=ray_node[0], log_to_driver=False)
    try:
        TorchTrainer(
            train,
            train_loop_config=asked | {"name": "two"},
            scaling_config=ScalingConfig(num_workers=2),
            run_config=RunConfig(storage_path=str(tmp_path / "ray")),
        ).fit()
    finally:
        ray.shutdown()
    two = open_run(tmp_path / "two")
    assert two.record.status == "finished"
    for column in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(two.history[column], alone.history[column], rtol=1e-5)
    assert not list(tmp_path.glob("two-*"))
