"""What answers of several levels have in common, whether one of them is right or any number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_onnx.contract import Axis
from lstm_onnx.features.feature import OutputFeature


class Levelled(OutputFeature):
    """An answer that has a score for each level; its fields are those of its kinds, which are kept in their order."""

    if TYPE_CHECKING:
        meaning: str
        levels: tuple[str, ...] | tuple[int, ...] | None
        scores: str | None
        axis: str | None

    @property
    def width(self) -> int:
        """How many scores `forward` answers with."""
        return len(self._levels)

    @property
    def _levels(self) -> tuple[str, ...] | tuple[int, ...]:
        assert self.levels is not None, "not fitted"
        return self.levels

    @property
    def _labels(self) -> tuple[str, ...]:
        return tuple(map(str, self._levels))

    @property
    def probabilities(self) -> str:
        """Name of the output that has the probability of each level."""
        return self.scores or f"{self.name}_probabilities"

    @property
    def _axis(self) -> str:
        return self.axis or f"{self.name}_level"

    def axes(self) -> dict[str, Axis]:
        """Describe the levels."""
        return {self._axis: Axis(size=self.width, labels=self._labels, meaning=self.meaning)}
