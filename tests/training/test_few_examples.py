"""Few examples make few steps in an epoch, so that more epochs are needed."""

from __future__ import annotations

import pytest

from lstm_onnx.training.options import TrainingOptions, with_steps_enough


@pytest.mark.parametrize(
    ("examples", "given", "epochs", "patience"),
    [
        (34, {}, 500, 100),  # 2 steps in an epoch
        (10, {}, 1000, 200),
        (128, {}, 250, 50),
        (2000, {}, 50, 8),
        (34, {"epochs": 50}, 50, 8),
        (34, {"patience": 8}, 500, 8),
    ],
)
def test_epochs_grow_until_there_are_steps_enough(
    examples: int, given: dict[str, int], epochs: int, patience: int
) -> None:
    settings = TrainingOptions(batch_size=32, **given)  # type: ignore[arg-type]
    found = with_steps_enough(settings, given, examples)
    assert (found.epochs, found.patience) == (epochs, patience)
