"""The classifier: an LSTM over numbers or words, pooling, perhaps convolutions and n-grams beside it, a linear head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from lstm_onnx.features.words import PADDING, UNKNOWN
from lstm_onnx.nn.lstm import LSTM
from lstm_onnx.plugin import Category, Learnt, OutputFeature, Rows, Text
from lstm_onnx_classification.convolution import ConvolutionBranch
from lstm_onnx_classification.linear_scores import LinearScores
from lstm_onnx_classification.ngram_codes import BUCKETS
from lstm_onnx_classification.ngrams import NgramBranch
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.patches import Patches
from lstm_onnx_classification.pooling import Pooling, valid_steps
from lstm_onnx_classification.random_scores import MOST_LEFT_OUT, RandomScores, left_out

State = dict[str, Tensor]
PREPARED = "random_convolutions"
LINEAR_SHARE = 0.8
"""Of the linear model in the scores of a text: the LSTM, which knows its texts by heart, is surer than it is right.
Texts held back from training parts said so, and give the linear model more still; see `benchmarks/development`."""
LOWEST = -1.0
"""What the largest hidden state begins with: none is smaller."""


class Classifier(nn.Module):
    """Classifies sequences, of numbers or of words.

    Args:
        config: options.
        features: one sequence that goes in, and `label` that comes out.
    """

    def __init__(self, config: Config, features: Learnt) -> None:
        super().__init__()
        self.label: OutputFeature = features.outputs[0]
        given, directions = features.inputs[0], 2 if config.bidirectional else 1
        self.given, self.config = given.name, config
        self.words = WordVectors(config, given.size) if isinstance(given, Text) else None
        # what is scaled in a second way is for random convolutions alone: the LSTM learnt less with it
        self.first = len(given.ways[0]) if isinstance(given, Rows) and len(given.ways) > 1 else None
        size = config.embedding if self.words is not None else self.first or given.size
        patch = config.patch or 1  # None in older runs
        self.patches = Patches(size, patch, config.hidden) if patch > 1 else None
        read = self.patches.size if self.patches is not None else size
        self.lstm = LSTM(read, config.hidden, config.layers, config.bidirectional, config.dropout)
        self.pooling = Pooling(config.pooling, config.hidden * directions)
        filters = config.convolutions
        self.convolutions = ConvolutionBranch(size, filters, config.kernels) if filters else None
        self.ngrams = (
            NgramBranch(given.size, config.ngrams, config.ngram_size)
            if config.ngrams and self.words is not None
            else None
        )
        beside = [branch.size for branch in (self.convolutions, self.ngrams) if branch is not None]
        self.dropout = nn.Dropout(config.dropout)
        classes = features["label"].width  # type: ignore[union-attr]
        self.head = nn.Linear(self.pooling.size + sum(beside), classes)
        orders = config.tf_idf if self.words is not None and isinstance(self.label, Category) else ()
        places = config.tf_idf_places or BUCKETS  # None in older runs, as are orders
        self.linear = LinearScores(given.size, orders, classes, places) if orders else None
        random = config.random_convolutions  # None in older runs
        self.random = RandomScores(given, random, classes) if isinstance(given, Rows) and random else None

    def forward(
        self, lengths: Tensor | None, state: State | None, **given: Tensor
    ) -> tuple[dict[str, Tensor], State | None]:
        """Return scores (logits) of the classes, `label` (batch, class), and of a piece of a stream also its state.

        Args:
            lengths: steps or words that count, (batch,); None in a stream.
            state: what was remembered of the pieces before, see `_running`.
            given: scaled values (batch, time, size), zero in the padding, or numbers of words (batch, word).
        """
        x = given[self.given]
        if lengths is None:
            pooled, state = self._running(x, state)
            return {"label": self.head(pooled)}, state
        seen = self.words(x, lengths) if self.words is not None else x if self.first is None else x[..., : self.first]
        read, count = (seen, lengths) if self.patches is None else self.patches(seen, lengths)
        states, last = self.lstm.hidden_states(read, count)
        ends = torch.cat([last[-2], last[-1]], dim=1) if self.lstm.bidirectional else last[-1]
        found = [self.pooling(states, ends, count)]
        if self.convolutions is not None:
            found.append(self.convolutions(seen, lengths))
        if self.ngrams is not None:
            found.append(self.ngrams(x, lengths))
        scores = self.head(self.dropout(torch.cat(found, dim=1)))
        if self.linear is not None and not self.training:
            own = self.linear(x, lengths)  # each has learnt by itself
            scores = (1 - LINEAR_SHARE) * scores + LINEAR_SHARE * own
        if self.random is None:
            return {"label": scores}, None
        return {"label": self.random(scores, x, lengths, given.get(PREPARED))}, None

    def solve_first(self, batches: Iterator[dict[str, Tensor]]) -> None:
        """Fit the linear model beside the LSTM, if there is one, from batches of texts with their classes."""
        if self.linear is None:
            return
        label = cast(Category, self.label)
        weights = torch.tensor(label.even_weights) if label.balance != "none" else torch.ones(label.width)
        self.linear.fit(((b[self.given], b["lengths"], b[label.right]) for b in batches), weights)

    @property
    def prepares(self) -> bool:
        """Whether there are random convolutions, which are computed once for each example."""
        return self.random is not None

    def prepared(self, seen: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return their features, and fit them first where that was not done."""
        assert self.random is not None
        return {PREPARED: self.random.prepared(seen[self.given], seen["lengths"])}

    @property
    def leaves_out(self) -> bool:
        """Whether random convolutions tell what would be answered to an example that was not learnt from.

        They do where smoothed labels say which scores are best, and scores are of examples as they come.
        """
        return (
            self.random is not None
            and isinstance(self.label, Category)
            and self.label.smoothing > 0
            and self.label.balance == "none"
        )

    def left_out(self, seen: Iterator[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Return the scores of random convolutions without each example, of some thousand examples at most."""
        assert self.random is not None and isinstance(self.label, Category)
        features, right, count = [], [], 0
        for batch in seen:
            features.append(self.random.features.kept(batch[self.given], batch["lengths"]))
            right.append(batch[f"{self.label.name}_number"])
            count += len(right[-1])
            if count >= MOST_LEFT_OUT:
                break
        told = left_out(torch.cat(features), torch.cat(right), self.label.width, self.label.smoothing)
        return {self.label.name: told}

    def loss(self, answers: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of the scores or, where there are two in training, the sum of theirs."""
        scores = answers["label"]
        if self.random is None or not self.training:
            return self.label.loss(scores, batch)
        return self.label.loss(scores[0], batch) + self.label.loss(scores[1], batch)

    def _running(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Pool all steps since the reset, of which x (batch, time, size) are the last.

        The state has `hidden` and `cell` of the LSTM (layer, batch, unit), the `count` of steps so far (batch,), and
        of hidden states so far the `average` and the `largest`, (batch, unit).
        """
        before = state or self._start(x)
        states, (hidden, cell) = self.lstm(x, state=(before["hidden"], before["cell"]))
        seen, count = before["count"].unsqueeze(1), before["count"] + x.shape[1]
        average = (before["average"] * seen + states.sum(dim=1)) / count.unsqueeze(1)
        largest = torch.maximum(before["largest"], states.amax(dim=1))
        pools = {"last": hidden[-1], "mean": average, "max": largest}
        after = {"hidden": hidden, "cell": cell, "count": count, "average": average, "largest": largest}
        return torch.cat([pools[kind] for kind in self.pooling.kinds], dim=1), after

    def _start(self, x: Tensor) -> State:
        size = (x.shape[0], self.config.hidden)
        zeros = x.new_zeros(self.config.layers, *size)
        start: dict[str, Any] = {"hidden": zeros, "cell": zeros, "count": x.new_zeros(size[0])}
        return start | {"average": x.new_zeros(size), "largest": x.new_full(size, LOWEST)}


class WordVectors(nn.Module):
    """Looks up the vectors of words.

    Args:
        config: options.
        count: how many numbers of words there are.
    """

    def __init__(self, config: Config, count: int) -> None:
        super().__init__()
        self.hidden_share = config.word_dropout
        self.table = nn.Embedding(count, config.embedding, padding_idx=PADDING)
        # smaller than torch's 1: a rare word that is hardly learnt must not drown the others
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[PADDING] = 0
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, word, size) from the numbers of words (batch, word); zero in the padding."""
        if self.training and self.hidden_share:
            hidden = (torch.rand(tokens.shape, device=tokens.device) < self.hidden_share) & (tokens != PADDING)
            tokens = torch.where(hidden, UNKNOWN, tokens)
        vectors: Tensor = self.dropout(self.table(tokens))
        return vectors * valid_steps(tokens, lengths).to(vectors.dtype)
