"""All that `--resume` needs, in one file: model, optimizer, the best weights so far, and how far training came."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor, nn

from lstm_onnx.errors import UserError
from lstm_onnx.training.adam import Adam
from lstm_onnx.training.observers import Row
from lstm_onnx.training.restore import load_weights
from lstm_onnx.training.run_folder import Run
from lstm_onnx.training.tensor_files import load_tensors, save_tensors

Weights = dict[str, Tensor]
EVERY = 2.0
"""Seconds from one checkpoint to the next, at least: an epoch of few examples takes less time than to store it."""


@dataclass
class TrainingProgress:
    """How far training has come; with the model and the optimizer, all that a checkpoint holds."""

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = float("nan")
    best_loss: float = float("nan")
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)


def weights_of(model: nn.Module) -> Weights:
    """Return a copy of what a model stores: its parameters and buffers."""
    return {name: t.detach().cpu().clone().contiguous() for name, t in model.state_dict().items()}


def save_weights(weights: Weights, path: Path) -> None:
    """Write weights as a safetensors file."""
    save_tensors(path, weights)


class Storing:
    """Stores in a run's folder how far training has come. What comes soon after another is held, for `now`.

    Args:
        run: whose folder it is.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stored: Weights = {}
        self._when = -float("inf")
        self._held: tuple[Weights, TrainingProgress, Weights] | None = None

    def put(self, model: nn.Module, optimizer: Adam, progress: TrainingProgress, best: Weights) -> None:
        """Store the state of training between two epochs, or hold it; `best` are the best weights so far.

        Raises:
            UserError: a file cannot be written.
        """
        tensors = {f"model.{name}": t for name, t in model.state_dict().items()}
        for index, state in optimizer.state.items():
            tensors |= {f"optimizer.{index}.{name}": t for name, t in state.items()}
        if is_soon := time.monotonic() - self._when < EVERY:
            tensors = {name: t.detach().cpu().clone() for name, t in tensors.items()}  # the next step changes them
        self._held = tensors, replace(progress, history=[*progress.history]), best
        if not is_soon:
            self.now()

    def now(self) -> None:
        """Store what is held, if anything is.

        Raises:
            UserError: a file cannot be written.
        """
        if self._held is None:
            return
        tensors, progress, best = self._held
        if best and best is not self._stored:
            save_weights(best, self._run.weights)
        tensors = tensors | {f"best.{name}": t for name, t in best.items()}
        save_tensors(self._run.checkpoint, tensors, {key: json.dumps(value) for key, value in vars(progress).items()})
        self._run.save_history(progress.history)
        self._held, self._stored, self._when = None, best, time.monotonic()


def load_checkpoint(path: Path, model: nn.Module, optimizer: Adam) -> tuple[TrainingProgress, Weights]:
    """Put model and optimizer back to where they were; return how far training had come, and the best weights.

    Raises:
        UserError: the file is damaged, or does not fit the model.
    """
    tensors, metadata = load_tensors(path, of_release_0_1=vars(TrainingProgress()))
    load_weights(model, _within("model.", tensors), path)
    stored: dict[int, Weights] = {}
    for name, tensor in _within("optimizer.", tensors).items():
        index, key = name.split(".", 1)
        stored.setdefault(int(index), {})[key] = tensor
    optimizer.load(stored)
    try:
        progress = TrainingProgress(**{key: json.loads(value) for key, value in metadata.items()})
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: does not say how far training has come ({error}); start a new run instead") from None
    return progress, _within("best.", tensors)


def _within(prefix: str, tensors: Weights) -> Weights:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
