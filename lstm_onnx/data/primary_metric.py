"""The metric that stands for a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from lstm_onnx.contract import Scores


@dataclass(frozen=True)
class PrimaryMetric:
    """The metric that stands for the model: early stopping watches it and summaries show it first.

    Attributes:
        name: as `Task.finish` calls it.
        mode: whether less or more of it is better.
        fallback: metric nearest to the training loss, less of it better, by which a variant such as int8 is judged on
            data that the metric has no value for (NaN), as training then watches the loss; None for none.
    """

    name: str
    mode: Literal["min", "max"] = "min"
    fallback: str | None = None

    def improves(self, new: float, old: float) -> bool:
        """Whether `new` is better than `old`; anything is better than NaN."""
        if np.isnan(old):
            return not np.isnan(new)
        return new < old if self.mode == "min" else new > old

    def ahead(self, scores: Scores) -> tuple[str, ...]:
        """Return the names of the baselines that are better than the model, the best first."""
        own, others = scores.model[self.name], scores.baselines
        found = [who for who in others if self.improves(others[who].get(self.name, np.nan), own)]
        return tuple(sorted(found, key=lambda who: others[who][self.name], reverse=self.mode == "max"))
