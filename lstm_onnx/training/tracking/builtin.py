"""The observers that lstm-onnx brings, announced as any plugin announces its own."""

from __future__ import annotations

from lstm_onnx.plugins.hookspecs import hookimpl
from lstm_onnx.training.observers import Observer
from lstm_onnx.training.tracking.mlflow import MLflow
from lstm_onnx.training.tracking.tensorboard import TensorBoard


@hookimpl
def lstm_onnx_observers() -> list[Observer]:
    """Announce the trackers; what they need is imported when one of them is asked for."""
    return [TensorBoard(), MLflow()]
