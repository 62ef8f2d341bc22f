"""The module of a translator: an LSTM that reads, and one that writes and looks at what was read (attention).

Attention is Luong's, "general", with a layer over state and context (Luong and others 2015, equations 5 and 8); what
was looked at does not go into the next step, so that in training all steps are one call of the LSTM.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.features.sentence_graph import END, START, UNKNOWN
from lstm_onnx.nn.beam_search import NEVER, SearchState
from lstm_onnx.nn.joint_search import Search
from lstm_onnx.nn.lstm import LSTM
from lstm_onnx.plugin import Learnt, Sentence, Text
from lstm_onnx_translate.options import Config
from lstm_onnx_translate.reading import SOURCE, TARGET

_HIDDEN = -1e4
"""Added to the attention of padding; a text without a word looks at its padding alone, and is still a number."""


class Translator(nn.Module):
    """Answers with the likeliest target of each source.

    Args:
        options: of the task.
        learnt: the source, and the sentence that it becomes.
    """

    def __init__(self, options: Config, learnt: Learnt) -> None:
        super().__init__()
        source, target = learnt[SOURCE], learnt[TARGET]
        assert isinstance(source, Text) and isinstance(target, Sentence)
        self.options, self.longest = options, target.longest
        hidden, seen = options.hidden, 2 * options.hidden
        self.embed = nn.Embedding(source.size, options.embedding, padding_idx=0)
        self.reader = LSTM(options.embedding, hidden, options.layers, bidirectional=True, dropout=options.dropout)
        self.begin = nn.Linear(seen, 2 * hidden)
        self.words = nn.Embedding(target.width, options.embedding)
        self.writer = LSTM(options.embedding, hidden)
        self.key = nn.Linear(seen, hidden, bias=False)
        self.mix, self.head = nn.Linear(hidden + seen, hidden), nn.Linear(hidden, target.width)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor | None = None) -> dict[str, Tensor] | Search:
        """Return scores (batch, word, width) after the right words before each, or the search that finds them.

        Args:
            source: numbers of words or characters (batch, place), 0 in the padding.
            lengths: how many count, (batch,).
            target: numbers of what is right (batch, word), in training.
        """
        read, last = self.reader.hidden_states(self.dropout(self.embed(source)), lengths)
        places = torch.arange(source.shape[1], device=source.device)
        hidden = torch.where(places < lengths.unsqueeze(1), 0.0, _HIDDEN).unsqueeze(1)  # (batch, 1, place)
        keys = self.key(read)
        ends = torch.cat([last[-2], last[-1]], dim=1)
        state = tuple(half.contiguous() for half in torch.tanh(self.begin(ends)).chunk(2, dim=1))

        def tell(states: Tensor) -> Tensor:
            """Return scores (batch, row, width) of states (batch, row, hidden)."""
            looked = torch.softmax(states @ keys.transpose(1, 2) + hidden, dim=2) @ read
            mixed = torch.tanh(self.mix(self.dropout(torch.cat([states, looked], dim=2))))
            scores: Tensor = self.head(self.dropout(mixed))
            return scores

        if target is not None:
            before = torch.cat([torch.full_like(target[:, :1], START), target[:, :-1]], dim=1)
            begun = (state[0].unsqueeze(0), state[1].unsqueeze(0))
            states, _ = self.writer(self.dropout(self.words(before)), None, begun)
            return {TARGET: tell(states)}
        count = source.shape[0]

        def step(token: Tensor, now: SearchState) -> tuple[Tensor, SearchState, Tensor | None]:
            begun = (now[0].unsqueeze(0), now[1].unsqueeze(0))
            states, (after, cell) = self.writer(self.words(token).unsqueeze(1), None, begun)
            scores = tell(states.reshape(count, -1, states.shape[2])).flatten(0, 1)
            ids = torch.arange(scores.shape[1], device=scores.device)
            scores = torch.where((ids == START) | (ids == UNKNOWN), NEVER, scores)
            return torch.log_softmax(scores, dim=1), (after.squeeze(0), cell.squeeze(0)), None

        return Search(
            step,
            state,
            start=START,
            end=END,
            width=self.options.beam,
            longest=self.longest,
            answers=lambda found: {TARGET: found},
            length_penalty=self.options.length_penalty,
        )

    def loss(self, answers: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy of a word, ends included; smoothed in training."""
        scores, right = answers[TARGET], batch[f"{TARGET}_tokens"]
        counts = torch.arange(right.shape[1], device=right.device) < batch[f"{TARGET}_lengths"].unsqueeze(1)
        return functional.cross_entropy(
            scores.flatten(0, 1),
            torch.where(counts, right, -1).flatten(),
            ignore_index=-1,
            label_smoothing=self.options.smoothing if self.training else 0.0,
        )
