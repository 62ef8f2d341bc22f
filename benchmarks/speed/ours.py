"""Our training loop, and bare PyTorch loops: of the very same module, and of `nn.LSTM` and `nn.Linear`."""

from __future__ import annotations

import argparse
import csv
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from benchmarks.speed import sizes
from benchmarks.speed.bare import Classifier, Teller
from benchmarks.speed.worker import Clock, hold_cores, serve
from lstm_onnx.errors import Interrupted
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.train import train

CONFIG: dict[str, Any] = {"window": sizes.WINDOW, "horizon": sizes.HORIZON, "hidden": sizes.HIDDEN}
VALUES_ALONE = {"calendar": False, "base": "none"}
"""No calendar and no naive forecast: closer to what the others learn from."""
CLIP = 1.0
Contestant = Callable[[Path, int], Callable[[], float]]


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


def lstm_onnx(task: str, source: str, config: dict[str, Any]) -> Contestant:
    """`lstm-onnx train --plugin TASK`, as anybody calls it."""

    def contestant(folder: Path, threads: int) -> Callable[[], float]:
        def run() -> float:
            watch, runs = Watch(), folder / f"runs-{task}"
            settings: dict[str, Any] = {
                "batch_size": sizes.BATCH,
                "learning_rate": sizes.RATE,
                "clip": CLIP,
                "threads": threads,
            }
            try:
                train(task, folder / source, runs=runs, name="speed", observers=watch, **config, **settings)
            except Interrupted:
                shutil.rmtree(runs, ignore_errors=True)
            return watch.clock.rate() * sizes.BATCH

        return run

    return contestant


def same_module(folder: Path, threads: int) -> Callable[[], float]:
    """The module and the loss of our plugin in the shortest loop, on tensors that lie ready."""
    task = load_task("forecasting").task
    config = task.Config(**CONFIG)
    data = task.load_data(folder / sizes.TRAINED_ON, config, 0)
    model = task.build_model(config, data.info)
    ready = {k: torch.from_numpy(a) for k, a in next(data.train.batches(len(data.train))).items()}
    return bare_loop(model.parameters(), ready, lambda batch: task.loss(model, batch))


def forecaster_loop(folder: Path, threads: int) -> Callable[[], float]:
    """The least that can be called a forecaster: no scaling, no calendar, no missing values."""
    x, y = sizes.windows(sizes.read_values(folder))
    lstm, head = nn.LSTM(1, sizes.HIDDEN, batch_first=True), nn.Linear(sizes.HIDDEN, sizes.HORIZON)
    ready = {"x": torch.from_numpy(x), "y": torch.from_numpy(y)}

    def loss(batch: dict[str, Tensor]) -> Tensor:
        away: Tensor = head(lstm(batch["x"])[0][:, -1]) - batch["y"]
        return away.abs().mean()

    return bare_loop([*lstm.parameters(), *head.parameters()], ready, loss)


def classifier_loop(folder: Path, threads: int) -> Callable[[], float]:
    """`nn.LSTM`, the mean of its states, and `nn.Linear`."""
    x, y = sizes.read_sequences(folder)
    model = Classifier()
    return bare_loop(
        model.parameters(),
        {"x": torch.from_numpy(x), "y": torch.from_numpy(y)},
        lambda batch: nn.functional.cross_entropy(model(batch["x"]), batch["y"]),
    )


def captions(folder: Path) -> None:
    """Write pictures and captions as a person has them."""
    images, words = sizes.pictures()
    with (folder / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "caption"])
        for k, (image, numbers) in enumerate(zip(images, words, strict=True)):
            pixels = (image.transpose(1, 2, 0) * 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{k}.png")
            rows.writerow([f"{k}.png", " ".join(f"word{n}" for n in numbers)])


def captioner_loop(folder: Path, threads: int) -> Callable[[], float]:
    """Convolutions, then `nn.LSTM` over the whole caption at once, with the picture as its first word."""
    images, words = sizes.pictures()
    model = Teller()
    ready = {"x": torch.from_numpy(images), "y": torch.from_numpy(words)}
    ready["before"] = torch.from_numpy(sizes.words_before(words))
    return bare_loop(
        model.parameters(),
        ready,
        lambda batch: nn.functional.cross_entropy(model(batch["x"], batch["before"]).mT, batch["y"]),
    )


def bare_loop(
    parameters: Iterable[nn.Parameter], ready: dict[str, Tensor], loss_of: Callable[[dict[str, Tensor]], Tensor]
) -> Callable[[], float]:
    """Gather, loss, backward, clip, step: with the same optimizer as `lstm_onnx.training.loop`."""
    weights = list(parameters)
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


CLASSIFIER = {"hidden": sizes.HIDDEN, "bidirectional": False, "pooling": "mean", "convolutions": (), "dropout": 0.0}
CAPTIONER = {
    "size": sizes.SIDE,
    "channels": sizes.FILTERS,
    "decoder": "tell",
    "hidden": sizes.HIDDEN,
    "embedding": sizes.HIDDEN,
    "dropout": 0.0,
}
CONTESTANTS: dict[str, dict[str, Contestant]] = {
    "forecasting": {
        "lstm-onnx": lstm_onnx("forecasting", sizes.TRAINED_ON, CONFIG),
        "lstm-onnx, values alone": lstm_onnx("forecasting", sizes.TRAINED_ON, CONFIG | VALUES_ALONE),
        "same module, bare loop": same_module,
        "nn.LSTM + nn.Linear, bare loop": forecaster_loop,
    },
    "classification": {
        "lstm-onnx": lstm_onnx("classification", sizes.SEQUENCES, CLASSIFIER),
        "nn.LSTM + nn.Linear, bare loop": classifier_loop,
    },
    "captioning": {
        "lstm-onnx": lstm_onnx("captioning", "captions.csv", CAPTIONER),
        "nn.Conv2d + nn.LSTM + nn.Linear, bare loop": captioner_loop,
    },
}


def main() -> None:
    """Serve one contestant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=CONTESTANTS)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("threads", type=int)
    chosen = parser.parse_args()
    hold_cores(chosen.threads)
    torch.set_num_threads(chosen.threads)
    serve(CONTESTANTS[chosen.task][chosen.name](chosen.folder, chosen.threads))


if __name__ == "__main__":
    main()
