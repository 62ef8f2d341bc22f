"""One number for each example, in or out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, CellSource, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import InputFeature, OutputFeature, mean_and_spread, spread_out
from lstm_onnx.features.metrics import Metric, coverage, mae, mse, r2, rmse

if TYPE_CHECKING:
    from torch import Tensor, nn


class Number(InputFeature, OutputFeature):
    """A number, scaled in the graph.

    Going in, `forward` gets `NAME` (batch, size): the number scaled and, where some are missing in the data, whether it
    is missing. Coming out, `forward` answers with `NAME` (batch,) or (batch, 1), scaled; the graph gives it in its
    unit. The loss is the mean of the squared errors of scaled numbers. An answer that is not `supervised` has no column
    and is not scaled: a log-probability, for one. With an `interval` the graph gives `NAME_low` and `NAME_high`, too,
    as far from the answer as truths of the validation part were; too few of these, and it is left out with a note.
    """

    kind: Literal["number"] = "number"
    unit: str | None = None
    meaning: str = "a number"
    column: str | None = Field(None, description="column of a person's table, where it is not called as the feature")
    center: float | None = Field(None, description="mean in training")
    spread: float | None = Field(None, description="standard deviation in training")
    supervised: bool = Field(True, description="of an answer: whether the data says what is right")
    interval: float | None = Field(
        None, gt=0, lt=1, description="share of truths that shall lie between NAME_low and NAME_high, such as 0.9"
    )
    gaps: bool = Field(False, description="whether it is missing in examples of the data")
    kept: tuple[float | None, ...] = ()

    @property
    def size(self) -> int:
        """Numbers that `forward` sees."""
        return 2 if self.gaps else 1

    @property
    def width(self) -> int:
        """Numbers that `forward` answers with."""
        return 1

    @property
    def is_supervised(self) -> bool:
        """Whether the data says what is right."""
        return self.supervised

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn mean and spread."""
        values = self._numbers(column)
        center, spread = mean_and_spread(values[:, None])
        return self.model_copy(
            update={
                "center": float(center[0]),
                "spread": float(spread[0]),
                "kept": tuple(None if np.isnan(values[i]) else float(values[i]) for i in spread_out(len(values))),
            }
        )

    def met(self, column: Sequence[Any]) -> Self:
        """Return a copy that may be missing if it is in any example."""
        return self.model_copy(update={"gaps": bool(np.isnan(self._numbers(column)).any())})

    def _numbers(self, column: Sequence[Any]) -> Array:
        try:
            values = np.array([np.nan if v is None else v for v in column], dtype=np.float32)
        except (TypeError, ValueError):
            wrong = next(v for v in column if v is not None and not isinstance(v, int | float | np.number))
            raise UserError(f"read: '{self.name}' must be numbers, and has {wrong!r}") from None
        return np.where(np.isfinite(values), values, np.float32(np.nan)).reshape(len(column))

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the input."""
        return (
            TensorSpec(
                name=self.name,
                dtype="float32",
                dims=("batch",),
                meaning=self.meaning + ("; missing where NaN or infinite" if self.gaps else ""),
                unit=self.unit,
                missing=self.gaps,
                source=CellSource(column=self.column or self.name),
            ),
        )

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into a float32."""
        return list(self._numbers(column))

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make an array of the numbers."""
        return {self.name: np.array(rows, dtype=np.float32)}

    def encoder(self) -> nn.Module:
        """Return what scales the number."""
        from lstm_onnx.features.coding import ScaledNumber

        assert self.center is not None and self.spread is not None
        return ScaledNumber(self.name, [self.center], [self.spread], self.gaps)

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Choose among numbers of the training part."""
        kept = np.array(self.kept, dtype=np.float32)
        return {self.name: kept[random.integers(len(kept), size=sizes["batch"])]}

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the output."""
        share = f"{100 * self.interval:g}% of truths, by validation data" if self.interval is not None else ""
        told = {"low": f"lower end of what holds {share}", "high": f"upper end of what holds {share}"}
        found = {self.name: self.meaning}
        found |= {f"{self.name}_{end}": f"{self.meaning}: {what}" for end, what in told.items() if share}
        return tuple(
            TensorSpec(name=name, dtype="float32", dims=("batch",), meaning=meaning, unit=self.unit)
            for name, meaning in found.items()
        )

    def calibratable(self, column: Sequence[Any]) -> tuple[Self, str | None]:
        """Leave the interval out where too few examples validate: each end takes 2 / (1 - interval) - 1 of them."""
        if self.interval is None or len(column) >= (least := ceil(2 / (1 - self.interval) - 1 - 1e-9)):
            return self, None
        return self.model_copy(update={"interval": None}), (
            f"'{self.name}' has no interval for {100 * self.interval:g}%: the validation part has {len(column):,} "
            f"examples, and {least:,} are needed"
        )

    def decoder(self) -> nn.Module:
        """Return what brings an answer back to the unit."""
        from lstm_onnx.features.coding import Unscaled

        if not self.supervised:
            return Unscaled(self.name, 0.0, 1.0)
        assert self.center is not None and self.spread is not None
        return Unscaled(self.name, self.center, self.spread, self.interval)

    def prepare_truth(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into a float32; none may be missing."""
        values = self._numbers(column)
        missing = np.flatnonzero(np.isnan(values))
        if len(missing):
            raise UserError(
                f"read: the answer '{self.name}' is missing in example {int(missing[0]) + 1} (and {len(missing) - 1:,} "
                f"more); leave these examples out"
            )
        return list(values)

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make an array of what is right."""
        return self.collate(rows)

    def truth(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Return the numbers."""
        return {self.name: batch[self.name]}

    def to_score(self) -> Self:
        """Leave out the samples."""
        return self.model_copy(update={"kept": ()})

    def loss(self, answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean squared error of the scaled number."""
        from lstm_onnx.features.coding import flat

        if not self.supervised:
            raise UserError(f"module: needs a method loss(answers, batch), as '{self.name}' has no loss of its own")
        assert self.center is not None and self.spread is not None
        return (flat(answer) - (batch[self.name] - self.center) / self.spread).square().mean()

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return RMSE, MSE, MAE and R2; with an interval its coverage in percent."""
        made = (rmse, mse, mae, r2, *((coverage,) if self.interval is not None else ())) if self.supervised else ()
        return tuple(make(self.name, f"{prefix}{make.__name__}") for make in made)

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the mean of the training part, if the data says what is right."""
        if not self.supervised:
            return {}
        return {self.name: np.full(len(batch[self.name]), self.center, dtype=np.float32)}
