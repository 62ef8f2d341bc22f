"""Our training loop, and two bare PyTorch loops: of the very same module, and of `nn.LSTM` and `nn.Linear`."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.speed import sizes
from benchmarks.speed.worker import Clock, hold_cores, serve
from lstm_onnx.errors import Interrupted
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.train import train

CONFIG: dict[str, Any] = {"window": sizes.WINDOW, "horizon": sizes.HORIZON, "hidden": sizes.HIDDEN}
CLIP = 1.0


class Watch(Observer):
    """Ticks at every step, and stops after one epoch."""

    def __init__(self) -> None:
        self.clock = Clock()

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """Count it."""
        self.clock.tick()

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """Leave as with Ctrl-C."""
        raise KeyboardInterrupt


def lstm_onnx(folder: Path, threads: int) -> Callable[[], float]:
    """`lstm-onnx train --plugin forecasting`, as anybody calls it."""

    def run() -> float:
        watch, runs = Watch(), folder / "runs"
        settings = {"batch_size": sizes.BATCH, "learning_rate": sizes.RATE, "clip": CLIP, "threads": threads}
        try:
            train(
                "forecasting",
                folder / sizes.TRAINED_ON,
                runs=runs,
                name=f"speed-{threads}",
                observers=watch,
                **CONFIG,
                **settings,
            )
        except Interrupted:
            shutil.rmtree(runs, ignore_errors=True)
        return watch.clock.rate() * sizes.BATCH

    return run


def same_module(folder: Path, threads: int) -> Callable[[], float]:
    """The module and the loss of our plugin in the shortest loop, on tensors that lie ready."""
    task = load_task("forecasting").task
    config = task.Config(**CONFIG)
    data = task.load_data(folder / sizes.TRAINED_ON, config, 0)
    model = task.build_model(config, data.info)
    ready = {k: torch.from_numpy(a) for k, a in next(data.train.batches(len(data.train))).items()}
    return bare_loop(model.parameters, ready, lambda batch: task.loss(model, batch))


def nn_lstm(folder: Path, threads: int) -> Callable[[], float]:
    """The least that can be called a forecaster: no scaling, no calendar, no missing values."""
    x, y = sizes.windows(sizes.read_values(folder))
    lstm, head = nn.LSTM(1, sizes.HIDDEN, batch_first=True), nn.Linear(sizes.HIDDEN, sizes.HORIZON)
    ready = {"x": torch.from_numpy(x), "y": torch.from_numpy(y)}

    def loss(batch: dict[str, Tensor]) -> Tensor:
        return (head(lstm(batch["x"])[0][:, -1]) - batch["y"]).abs().mean()

    return bare_loop(lambda: [*lstm.parameters(), *head.parameters()], ready, loss)


def bare_loop(
    parameters: Callable[[], Any], ready: dict[str, Tensor], loss_of: Callable[[dict[str, Tensor]], Tensor]
) -> Callable[[], float]:
    """Gather, loss, backward, clip, step: with the same optimizer as `lstm_onnx.training.loop`."""
    weights = list(parameters())
    optimizer = torch.optim.AdamW(weights, lr=sizes.RATE, weight_decay=0.0, fused=True)
    count = len(next(iter(ready.values())))

    def run() -> float:
        clock, order = Clock(), torch.from_numpy(np.random.default_rng(0).permutation(count))
        for start in range(0, count, sizes.BATCH):
            rows = order[start : start + sizes.BATCH]
            loss = loss_of({name: t[rows] for name, t in ready.items()})
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(weights, CLIP)
            optimizer.step()
            clock.tick()
        return clock.rate() * sizes.BATCH

    return run


CONTESTANTS = {"lstm-onnx": lstm_onnx, "same module, bare loop": same_module, "nn.LSTM + nn.Linear, bare loop": nn_lstm}


def main() -> None:
    """Serve one contestant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=CONTESTANTS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("threads", type=int)
    chosen = parser.parse_args()
    hold_cores(chosen.threads)
    torch.set_num_threads(chosen.threads)
    serve(CONTESTANTS[chosen.name](chosen.folder, chosen.threads))


if __name__ == "__main__":
    main()
