"""A forecaster whose second process ends without a word, once: a plugin for `test_workers`."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from lstm_onnx_forecasting.task import Forecasting
from torch import Tensor, nn

from lstm_onnx.plugin import hookimpl
from lstm_onnx.task import Task


class Dying(Forecasting):
    """Forecasting, until step 30."""

    name = "dying"
    steps = 0

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss, or end."""
        mark = Path(os.environ["DYING"])
        self.steps += model.training
        if self.steps == 30 and os.environ.get("RANK") == "1" and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().loss(model, batch)


@hookimpl
def lstm_onnx_tasks() -> list[Task]:
    """Announce it."""
    return [Dying()]
