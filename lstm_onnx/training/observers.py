"""Who is told how training goes: a progress bar, a tracker, a program's own code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from lstm_onnx.task import TaskData
    from lstm_onnx.training.run_folder import Run

Row = dict[str, float]
"""What is known of one epoch, by name: `epoch`, `train_loss`, `validation_loss`, the primary metric, …"""


class Observer:
    """Is told how training goes. Every method does nothing by itself: override those that you care for.

    One observer watches one training. What a method raises ends the training; the run folder stays whole.
    """

    name: ClassVar[str] = ""
    """How `lstm-onnx train --track NAME` asks for it, if a plugin announces it (`lstm_onnx_observers`)."""

    def prepare(self) -> None:
        """Training was asked for, and nothing is read yet.

        Raises:
            UserError: something that this observer needs is missing; says how to get it.
        """

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Training begins or, after an interruption, goes on; an epoch has so many batches."""

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """One optimizer step is done; `batch` counts from 1 within the epoch."""

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """One epoch is done and stored; `row` is its line of the history."""

    def refitted(self, step: int, steps: int, loss: float) -> None:
        """With `--refit`, one step of so many is done in which all is learnt from; `step` counts from 1."""

    def finished(self, run: Run) -> None:
        """Training is over; `run.record.status` says how: finished, interrupted, or (after an error) training."""


class Observers(Observer):
    """Several observers as one, told in their order."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers = tuple(observers)

    def prepare(self) -> None:
        """Ask each whether it can work."""
        for observer in self.observers:
            observer.prepare()

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Tell each."""
        for observer in self.observers:
            observer.started(run, data, batches)

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """Tell each."""
        for observer in self.observers:
            observer.stepped(epoch, batch, loss)

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """Tell each."""
        for observer in self.observers:
            observer.epoch_ended(row, is_best)

    def refitted(self, step: int, steps: int, loss: float) -> None:
        """Tell each."""
        for observer in self.observers:
            observer.refitted(step, steps, loss)

    def finished(self, run: Run) -> None:
        """Tell each."""
        for observer in self.observers:
            observer.finished(run)
