"""The classifier of features of several kinds: all of them as one vector, a score for each class out of it."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from lstm_onnx.features.mixed import MixedNetwork
from lstm_onnx.plugin import Learnt
from lstm_onnx_classification.options import Config


class MixedClassifier(MixedNetwork):
    """Classifies examples of which sequences, texts, categories, numbers and pictures may go in.

    Args:
        config: options.
        features: what goes in, and `label` that comes out.
    """

    def __init__(self, config: Config, features: Learnt) -> None:
        super().__init__(config, features)
        self.head = nn.Linear(self.width, features["label"].width)  # type: ignore[union-attr]

    def forward(self, state: Any = None, **tensors: Tensor) -> tuple[dict[str, Tensor], Any]:
        """Return scores (logits) of the classes, `label` (batch, class), and what goes round in a stream."""
        mixed, after = self.mixed(state, tensors)
        return {"label": self.head(mixed)}, after
