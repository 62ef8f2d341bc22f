"""A number, or several, for each step of rows that go in; or which of several labels, as a whole number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import InputFeature, OutputFeature, found_along, mean_and_spread_of
from lstm_onnx.features.metrics import Metric, step_mae, step_rmse, step_whole_accuracy
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.stored import some_at_once

if TYPE_CHECKING:
    from torch import Tensor, nn

UNKNOWN = -100
"""What stands in whole numbers where nobody knows what is right, and in the padding."""


class Steps(OutputFeature):
    """Numbers at each step of the input `along`, which is `Rows`.

    A row of its column is an array (steps,) or, with `columns`, (steps, columns); NaN where it is not known. `forward`
    answers with `NAME` (batch, step) or (batch, step, columns), scaled; the graph gives it in its unit. The loss is the
    mean of the squared errors of scaled numbers that are known.

    With `labels`, a row is a list of whole numbers from 0 on, None where it is not known; `forward` answers with such
    numbers, int64, and the module brings the loss. If not `supervised`, the data says nothing of what is right, there
    is no column of it, and what `forward` answers is not scaled.
    """

    kind: Literal["steps"] = "steps"
    along: str = Field(description="the input whose steps are answered for")
    meaning: str = "a number"
    unit: str | None = None
    columns: tuple[str, ...] = Field((), description="what the numbers of a step are called; else it is one")
    labels: tuple[str, ...] | None = Field(None, description="what whole numbers stand for")
    supervised: bool = Field(True, description="whether the data says what is right")
    internal: bool = Field(False, description="for programs: left out of the tables that people read")
    center: tuple[float, ...] = Field((), description="mean of each column in training")
    spread: tuple[float, ...] = Field((), description="standard deviation of each column in training")
    like: str = Field("", description="the input that has the same columns in the same units, where no data says it")
    axis: str = Field("", description="axis of the steps: set by the task")
    count: str = Field("", description="tensor that says how many steps count: set by the task")

    @property
    def width(self) -> int:
        """Numbers that `forward` answers with at each step."""
        return max(1, len(self.columns))

    @property
    def is_supervised(self) -> bool:
        """Whether the data says what is right."""
        return self.supervised

    @property
    def scale(self) -> float:
        """How large its numbers are."""
        return max((abs(c) + s for c, s in zip(self.center, self.spread, strict=True)), default=1.0)

    def bound(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy that knows the steps of the input that it runs along."""
        known = {f.name: f for f in inputs if f.steps is not None and f.kind == "rows"}
        feature = found_along("outputs", self, self.along, known, "which are no rows that go in")
        return self.model_copy(update={"axis": feature.steps, "count": feature.lengths})

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn mean and spread of each column, where the data says what is right."""
        if not self.supervised or self.labels is not None:
            return self
        center, spread = mean_and_spread_of(
            lambda: (r.reshape(len(r), -1) for some in some_at_once(column) for r in self.prepare_truth(some))
        )
        return self.model_copy(update={"center": tuple(map(float, center)), "spread": tuple(map(float, spread))})

    def sized(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy that knows how large its numbers are, from the input that they are `like`."""
        found = next((f for f in inputs if f.name == self.like and isinstance(f, Rows)), None)
        return self if found is None else self.model_copy(update={"center": found.center, "spread": found.spread})

    def _dims(self) -> tuple[str, ...]:
        return ("batch", self.axis, *((f"{self.name}_column",) if self.columns else ()))

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the output."""
        return (
            TensorSpec(
                name=self.name,
                dtype="float32" if self.labels is None else "int64",
                dims=self._dims(),
                meaning=f"{self.meaning}, at each step",
                unit=self.unit,
                labels=self.labels,
                count=self.count,
                internal=self.internal,
            ),
        )

    def axes(self) -> dict[str, Axis]:
        """Describe the columns."""
        if not self.columns:
            return {}
        return {f"{self.name}_column": Axis(size=self.width, labels=self.columns, meaning=self.meaning)}

    def decoder(self) -> nn.Module:
        """Return what brings answers back to their unit."""
        from lstm_onnx.features.coding import Named, UnscaledSteps

        if not self.supervised or self.labels is not None:
            return Named(self.name)
        return UnscaledSteps(self.name, self.center, self.spread)

    def prepare_truth(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into float32 (steps,) or (steps, columns), or into int64 (steps,)."""
        found = []
        for number, row in enumerate(column, start=1):
            if self.labels is not None:
                values = np.array([UNKNOWN if v is None else v for v in row], dtype=np.int64)
                wrong = (values != UNKNOWN) & ((values < 0) | (values >= len(self.labels)))
                if wrong.any():
                    raise UserError(
                        f"read: '{self.name}' of example {number} is {values[wrong][0]}, and must be from 0 to "
                        f"{len(self.labels) - 1}: {', '.join(self.labels[:8])}"
                    )
            else:
                values = np.asarray(row, dtype=np.float32)
                wanted = (len(values), len(self.columns)) if self.columns else (len(values),)
                if values.shape != wanted:
                    raise UserError(
                        f"read: example {number} of '{self.name}' has the shape {values.shape}, and must have "
                        f"(steps{', columns' if self.columns else ''})"
                    )
            found.append(values)
        return found

    def check_lengths(self, steps: Sequence[int], rows: Sequence[Any]) -> None:
        """Refuse an example that has another number of answers than of steps."""
        for number, (count, row) in enumerate(zip(steps, rows, strict=True), start=1):
            if count != len(row):
                raise UserError(
                    f"read: example {number} of a part has {count} steps of '{self.along}' and {len(row)} of "
                    f"'{self.name}'; give one for each step"
                )

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make an array of what is right: what is not known, and the padding, is NaN or `UNKNOWN`."""
        shape = (len(rows), max(1, max(map(len, rows), default=0)), *((self.width,) if self.columns else ()))
        padded = np.full(shape, np.nan, np.float32) if self.labels is None else np.full(shape, UNKNOWN, np.int64)
        for place, row in zip(padded, rows, strict=True):
            place[: len(row)] = row
        return {self.name: padded}

    def loss(self, answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean squared error of scaled numbers that are known."""
        import torch

        if self.labels is not None or not self.supervised:
            raise UserError(f"module: needs a method loss(answers, batch), as '{self.name}' has no loss of its own")
        center, spread = (answer.new_tensor(v) for v in (self.center, self.spread))
        wanted = (batch[self.name].reshape(*answer.shape[:2], -1) - center) / spread
        known = torch.isfinite(wanted)
        errors = torch.where(known, answer.reshape(wanted.shape) - wanted.nan_to_num(), answer.new_zeros(()))
        return errors.square().sum() / known.sum().clamp(min=1)

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return RMSE and MAE, or how many whole numbers are right; nothing where nobody knows."""
        if not self.supervised:
            return ()
        if self.labels is not None:
            return (step_whole_accuracy(self.name, f"{prefix}accuracy"),)
        return (step_rmse(self.name, f"{prefix}rmse"), step_mae(self.name, f"{prefix}mae"))

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the mean of the training part, or always 0."""
        if not self.supervised:
            return {}
        shape = batch[self.name].shape
        if self.labels is not None:
            return {self.name: np.zeros(shape, np.int64)}
        return {self.name: np.broadcast_to(np.array(self.center, np.float32).reshape(*shape[2:]), shape).copy()}
