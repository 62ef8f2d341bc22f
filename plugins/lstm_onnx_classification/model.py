"""The classifier: scaling or words, an LSTM with pooling, perhaps convolutions beside it, a linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.nn.lstm import LSTM
from lstm_onnx_classification.convolution import ConvolutionBranch
from lstm_onnx_classification.inputs import SeriesInput, WordInput
from lstm_onnx_classification.ngrams import NgramBranch
from lstm_onnx_classification.options import Config, Info
from lstm_onnx_classification.pooling import Pooling


class Classifier(nn.Module):
    """What all classifiers share; the subclasses say what goes in.

    Args:
        see: from raw inputs to (batch, time, feature).
    """

    temperature: Tensor
    class_weights: Tensor

    def __init__(self, see: SeriesInput | WordInput, config: Config, info: Info) -> None:
        super().__init__()
        classes, directions = len(info.classes), 2 if config.bidirectional else 1
        self.see = see
        self.lstm = LSTM(see.size, config.hidden, config.layers, config.bidirectional, config.dropout)
        self.pooling = Pooling(config.pooling, config.hidden * directions)
        self.convolutions = self._convolutions(see.size, config)
        self.ngrams = self._ngrams(config, info)
        beside = [branch.size for branch in (self.convolutions, self.ngrams) if branch is not None]
        features = self.pooling.size + sum(beside)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(features, classes)
        self.smoothing = config.smoothing
        shares = torch.tensor(info.priors, dtype=torch.float32)
        weights = 1 / (classes * shares) if config.balance == "weights" else torch.ones(classes)
        self.register_buffer("class_weights", weights, persistent=False)
        self.register_buffer("temperature", torch.ones(()))

    @staticmethod
    def _convolutions(size: int, config: Config) -> ConvolutionBranch | None:
        return ConvolutionBranch(size, config.convolutions, config.kernels) if config.convolutions else None

    @staticmethod
    def _ngrams(config: Config, info: Info) -> NgramBranch | None:
        if not config.ngrams or info.words is None:
            return None
        return NgramBranch(len(info.words.known), config.ngrams, config.ngram_size)

    def logits(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return unscaled scores (batch, class) of raw inputs x, padded to a common length."""
        seen = self.see(x, lengths)
        states, last = self.lstm.hidden_states(seen, lengths)
        directions = 2 if self.lstm.bidirectional else 1
        ends = torch.cat([last[-directions], last[-1]], dim=1) if directions == 2 else last[-1]
        found = [self.pooling(states, ends, lengths)]
        if self.convolutions is not None:
            found.append(self.convolutions(seen, lengths))
        if self.ngrams is not None:
            found.append(self.ngrams(x, lengths))
        return self.head(self.dropout(torch.cat(found, dim=1)))  # type: ignore[no-any-return]

    def answer(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (batch, class) after calibration, and the number of the likeliest class (batch,)."""
        probabilities = torch.softmax(logits / self.temperature, dim=1)
        return probabilities, probabilities.argmax(dim=1)

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy (scalar), its targets smoothed and classes weighed as configured."""
        return functional.cross_entropy(logits, target, self.class_weights, label_smoothing=self.smoothing)


class SeriesClassifier(Classifier):
    """Classifies sequences of numbers."""

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__(SeriesInput(config, info), config, info)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Answer for values (batch, time, channel) with lengths (batch,)."""
        return self.answer(self.logits(values, lengths))


class TextClassifier(Classifier):
    """Classifies texts, given as numbers of words."""

    def __init__(self, config: Config, info: Info) -> None:
        assert info.words is not None
        super().__init__(WordInput(config, len(info.words.known)), config, info)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Answer for words (batch, word) with lengths (batch,)."""
        return self.answer(self.logits(tokens, lengths))


def build(config: Config, info: Info) -> Classifier:
    """Make a fresh classifier."""
    return SeriesClassifier(config, info) if info.words is None else TextClassifier(config, info)


@torch.no_grad()
def fit_temperature(logits: Tensor, target: Tensor) -> float:
    """Return the temperature that makes the logits' cross-entropy least (Guo and others 2017).

    A few examples, all of them right, would call for no doubt at all; so the logarithm is drawn to 0 as by a normal
    prior of deviation 0.5, which counts as little beside many examples. A golden-section search: there is one minimum.
    """
    ratio, low, high = 0.618034, -2.0, 2.0

    def loss(log_temperature: float) -> float:
        scaled = logits / torch.tensor(log_temperature).exp()
        return float(functional.cross_entropy(scaled, target, reduction="sum")) + 2 * log_temperature**2

    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(torch.tensor((low + high) / 2).exp())
