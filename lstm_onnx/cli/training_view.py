"""Shows training as it goes: a live bar on a terminal, plain lines elsewhere, JSON lines if asked."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from lstm_onnx.cli.console import encode, say
from lstm_onnx.cli.understood import show_understood
from lstm_onnx.display import number
from lstm_onnx.progress import PLAIN_EVERY
from lstm_onnx.training.observers import Observer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from lstm_onnx.task import TaskData
    from lstm_onnx.training.run_folder import Run


class TrainingView(Observer):
    """An observer of training that prints; see the module."""

    def __init__(self, console: Console, metric: str, as_json: bool = False) -> None:
        self.console, self.metric, self.as_json = console, metric, as_json
        self.bar: Bar | None = None
        self.bar_task: TaskID | None = None
        self.epochs = self.batches = 0
        self.began = self.last_line = time.monotonic()  # of this epoch; of the last line that was printed
        self.loss = math.nan  # a moving average
        self.status = ""

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Say what was read, and set up the bar."""
        settings = run.record.training
        self.epochs, self.batches = settings.epochs, batches
        self.began = self.last_line = time.monotonic()
        if self.as_json:
            columns = [r.model_dump(exclude_none=True) for r in data.understood]
            about = {"columns": columns} if columns else {}
            self._emit(event="start", run=str(run.folder), data=data.summary, notes=list(data.notes), **about)
            return
        validation = len(data.validation) if data.validation is not None else 0
        origin = "" if run.record.source else f" (no --data given: the set that '{run.record.task}' brings)"
        lines = {
            "data": data.summary + origin,
            **({"noted": "\n          ".join(data.notes)} if data.notes else {}),
            "examples": f"{len(data.train):,} to train, {validation:,} to validate, {len(data.test):,} to test",
            "model": f"{run.record.parameters:,} parameters, {settings.threads} CPU thread(s)",
        }
        show_understood(data.understood, self.console)
        say(lines, self.console)
        if self.console.is_terminal:
            self._start_bar()

    def _start_bar(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[status]}", markup=False),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )
        self.bar_task = self.bar.add_task("training", total=self.epochs * self.batches, status="")
        self.bar.start()

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """Move the bar."""
        self.loss = loss if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * loss
        done = (epoch - 1) * self.batches + batch
        if self.bar is not None and self.bar_task is not None:
            self.bar.update(
                self.bar_task,
                completed=done,
                description=f"epoch {epoch}/{self.epochs}",
                status=f"loss {self.loss:.4f}{self.status}",
            )
        elif not self.as_json and time.monotonic() - self.last_line > PLAIN_EVERY:
            self.last_line = time.monotonic()
            self.console.print(f"epoch {epoch}/{self.epochs} step {batch}/{self.batches} loss {self.loss:.4f}")

    def epoch_ended(self, row: Mapping[str, float], is_best: bool) -> None:
        """Print the epoch's line."""
        epoch = int(row["epoch"])
        if self.as_json:
            self._emit(event="epoch", best=is_best, **row)
            return
        seconds = max(1e-9, time.monotonic() - self.began)
        self.began = time.monotonic()
        parts = [f"epoch {epoch:>3}/{self.epochs}", f"loss {row['train_loss']:.4f}"]
        if "validation_loss" in row:
            reached = f"{self.metric} {number(row[self.metric])}"
            parts += [f"validation {row['validation_loss']:.4f}", reached]
            self.status = f" · validation {reached}"
        parts.append(f"{self.batches / seconds:.0f} steps/s")
        if epoch < self.epochs:
            parts.append(f"≤ {(self.epochs - epoch) * seconds:.0f} s left")
        self.last_line = time.monotonic()
        self.console.print(Text.assemble("  ".join(parts), ("  best", "green") if is_best else ""), soft_wrap=True)
        if epoch == self.epochs:
            self.close()

    def refitted(self, step: int, steps: int, loss: float) -> None:
        """Say that it goes on, now and then."""
        if step == 1:
            self.close()
            self.last_line = time.monotonic()
        elif time.monotonic() - self.last_line > PLAIN_EVERY and not self.as_json:
            self.last_line = time.monotonic()
            self.console.print(f"refit step {step:,}/{steps:,} loss {loss:.4f}")

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _emit(self, **fields: Any) -> None:
        print(encode(fields), flush=True)
