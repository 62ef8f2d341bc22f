"""The module of a language model: an LSTM over a text, and a score of each character after those before it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lstm_onnx.features.pieces import BYTES
from lstm_onnx.features.sentence_graph import END, SPECIAL, START, UNKNOWN
from lstm_onnx.nn.beam_search import NEVER, Decoded, SearchState
from lstm_onnx.nn.lstm import LSTM
from lstm_onnx.nn.sampling import Choice, sample
from lstm_onnx.plugin import Learnt, Sentence
from lstm_onnx_textgen.options import Config
from lstm_onnx_textgen.reading import LIKELY, TEXT


def _named(sentence: Sentence) -> list[int]:
    """Return what `stop` names each unit by: its code point, a byte itself, a word its number; -2 for nothing."""
    words = sentence.words or ()
    if not sentence.characters and not sentence.pieces:
        return list(range(len(SPECIAL), len(SPECIAL) + len(words)))
    single = range(BYTES) if sentence.pieces else ()
    return [*single, *(ord(w) if len(w) == 1 else -2 for w in words[len(single) :])]


class LanguageModel(nn.Module):
    """Answers with how likely a text is, and with how it goes on.

    Args:
        options: of the task.
        learnt: the prompt, options of drawing, and the sentence that goes on with it.
    """

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
        self.register_buffer("points", torch.tensor([-2] * len(SPECIAL) + _named(sentence)), persistent=False)

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
    ) -> dict[str, Tensor | Decoded]:
        """Return the log-probability (batch,) of each prompt as a whole text, and what is drawn after it.

        Args:
            prompt: numbers of characters (batch, place), 0 in the padding.
            lengths: characters that count, (batch,).
            temperature: as the other options, (batch,); see `Choice`.
            top_k: likewise.
            top_p: likewise.
            seed: likewise.
            longest: likewise.
            stop: code point, or number of a word.
        """
        right = torch.where(prompt > 0, prompt + 1, END)  # as the sentence numbers them
        seen = torch.cat([torch.full_like(right[:, :1], START), right], dim=1)
        told = torch.cat([right, torch.full_like(right[:, :1], END)], dim=1)
        states, last = self.lstm(self.dropout(self.embed(seen)), lengths + 1, cell=not self.training)
        said = torch.log_softmax(self.head(self.dropout(states)), dim=2).gather(2, told.unsqueeze(2)).squeeze(2)
        counts = torch.arange(told.shape[1], device=told.device) <= lengths.unsqueeze(1)
        likely = torch.where(counts, said, 0.0).sum(dim=1)
        if self.training:  # nothing is written where it learns
            return {LIKELY: likely, TEXT: said}
        state = (last[0].transpose(0, 1), last[1].transpose(0, 1))  # (batch, layer, hidden)
        is_stop = (self.points == stop.unsqueeze(1)).to(torch.int64)  # (batch, token)
        ends = torch.where(is_stop.amax(dim=1) > 0, is_stop.argmax(dim=1), -1)
        choice = Choice(seed, temperature, top_k, top_p, longest, ends, lengths)
        first = self.scores(state[0])
        return {LIKELY: likely, TEXT: sample(self.step, first, state, choice, end=END, longest=self.longest)}

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
