"""All that `--resume` needs, in one file: model, optimizer, the best weights so far, and how far training came."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from lstm_onnx.errors import UserError
from lstm_onnx.training.adam import Adam
from lstm_onnx.training.observers import Row
from lstm_onnx.training.restore import load_weights
from lstm_onnx.training.tensor_files import load_tensors, save_tensors

Weights = dict[str, Tensor]


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


def save_checkpoint(path: Path, model: nn.Module, optimizer: Adam, progress: TrainingProgress, best: Weights) -> None:
    """Write the state of training; `best` are the best weights so far."""
    tensors = {f"model.{name}": t for name, t in model.state_dict().items()}
    tensors |= {f"best.{name}": t for name, t in best.items()}
    for index, state in optimizer.state.items():
        tensors |= {f"optimizer.{index}.{name}": t for name, t in state.items()}
    save_tensors(path, tensors, {key: json.dumps(value) for key, value in vars(progress).items()})


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
