"""Options made of the fields of a model."""

from __future__ import annotations

from lstm_onnx.cli.command import spread_lists
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.options import TrainingOptions


def test_list_options_take_several_values() -> None:
    models = [load_task("forecasting").task.Config, TrainingOptions]
    given = ["train", "--quantiles", "0.1", "0.5", "--epochs", "3", "--target", "a", "--target", "b", "c"]
    assert spread_lists(given, models, free=True) == [
        *("train", "--quantiles", "0.1", "--quantiles", "0.5", "--epochs", "3"),
        *("--target", "a", "--target", "b", "--target", "c"),
    ]
