"""The metric that stands for a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


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
