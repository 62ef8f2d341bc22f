"""What padding costs in training: sequences of differing length against as many steps at equal length.

python -m benchmarks.speed.ragged

A classifier is trained on sequences of 10 to 100 steps (mean 55), batched by length as `RaggedSplit` does, and at
random, and on sequences of 55 steps; epochs alternate, and medians are compared.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch
from lstm_onnx_classification.options import Config

from lstm_onnx.features.split import FeatureSplit
from lstm_onnx.plugin import Category, Learnt, Rows
from lstm_onnx.plugins.registry import load_task

COUNT, BATCH, ROUNDS = 1600, 32, 7
VALUES = Rows(name="values", columns=tuple("abcdefgh"), center=(0.0,) * 8, spread=(1.0,) * 8, usual=55, tolerant=True)
LABEL = Category(name="label", levels=("x", "y"), shares=(0.5, 0.5), scores="probabilities", calibrated=True)
LEARNT = Learnt(inputs=(VALUES,), outputs=(LABEL,))


def main() -> None:
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    ragged = random.integers(10, 101, size=COUNT)
    splits = {"equal": _split(np.full(COUNT, round(float(ragged.mean()))), random), "ragged": _split(ragged, random)}
    seconds: dict[str, list[float]] = {name: [] for name in (*splits, "ragged, batches at random")}
    task = load_task("classification").task
    model = task.build_model(Config(hidden=64), LEARNT)
    optimizer = torch.optim.AdamW(model.parameters())
    for turn in range(ROUNDS + 1):
        for name, times in seconds.items():
            split = splits[name.split(",")[0]]
            batches = split.batches(BATCH, np.random.default_rng(turn))
            if "random" in name:
                order = np.random.default_rng(turn).permutation(COUNT)
                batches = (split.gather(order[i : i + BATCH]) for i in range(0, COUNT, BATCH))
            began = time.process_time()
            for batch in batches:
                loss = task.loss(model, {name: torch.from_numpy(array) for name, array in batch.items()})
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if turn:  # the first warms up
                times.append(time.process_time() - began)
    for name, times in seconds.items():
        lengths = splits[name.split(",")[0]].lengths
        assert lengths is not None
        valid = lengths.sum()
        ratio = statistics.median(t / e for t, e in zip(times, seconds["equal"], strict=True))
        print(
            f"{name:28} {statistics.median(times):6.2f} s an epoch of {valid:,} steps, {ratio:.2f} times equal lengths"
        )


def _split(lengths: np.ndarray, random: np.random.Generator) -> FeatureSplit:
    values = [random.standard_normal((int(n), 8)).astype(np.float32) for n in lengths]
    return FeatureSplit([(VALUES, values)], [(LABEL, list(random.integers(0, 2, size=len(lengths))))])


if __name__ == "__main__":
    main()
