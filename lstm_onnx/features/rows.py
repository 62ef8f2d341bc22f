"""Sequences of numbers: each example has some steps, and each step the same columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, Axis, ColumnsSource, LengthsSource, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import Stepped, mean_and_spread_of, spread_out
from lstm_onnx.features.stored import some_at_once

if TYPE_CHECKING:
    from torch import nn

_LONGEST_KEPT = 64
"""Steps of a sequence that are kept for samples."""
_MISSING = 0.03
"""Share of the values of samples that are missing, where any may be."""


class Rows(Stepped):
    """A sequence of numbers, by columns; NaN is a missing value, where the data has some.

    A row of its column is an array (steps, columns). `forward` gets `NAME` (batch, time, size), scaled, zero where a
    value is missing; and how many steps count, as `lengths` or, where the model takes several sequences, as
    `NAME_lengths`. Where values are missing in the data, as many numbers follow that say where; scaled in both ways,
    those of each sequence by itself stand last. `size` is how many there are, and `ways` says which belong together.
    If it is `tolerant`, values that are missing in the training part alone count for that, others are taken as the
    mean; and padding is zero, as convolutions want it.
    """

    kind: Literal["rows"] = "rows"
    columns: tuple[str, ...] = Field(min_length=1, description="what each number of a step is called")
    shortest: int = Field(1, ge=1, description="steps that a sequence has at least; shorter ones are refused")
    meaning: str = "each step of a sequence, in the units of the data"
    axis: str | None = Field(None, description="name of the axis of the columns, if not NAME_column")
    scaling: Literal["columns", "sequence", "both", "none"] = Field(
        "columns",
        description="subtract mean and divide by spread of each column: in training, in each sequence, or both side by "
        "side",
    )
    noise: float = Field(0.0, ge=0, description="Gaussian noise on scaled values in training, in spreads")
    tolerant: bool = Field(False, description="whether values may be missing later even where the data lacks none")
    center: tuple[float, ...] | None = Field(None, description="mean of each column in training")
    spread: tuple[float, ...] | None = Field(None, description="standard deviation of each column in training")
    gaps: bool = Field(False, description="whether values are missing in the data")
    usual: int | None = Field(None, description="median length in training")
    kept: tuple[tuple[tuple[float | None, ...], ...], ...] = ()

    @property
    def _axis(self) -> str:
        return self.axis or f"{self.name}_column"

    @property
    def size(self) -> int:
        """Numbers at each step."""
        return len(self.columns) * (1 + (self.scaling == "both") + self.gaps)

    @property
    def ways(self) -> tuple[tuple[int, ...], ...]:
        """Places of the numbers of a step by the way that they are scaled, each with those that say what is missing."""
        own = len(self.columns)
        missing = tuple(range(own, 2 * own)) if self.gaps else ()
        first = (*range(own), *missing)
        return (first, (*range(len(first), self.size), *missing)) if self.scaling == "both" else (first,)

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into float32 (steps, columns)."""
        found = []
        for number, row in enumerate(column, start=1):
            values = np.asarray(row, dtype=np.float32)
            values = values[:, None] if values.ndim == 1 and len(self.columns) == 1 else values
            if values.ndim != 2 or values.shape[1] != len(self.columns):
                raise UserError(
                    f"read: example {number} of '{self.name}' has the shape {values.shape}, and must have (steps, "
                    f"{len(self.columns)}): a column each for {', '.join(self.columns[:8])}"
                )
            if len(values) < self.shortest:
                count = f"{len(values)} step{'s' * (len(values) != 1)}"
                raise UserError(
                    f"read: example {number} of '{self.name}' has {count}, and needs {self.shortest}; leave it out"
                )
            found.append(np.where(np.isfinite(values), values, np.float32(np.nan)))
        return found

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn mean and spread of each column, and the usual length."""
        center, spread = mean_and_spread_of(lambda: self._each(column))
        kept = [self.prepare([column[i]])[0][:_LONGEST_KEPT] for i in spread_out(len(column))]
        return self.model_copy(
            update={
                "center": tuple(map(float, center)),
                "spread": tuple(map(float, spread)),
                "gaps": self._has_gaps(column),
                "usual": int(np.median(np.fromiter((len(row) for row in column), np.int64, len(column)))),
                "kept": tuple(
                    tuple(tuple(None if np.isnan(v) else float(v) for v in step) for step in row) for row in kept
                ),
            }
        )

    def met(self, column: Sequence[Any]) -> Self:
        """Return a copy that takes missing values if there are any."""
        if self.tolerant:
            return self
        return self.model_copy(update={"gaps": self._has_gaps(column)})

    def _each(self, column: Sequence[Any]) -> Iterator[Array]:
        """Yield the prepared rows, one after the other."""
        for some in some_at_once(column):
            yield from self.prepare(some)

    def _has_gaps(self, column: Sequence[Any]) -> bool:
        return any(bool(np.isnan(values).any()) for values in self._each(column))

    def to_score(self) -> Self:
        """Leave out the samples."""
        return self.model_copy(update={"kept": ()})

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the values and the lengths."""
        return (
            TensorSpec(
                name=self.name,
                dtype="float32",
                dims=("batch", self.steps, self._axis),
                meaning=self.meaning + ("; missing where NaN or infinite" if self.gaps or self.tolerant else ""),
                missing=self.gaps or self.tolerant,
                source=ColumnsSource(columns=self.columns, rows="all"),
            ),
            TensorSpec(
                name=self.lengths,
                dtype="int64",
                dims=("batch",),
                meaning="steps of each sequence",
                source=LengthsSource(axis=self.steps, min=self.shortest),
            ),
        )

    def axes(self) -> dict[str, Axis]:
        """Describe steps and columns."""
        return {
            self.steps: Axis(
                min=self.shortest,
                example_size=self.usual,
                meaning="steps of a sequence, the first first, the rest padding",
            ),
            self._axis: Axis(size=len(self.columns), labels=self.columns, meaning="what a step has"),
        }

    def length(self, row: Any) -> int:
        """Return the steps of a prepared row."""
        return len(row)

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Pad the sequences with zeros at their end to the longest."""
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        values = np.zeros((len(rows), max(1, int(lengths.max(initial=0))), len(self.columns)), dtype=np.float32)
        for place, row in zip(values, rows, strict=True):
            place[: len(row)] = row
        return {self.name: values, self.lengths: lengths}

    def encoder(self) -> nn.Module:
        """Return what scales the values."""
        from lstm_onnx.features.coding import Scaled
        from lstm_onnx.features.tolerant_rows import TolerantRows

        assert self.center is not None and self.spread is not None
        if not self.tolerant and self.scaling == "columns" and not self.noise:
            return Scaled(self.name, self.center, self.spread, self.gaps)
        return TolerantRows(
            self.name, self.lengths, self.center, self.spread, gaps=self.gaps, scaling=self.scaling, noise=self.noise
        )

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Cut pieces from sequences of the training part, repeated where they are too short; lengths differ."""
        batch, steps = sizes["batch"], sizes.get(self.steps, self.usual or 1)
        values = np.zeros((batch, steps, len(self.columns)), dtype=np.float32)
        for place in values:
            row = np.array(self.kept[int(random.integers(len(self.kept)))], dtype=np.float32)
            begin = int(random.integers(len(row)))
            place[:] = row[(begin + np.arange(steps)) % len(row)]
        if self.tolerant:
            values[random.random(values.shape) < _MISSING] = np.nan
        lengths = random.integers(min(self.shortest, steps), steps + 1, size=batch)
        lengths[:1] = steps
        return {self.name: values, self.lengths: lengths}
