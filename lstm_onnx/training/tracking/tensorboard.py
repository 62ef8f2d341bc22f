"""Writes curves for TensorBoard, into the run folder: look at them with `tensorboard --logdir runs`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from lstm_onnx.errors import UserError
from lstm_onnx.training.observers import Observer, Row

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from lstm_onnx.task import TaskData
    from lstm_onnx.training.run_folder import Run

FOLDER = "tensorboard"
"""In the run folder, the folder of the event files."""


class TensorBoard(Observer):
    """`loss/step` of every step, a curve of each figure of an epoch, and the test scores, in `RUN/tensorboard`."""

    name: ClassVar[str] = "tensorboard"

    def __init__(self) -> None:
        self._writer: SummaryWriter | None = None
        self._batches = 1

    def prepare(self) -> None:
        """Refuse, if the package `tensorboard` is not there."""
        try:
            import torch.utils.tensorboard  # noqa: F401
        except ImportError as error:
            raise UserError(f"--track tensorboard: {error}; pip install tensorboard") from error

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Open the event file; one that is gone on with after an interruption gets another beside it."""
        from torch.utils.tensorboard import SummaryWriter

        self._batches = batches
        self._writer = SummaryWriter(str(run.folder / FOLDER))
        self._writer.add_text("run", f"    {run.record.model_dump_json(indent=2)}".replace("\n", "\n    "))

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """Note the loss."""
        self._add("loss/step", loss, (epoch - 1) * self._batches + batch)

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """Note the figures of the epoch."""
        for name, value in row.items():
            if name != "epoch":
                self._add(f"epoch/{name}", value, int(row["epoch"]))

    def finished(self, run: Run) -> None:
        """Note the test scores, and close the file."""
        for name, value in run.scores.items():
            self._add(f"test/{name}", value, run.record.best_epoch)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _add(self, name: str, value: float, step: int) -> None:
        if self._writer is not None and math.isfinite(value):
            self._writer.add_scalar(name, value, step)
