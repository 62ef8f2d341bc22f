"""What a model shows of itself beside its answers, such as where it looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import OutputFeature
from lstm_onnx.features.metrics import Metric

if TYPE_CHECKING:
    from torch import Tensor, nn


class Inside(OutputFeature):
    """Numbers of a fixed shape, for programs and pictures; nothing says what is right, and nothing learns from them.

    `forward` answers with `NAME` (batch, …), float32, whose other axes are `dims`. The module brings the loss.
    """

    kind: Literal["inside"] = "inside"
    meaning: str = "what the model shows of itself"
    dims: tuple[str, ...] = Field(description="names of the axes after `batch`, those of other features among them")
    sizes: dict[str, int] = Field(description="of the axes that no other feature has")
    meanings: dict[str, str] = Field({}, description="of these axes")

    @property
    def is_supervised(self) -> bool:
        """Never."""
        return False

    @property
    def width(self) -> int:
        """Numbers for each example, along its own axes."""
        return prod(self.sizes.values())

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn nothing."""
        return self

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the output."""
        return (
            TensorSpec(
                name=self.name, dtype="float32", dims=("batch", *self.dims), meaning=self.meaning, internal=True
            ),
        )

    def axes(self) -> dict[str, Axis]:
        """Describe its own axes."""
        return {name: Axis(size=size, meaning=self.meanings.get(name, "")) for name, size in self.sizes.items()}

    def decoder(self) -> nn.Module:
        """Return what hands it on."""
        from lstm_onnx.features.coding import Named

        return Named(self.name)

    def prepare_truth(self, column: Sequence[Any]) -> Sequence[Any]:
        """Nothing is right or wrong."""
        return column

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Nothing is right or wrong."""
        return {}

    def loss(self, answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Refuse: only the module knows what it is for."""
        raise UserError(f"module: needs a method loss(answers, batch), as '{self.name}' has no loss of its own")

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return none."""
        return ()

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer nothing."""
        return {}
