"""The module of a tagger: an LSTM over words or rows, and a score for each label at each step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

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
        self.words = None
        size = self.feature.size
        if isinstance(self.feature, Text):
            self.words = nn.Embedding(size, options.embedding, padding_idx=0)
            size = options.embedding
        self.lstm = LSTM(size, options.hidden, bidirectional=options.bidirectional)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.hidden * (2 if options.bidirectional else 1), tags.width)

    def forward(self, lengths: Tensor | None, state: Any, **inputs: Tensor) -> tuple[dict[str, Tensor], Any]:
        """Return scores (batch, step, label), and the state of the LSTM where it goes on.

        Args:
            lengths: steps that count; None for all.
            state: hidden and cell state, or None at the start.
            inputs: numbers of words (batch, step), or rows (batch, step, size).
        """
        x = inputs[self.feature.name]
        if self.words is not None:
            if self.training and self.options.word_dropout:
                hidden = (torch.rand(x.shape, device=x.device) < self.options.word_dropout) & (x > 0)
                x = torch.where(hidden, torch.full_like(x, _UNKNOWN), x)
            x = self.words(x)
        x = self.dropout(x) if self.words is not None else x
        if self.options.bidirectional:
            states, _ = self.lstm.hidden_states(x, lengths)
        else:
            states, state = self.lstm(x, lengths, state)
        return {self.name: self.head(self.dropout(states))}, state
