"""The module of a language model: an LSTM over a text, and a score of each character after those before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lstm_onnx.features.sentence_graph import END, START, UNKNOWN
from lstm_onnx.nn.beam_search import NEVER, Decoded, SearchState
from lstm_onnx.nn.joint_search import Sampling
from lstm_onnx.nn.lstm import LSTM, State
from lstm_onnx.nn.sampling import Choice
from lstm_onnx.plugin import Learnt, Sentence
from lstm_onnx_textgen.options import Config
from lstm_onnx_textgen.reading import LIKELY, TEXT


class LanguageModel(nn.Module):
    """Answers with how likely a text is, and with how it goes on; `learnt` has the text, and how to draw."""

    points: Tensor

    def __init__(self, options: Config, learnt: Learnt) -> None:
        super().__init__()
        sentence = learnt[TEXT]
        assert isinstance(sentence, Sentence) and sentence.words is not None
        self.longest = sentence.longest
        self.embed = nn.Embedding(sentence.width, options.embedding)
        self.lstm = LSTM(options.embedding, options.hidden, options.layers, dropout=options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.hidden, sentence.width)
        self.register_buffer("points", torch.tensor(sentence.points), persistent=False)

    def forward(
        self,
        prompt: Tensor,
        lengths: Tensor,
        temperature: Tensor,
        top_k: Tensor,
        top_p: Tensor,
        seed: Tensor,
        longest: Tensor,
        stop: Tensor,
        state: dict[str, Tensor] | None = None,
    ) -> tuple[dict[str, Tensor], None] | Sampling:
        """Return the log-probability (batch,) of each prompt as a whole text, and what to draw after it; the state.

        Args:
            prompt: numbers of units (batch, place), 0 in the padding.
            lengths: units that count, (batch,); in a stream they go on behind those of the pieces before.
            temperature: as the other options, (batch,); see `Choice`.
            top_k: likewise.
            top_p: likewise.
            seed: likewise.
            longest: likewise.
            stop: code point, byte, or number of a word.
            state: after the prompt so far, without what was written: `hidden` and `cell` (batch, layer, hidden), and
                (batch,) its `place`, in units, and `likely`, its log-probability. At place 0 nothing else counts.
        """
        right = torch.where(prompt > 0, prompt + 1, END)  # as the sentence numbers them
        lengths = torch.full_like(right[:, 0], right.shape[1]) if lengths is None else lengths
        start = torch.full_like(right[:, :1], START)
        if state is None:
            told = self.dropout(self.embed(torch.cat([start, right], dim=1)))
            states, last = self.lstm(told, lengths + 1, cell=not self.training)
        else:
            first = self._before(start, state)
            states, last = self.lstm(self.embed(right), lengths, first)
            states = torch.cat([first[0][-1].unsqueeze(1), states], dim=1)
        comes = torch.cat([right, torch.full_like(start, END)], dim=1)  # after each of the states
        said = torch.log_softmax(self.head(self.dropout(states)), dim=2).gather(2, comes.unsqueeze(2)).squeeze(2)
        counts = torch.arange(comes.shape[1], device=comes.device) < lengths.unsqueeze(1)

        def likely(told: Tensor) -> tuple[Tensor, Tensor]:  # the text so far, and as a whole
            here = torch.where(counts, told, 0.0).sum(dim=1)
            so_far = here if state is None else state["likely"] + here
            return so_far, so_far + told.gather(1, lengths.unsqueeze(1)).squeeze(1)

        if self.training:  # nothing is written where it learns
            return {LIKELY: likely(said)[1], TEXT: said}, None
        place = lengths if state is None else state["place"] + lengths
        hidden, cell = (part.transpose(0, 1) for part in last)  # (batch, layer, hidden)

        def answers(written: Decoded, told: Tensor) -> tuple[dict[str, Any], dict[str, Tensor]]:
            so_far, whole = likely(told)
            return {LIKELY: whole, TEXT: written}, {"hidden": hidden, "cell": cell, "place": place, "likely": so_far}

        is_stop = (self.points == stop.unsqueeze(1)).to(torch.int64)  # (batch, token)
        ends = torch.where(is_stop.amax(dim=1) > 0, is_stop.argmax(dim=1), -1)
        choice = Choice(seed, temperature, top_k, top_p, longest, ends, place)
        return Sampling(self.step, self.scores(hidden), (hidden, cell), choice, END, self.longest, said, answers)

    def _before(self, start: Tensor, state: Mapping[str, Tensor]) -> State:
        """Return hidden and cell state (layer, batch, hidden) to go on from: at place 0 those after START."""
        _, fresh = self.lstm(self.embed(start))
        begun = (state["place"] > 0).reshape(1, -1, 1)
        given = (state["hidden"].transpose(0, 1), state["cell"].transpose(0, 1))
        return torch.where(begun, given[0], fresh[0]), torch.where(begun, given[1], fresh[1])

    def step(self, token: Tensor, state: SearchState) -> tuple[Tensor, SearchState, Tensor | None]:
        """Return the scores of the next token (batch, token) and the state (batch, layer, hidden) after this one."""
        before = (state[0].transpose(0, 1).contiguous(), state[1].transpose(0, 1).contiguous())
        _, (hidden, cell) = self.lstm(self.embed(token).unsqueeze(1), None, before)
        after = (hidden.transpose(0, 1), cell.transpose(0, 1))
        return self.scores(after[0]), after, None

    def scores(self, hidden: Tensor) -> Tensor:
        """Return scores (batch, token) of what is written next; never what stands for no character.

        Args:
            hidden: (batch, layer, hidden).
        """
        scores = self.head(hidden[:, -1])
        ids = torch.arange(scores.shape[1], device=scores.device)
        return torch.where((ids == START) | (ids == UNKNOWN), NEVER, scores)

    def loss(self, answers: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy of a character, in nats, ends included."""
        return -answers[LIKELY].sum() / (batch["lengths"] + 1).sum()
