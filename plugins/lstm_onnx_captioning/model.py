"""The captioner: encoder, decoder, loss, and the search for a caption."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.decoding import Decoded, beam_search
from lstm_onnx_captioning.config import END, START, UNKNOWN, Config, Info
from lstm_onnx_captioning.decoders import Attend, Seen, State, Tell
from lstm_onnx_captioning.encoders import CompactEncoder, places
from lstm_onnx_captioning.resizing import Square


class Captioner(nn.Module):
    """Says what is to be seen on a picture.

    `forward` takes pictures, or where the encoder is frozen and stands outside, its maps of features.
    """

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__()
        self.config = config
        if info.features is None:
            self.square = Square(config.size, config.fit)
            self.encoder = CompactEncoder(config.channels)
            side = self.encoder.side(config.size)
            channels, self.grid = self.encoder.channels, (side, side)
        else:
            channels, *grid = info.features
            self.grid = (grid[0], grid[1])
        self.norm = nn.LayerNorm(channels)
        self.position = nn.Parameter(torch.zeros(self.grid[0] * self.grid[1], channels))
        kind = Attend if config.decoder == "attend" else Tell
        self.decoder = kind(len(info.vocabulary), channels, config.embedding, config.hidden, config.dropout)
        self.drop = nn.Dropout(config.dropout)

    def look(self, given: Tensor, features: bool = False) -> Seen:
        """Prepare pictures, bytes (batch, height, width, 3), or maps (batch, channels, rows, columns), for the decoder."""
        found = given if features else self.encoder(self.square(given))
        return self.decoder.look(self.drop(self.norm(places(found)) + self.position))

    def step(self, token: Tensor, state: State, seen: Seen) -> tuple[Tensor, State, Tensor | None]:
        """Return log-probabilities of the next token (rows, vocabulary), the new state, and attention (rows, places).

        What stands for no word is never said, and nothing ends before its first word.
        """
        scores, state, attention = self.decoder(token, state, seen)
        ids = torch.arange(scores.shape[1], device=scores.device)
        silent = (ids == START) | (ids == UNKNOWN)
        never = silent.unsqueeze(0) | ((ids == END).unsqueeze(0) & (token == START).unsqueeze(1))
        scores = torch.where(never, torch.full((), float("-inf"), device=scores.device), scores)
        return torch.log_softmax(scores, dim=1), state, attention

    def forward(self, image: Tensor | None = None, features: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return tokens and their log-probabilities (batch, word), lengths and score (batch,), attention if there is any.

        Attention is (batch, word, row, column).
        """
        seen = self.look(image) if image is not None else self.look(features, features=True)
        found = self.search(seen)
        told = (found.tokens, found.lengths, found.score, found.log_probabilities)
        if found.notes is None:
            return told
        return (*told, found.notes.reshape(-1, self.config.max_words, *self.grid))

    def search(self, seen: Seen) -> Decoded:
        """Find the best caption of each picture by beam search."""

        def step(token: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...], Tensor | None]:
            return self.step(token, (state[0], state[1]), seen)

        return beam_search(
            step,
            self.decoder.begin(seen),
            start=START,
            end=END,
            width=self.config.beam,
            longest=self.config.max_words,
            length_penalty=self.config.length_penalty,
            noted=self.grid[0] * self.grid[1] if self.decoder.attends else 0,
        )

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy of a word, and the penalty on attention (Xu and others 2015, equation 14)."""
        tokens, lengths = batch["tokens"], batch["lengths"]
        seen = self.look(batch["features"], True) if "features" in batch else self.look(batch["image"])
        state = self.decoder.begin(seen)
        token = torch.full_like(lengths, START)
        scores, looked = [], []
        for k in range(tokens.shape[1]):
            told, state, attention = self.decoder(token, state, seen)
            scores.append(told)
            if attention is not None:
                looked.append(attention)
            token = self._next(tokens[:, k], told)
        counts = torch.arange(tokens.shape[1], device=tokens.device) < lengths.unsqueeze(1)  # (batch, word)
        target = torch.where(counts, tokens, -1)
        loss = functional.cross_entropy(
            torch.stack(scores, dim=1).flatten(0, 1),
            target.flatten(),
            ignore_index=-1,
            label_smoothing=self.config.smoothing if self.training else 0.0,
        )
        if looked and self.config.attention_weight and self.training:
            # each place is to be looked at equally often in all: as often as there are words for each place
            times = (torch.stack(looked, dim=1) * counts.unsqueeze(2)).sum(dim=1)
            share = lengths.unsqueeze(1) / times.shape[1]
            loss = loss + self.config.attention_weight * (share - times).square().sum(dim=1).mean()
        return loss

    def _next(self, given: Tensor, told: Tensor) -> Tensor:
        """Return the word to go on from: the given one or, in scheduled sampling, now and then the model's own."""
        if not (self.training and self.config.sampling):
            return given
        own = torch.rand(given.shape, device=given.device) < self.config.sampling
        return torch.where(own, told.detach().argmax(dim=1), given)


def build(config: Config, info: Info) -> Captioner:
    """Make a fresh captioner."""
    return Captioner(config, info)
