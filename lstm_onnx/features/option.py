"""A number that a caller may set, and mostly leaves as it is: a temperature, a threshold, a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lstm_onnx.contract import Array, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import InputFeature

if TYPE_CHECKING:
    from torch import nn


class Option(InputFeature):
    """A number with a default, for each example.

    `forward` gets `NAME` (batch,): float32, or int64 where the default is a whole number; as it is, not scaled. `read`
    may leave its column out: then training sees the default. A caller may leave it out too: the contract says what it
    then is, and `predict --set NAME=VALUE` or `Model.with_options(NAME=VALUE)` sets another.
    """

    kind: Literal["option"] = "option"
    default: int | float = Field(description="what it is where nobody says it; a whole number makes it one of int64")
    least: int | float | None = Field(None, description="the smallest value that is taken")
    most: int | float | None = Field(None, description="the largest value that is taken")
    unit: str | None = None
    meaning: str = "an option"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        low, high = self._range
        if not low <= self.default <= high:
            raise ValueError(f"the default {self.default} of the option '{self.name}' is not from {low} to {high}")
        return self

    @property
    def _range(self) -> tuple[float, float]:
        return (
            float("-inf") if self.least is None else float(self.least),
            float("inf") if self.most is None else float(self.most),
        )

    @property
    def _dtype(self) -> Literal["int64", "float32"]:
        return "int64" if isinstance(self.default, int) else "float32"

    @property
    def size(self) -> int:
        """Numbers that `forward` sees of each example."""
        return 1

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn nothing, and refuse values that it does not take."""
        self.prepare(column)
        return self

    def where_left_out(self, count: int) -> Sequence[Any]:
        """Return the default for each example."""
        return [self.default] * count

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into a number."""
        low, high = self._range
        whole, default = self._dtype == "int64", self.default
        for number, value in enumerate(column, start=1):
            if value is default:
                continue
            fits = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            if not fits or not low <= value <= high or (whole and value != int(value)):
                what = "a whole number" if whole else "a number"
                raise UserError(
                    f"read: example {number} of the option '{self.name}' is {value!r}, and must be {what} from {low:g} "
                    f"to {high:g}"
                )
        return list(column)

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the input, with its default."""
        return (
            TensorSpec(
                name=self.name,
                dtype=self._dtype,
                dims=("batch",),
                meaning=f"{self.meaning}; {self.default} where it is left out",
                unit=self.unit,
                default=self.default,
                least=self.least,
                most=self.most,
            ),
        )

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make an array of the numbers."""
        return {self.name: np.array(rows, dtype=self._dtype)}

    def encoder(self) -> nn.Module:
        """Return what hands the number on."""
        from lstm_onnx.features.coding import Renamed

        return Renamed({})

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Take the default for the first example, and other values that are allowed for the rest."""
        low, high = self._range
        near = max(abs(float(self.default)), 1.0)
        low, high = max(low, self.default - near / 2), min(high, self.default + near)
        if self._dtype == "int64":
            values: Array = random.integers(int(np.ceil(low)), int(np.floor(high)) + 1, size=sizes["batch"])
        else:
            values = random.uniform(low, high, size=sizes["batch"])
        found = values.astype(self._dtype)
        found[:1] = self.default
        return {self.name: found}
