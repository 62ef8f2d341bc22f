"""From a map of features to words, a word at a time.

`Tell` sees the picture once, as if it were the first word (Vinyals and others 2015, "Show and Tell"). `Attend` looks at the
map anew for each word: soft attention, gated, with the state beginning from the mean feature (Xu and others 2015, "Show,
Attend and Tell", equations 4 to 6 and section 4.2.1).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstm_onnx.layers import LSTM

State = tuple[Tensor, Tensor]
"""Hidden and cell state, each (rows, hidden)."""


class Seen(NamedTuple):
    """What a decoder needs of pictures, made once: one entry for each, shared by all rows that look at it.

    Attributes:
        places: (batch, places, channels).
        keys: (batch, places, size), what attention compares; None where there is no attention.
    """

    places: Tensor
    keys: Tensor | None


class _Decoder(nn.Module):
    """What both have in common.

    Args:
        vocabulary: number of tokens.
        channels: of a place of the map.
        inputs: size of what comes in beside the word.
        embedding: size of a word's vector.
        hidden: units of the LSTM.
        dropout: share of activations dropped in training.
        outputs: size of what the next word is told from.
    """

    def __init__(
        self, vocabulary: int, inputs: int, embedding: int, hidden: int, dropout: float, outputs: int
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, embedding)
        nn.init.normal_(self.words.weight, std=0.1)
        self.lstm = LSTM(embedding + inputs, hidden)
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.Linear(outputs, vocabulary)

    def advance(self, x: Tensor, state: State) -> State:
        """Feed one step (rows, inputs)."""
        hidden, cell = (s.unsqueeze(0) for s in state)
        _, (hidden, cell) = self.lstm(x.unsqueeze(1), None, (hidden, cell))
        return hidden.squeeze(0), cell.squeeze(0)


class Tell(_Decoder):
    """Show and Tell."""

    attends = False

    def __init__(self, vocabulary: int, channels: int, embedding: int, hidden: int, dropout: float) -> None:
        super().__init__(vocabulary, 0, embedding, hidden, dropout, hidden)
        self.picture = nn.Linear(channels, embedding)

    def look(self, features: Tensor) -> Seen:
        """Keep the map (batch, places, channels)."""
        return Seen(features, None)

    def begin(self, seen: Seen) -> State:
        """Return the state after the picture was fed as the first word."""
        x = self.picture(seen.places.mean(dim=1))
        zero = x.new_zeros(x.shape[0], self.lstm.hidden_size)
        return self.advance(x, (zero, zero))

    def forward(self, token: Tensor, state: State, seen: Seen) -> tuple[Tensor, State, Tensor | None]:
        """Return scores of the next token (rows, vocabulary), the new state, and no attention."""
        state = self.advance(self.dropout(self.words(token)), state)
        return self.scores(self.dropout(state[0])), state, None


class Attend(_Decoder):
    """Show, Attend and Tell."""

    attends = True

    def __init__(self, vocabulary: int, channels: int, embedding: int, hidden: int, dropout: float) -> None:
        super().__init__(vocabulary, channels, embedding, hidden, dropout, hidden + channels + embedding)
        self.start = nn.Linear(channels, 2 * hidden)
        self.key, self.query, self.match = nn.Linear(channels, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 1)
        self.gate = nn.Linear(hidden, channels)

    def look(self, features: Tensor) -> Seen:
        """Prepare the map (batch, places, channels) for attention."""
        return Seen(features, self.key(features))

    def begin(self, seen: Seen) -> State:
        """Return the state that the mean feature stands for."""
        hidden, cell = self.start(seen.places.mean(dim=1)).tanh().chunk(2, dim=1)
        return hidden, cell

    def forward(self, token: Tensor, state: State, seen: Seen) -> tuple[Tensor, State, Tensor]:
        """Return scores of the next token (rows, vocabulary), the new state, and attention (rows, places).

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
        count, channels, units = seen.places.shape[1], seen.places.shape[2], hidden.shape[1]
        query = self.query(hidden).reshape(seen.places.shape[0], -1, 1, units)  # (batch, rows of each, 1, units)
        match = self.match(torch.tanh(seen.keys.unsqueeze(1) + query)).squeeze(3)
        attention = torch.softmax(match, dim=2)  # (batch, rows of each, places)
        context = attention @ seen.places
        return attention.reshape(-1, count), context.reshape(-1, channels)
