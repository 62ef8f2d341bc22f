"""From which size on a second thread pays in training; two minutes on a machine where nothing else runs.

`python -m benchmarks.speed.threads`: steps of the bundled forecaster (window 48, horizon 12) on one thread and on two,
in alternating blocks, by the clock. On what it tells rests `lstm_onnx.training.devices.PER_THREAD`.
"""

from __future__ import annotations

import statistics
import time
from itertools import islice

import numpy as np
import torch

from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.adam import Adam
from lstm_onnx.training.denormals import flushed_to_zero
from lstm_onnx.training.devices import to_tensors
from lstm_onnx.training.ready import made_ready
from lstm_onnx.training.step import clip

HIDDEN, BATCHES = (32, 64, 128, 256), (32, 64, 128, 256)
ROUNDS, STEPS = 5, 4


def compare(hidden: int, batch: int) -> tuple[int, list[tuple[float, float]]]:
    """Return how many parameters the model has, and of each round seconds of a step on one thread and on two."""
    task = load_task("forecasting").task
    config = task.Config(window=48, horizon=12, hidden=hidden)
    data = task.load_data(None, config, 0)
    model = task.build_model(data.config or config, data.info).train()
    optimizer = Adam(model.parameters())
    drawn = to_tensors(data.train.batches(batch, np.random.default_rng(0)), model)
    batches = list(islice(made_ready(drawn, model, batch), STEPS))

    def block(threads: int) -> float:
        torch.set_num_threads(threads)
        began = 0.0
        for k, given in enumerate([batches[0], *batches]):
            if k == 1:
                began = time.perf_counter()  # the first step wakes the threads
            optimizer.forget_gradients()
            loss = task.loss(model, given)
            loss.backward()
            loss.item()
            clip(optimizer.gradients(), 1.0)
            optimizer.step(1e-3)
        return (time.perf_counter() - began) / STEPS

    block(1)
    block(2)
    found = [(block(1), block(2)) for _ in range(ROUNDS)]
    return sum(weight.numel() for weight in model.parameters()), found


def main() -> None:
    """Print a row for each size."""
    print("| hidden | batch | parameters · batch / 10⁶ | 1 thread, ms | 2 threads, ms | ratio | rounds |")
    print("| --: | --: | --: | --: | --: | --: | --- |")
    with flushed_to_zero():
        for hidden in HIDDEN:
            for batch in BATCHES:
                parameters, found = compare(hidden, batch)
                one, two = (statistics.median(times) * 1e3 for times in zip(*found, strict=True))
                ratios = [a / b for a, b in found]
                print(
                    f"| {hidden} | {batch} | {parameters * batch / 1e6:.2f} | {one:.1f} | {two:.1f} "
                    f"| {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
