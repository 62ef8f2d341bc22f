"""From a map of features to words, a word at a time.

`Tell` sees the picture once, as if it were the first word (Vinyals and others 2015, "Show and Tell"). `Attend` looks at
the map anew for each word: soft attention, gated, the state beginning from the mean feature, and the next word told
from state, what was looked at and the last word (Xu and others 2015, "Show, Attend and Tell", equations 4 to 9 and
section 4.2.1; but the gate has a value for each channel, and one linear layer tells the word).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstm_onnx.nn.lstm import LSTM

State = tuple[Tensor, Tensor]
"""Hidden and cell state, each (row, hidden)."""


class Seen(NamedTuple):
    """What a decoder needs of pictures, made once: one entry for each, shared by all rows that look at it.

    Attributes:
        places: (batch, place, channel).
        keys: (batch, place, hidden), what attention compares; None where there is no attention.
    """

    places: Tensor
    keys: Tensor | None = None


class _Decoder(nn.Module):
    """What both have in common.

    Args:
        vocabulary: number of tokens.
        inputs: size of what comes in beside the word.
        embedding: size of a word's vector.
        hidden: units of the LSTM.
        dropout: share of activations dropped in training.
        outputs: size of what the next word is told from.
    """

    def __init__(self, vocabulary: int, inputs: int, embedding: int, hidden: int, dropout: float, outputs: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, embedding)
        nn.init.normal_(self.words.weight, std=0.1)
        self.lstm = LSTM(embedding + inputs, hidden)
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.Linear(outputs, vocabulary)

    def advance(self, x: Tensor, state: State | None) -> State:
        """Feed one step (row, input) and return the state after it."""
        before = None if state is None else (state[0].unsqueeze(0), state[1].unsqueeze(0))
        _, (hidden, cell) = self.lstm(x.unsqueeze(1), None, before)
        return hidden.squeeze(0), cell.squeeze(0)


class Tell(_Decoder):
    """Show and Tell."""

    attends = False

    def __init__(self, vocabulary: int, channels: int, embedding: int, hidden: int, dropout: float) -> None:
        super().__init__(vocabulary, 0, embedding, hidden, dropout, hidden)
        self.picture = nn.Linear(channels, embedding)

    def look(self, places: Tensor) -> Seen:
        """Take the map (batch, place, channel) as it is."""
        return Seen(places)

    def begin(self, seen: Seen) -> State:
        """Return the state after the picture was fed as the first word."""
        return self.advance(self._first(seen), None)

    def teach(self, before: Tensor, seen: Seen) -> Tensor:
        """Return scores of each token (batch, step, token) at once; `before` (batch, step) stands before it."""
        read = torch.cat([self._first(seen).unsqueeze(1), self.dropout(self.words(before))], dim=1)
        states = self.lstm.hidden_states(read)[0]
        scores: Tensor = self.scores(self.dropout(states[:, 1:]))
        return scores

    def _first(self, seen: Seen) -> Tensor:
        """Return the vector (batch, embedding) that stands for the picture."""
        _, count, channels = seen.places.shape
        told = torch.tanh(self.picture(seen.places.reshape(-1, channels)))  # before the mean, so that places count
        return told.view(-1, count, told.shape[1]).mean(dim=1)

    def forward(self, token: Tensor, state: State, seen: Seen) -> tuple[Tensor, State, Tensor | None]:
        """Return scores of the next token (row, token), the new state, and no attention."""
        state = self.advance(self.dropout(self.words(token)), state)
        return self.scores(self.dropout(state[0])), state, None


class Attend(_Decoder):
    """Show, Attend and Tell."""

    attends = True

    def __init__(self, vocabulary: int, channels: int, embedding: int, hidden: int, dropout: float) -> None:
        super().__init__(vocabulary, channels, embedding, hidden, dropout, hidden + channels + embedding)
        self.start = nn.Linear(channels, 2 * hidden)
        self.key, self.query = nn.Linear(channels, hidden), nn.Linear(hidden, hidden)
        self.match = nn.Linear(hidden, 1, bias=False)
        self.gate = nn.Linear(hidden, channels)

    def look(self, places: Tensor) -> Seen:
        """Prepare the map (batch, place, channel) for attention."""
        keys = self.key(places.reshape(-1, places.shape[2]))
        return Seen(places, keys.view(-1, places.shape[1], keys.shape[1]))

    def begin(self, seen: Seen) -> State:
        """Return the state that the mean feature stands for."""
        hidden, cell = torch.tanh(self.start(seen.places.mean(dim=1))).chunk(2, dim=1)
        return hidden, cell

    def forward(self, token: Tensor, state: State, seen: Seen) -> tuple[Tensor, State, Tensor | None]:
        """Return scores of the next token (row, token), the new state, and attention (row, place).

        Rows may be several for each picture, those of one picture together.
        """
        hidden = state[0]
        attention, context = self._attend(hidden, seen)
        context = torch.sigmoid(self.gate(hidden)) * context
        word = self.dropout(self.words(token))
        state = self.advance(torch.cat([word, context], dim=1), state)
        told = self.scores(self.dropout(torch.cat([state[0], context, word], dim=1)))
        return told, state, attention

    def _attend(self, hidden: Tensor, seen: Seen) -> tuple[Tensor, Tensor]:
        assert seen.keys is not None
        batch, count, channels = seen.places.shape
        query = self.query(hidden).view(batch, -1, 1, hidden.shape[1])  # (batch, row of each, 1, hidden)
        apart = torch.tanh(seen.keys.unsqueeze(1) + query)  # (batch, row of each, place, hidden)
        match = self.match(apart.view(-1, apart.shape[3]))  # of two axes, as ONNX Runtime is slow with one weight row
        attention = torch.softmax(match.view(batch, -1, count), dim=2)
        context = attention @ seen.places
        return attention.view(-1, count), context.view(-1, channels)
