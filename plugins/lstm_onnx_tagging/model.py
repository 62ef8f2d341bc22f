"""The module of a tagger: an LSTM over words or rows, and a score for each label at each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.nn.crf import LinearChainCRF
from lstm_onnx.nn.letters import LetterFilters
from lstm_onnx.nn.lstm import LSTM
from lstm_onnx.plugin import Learnt, Tags, Text
from lstm_onnx_tagging.options import Config

_UNKNOWN = 1
"""The number of a word that is not known."""


class Tagger(nn.Module):
    """Answers with a score for each label at each step.

    Args:
        options: of the task.
        learnt: one input, of words or of rows, and the tags along it.
    """

    def __init__(self, options: Config, learnt: Learnt) -> None:
        super().__init__()
        (self.feature,), tags = learnt.inputs, learnt.outputs[0]
        assert isinstance(tags, Tags)
        self.options, self.name = options, tags.name
        self.crf = LinearChainCRF(tags.width) if options.crf else None
        self.scores: Tensor | None = None  # of the batch that was seen last: with a CRF the loss is not that of answers
        self.words = self.letters = None
        size = self.feature.size
        if isinstance(self.feature, Text):
            self.words = nn.Embedding(size, options.embedding, padding_idx=0)
            # smaller than torch's 1: a rare word that is hardly learnt must not drown its letters
            nn.init.normal_(self.words.weight, std=0.1)
            with torch.no_grad():
                self.words.weight[0] = 0
            size = options.embedding
            if self.feature.letters:
                self.letters = LetterFilters(self.feature.alphabet, options.letter_filters)
                size += options.letter_filters
        self.lstm = LSTM(size, options.hidden, bidirectional=options.bidirectional)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.hidden * (2 if options.bidirectional else 1), tags.width)

    def forward(self, lengths: Tensor | None, state: Any, **inputs: Tensor) -> tuple[dict[str, Tensor], Any]:
        """Return scores (batch, step, label), and the state of the LSTM where it goes on.

        Args:
            lengths: steps that count; None for all.
            state: hidden and cell state, or None at the start.
            inputs: numbers of words (batch, step), and of their letters (batch, step, letter); or rows (batch, step,
                size).
        """
        x = inputs[self.feature.name]
        if self.words is not None:
            if self.training and self.options.word_dropout:
                hidden = (torch.rand(x.shape, device=x.device) < self.options.word_dropout) & (x > 0)
                x = torch.where(hidden, torch.full_like(x, _UNKNOWN), x)
            x = self.words(x)
            if self.letters is not None:
                x = torch.cat([x, self.letters(inputs[f"{self.feature.name}_letters"])], dim=2)
        x = self.dropout(x) if self.words is not None else x
        if self.options.bidirectional:
            states, _ = self.lstm.hidden_states(x, lengths)
        else:
            states, state = self.lstm(x, lengths, state)
        scores = self.head(self.dropout(states))
        if self.crf is None:
            return {self.name: scores}, state
        if not torch.compiler.is_exporting():
            self.scores = scores
        return {self.name: scores if self.training or lengths is None else self.crf.best(scores, lengths)}, state

    def loss(self, answers: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the cross-entropy of a step, or of the whole path over its steps."""
        right = batch[f"{self.name}_number"]
        if self.crf is None:
            return functional.cross_entropy(answers[self.name].flatten(0, 1), right.flatten())
        assert self.scores is not None
        return self.crf.loss(self.scores, right, batch[self.feature.lengths])
