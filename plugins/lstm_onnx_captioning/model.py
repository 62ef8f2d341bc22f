"""The captioner: an encoder, or what narrows the map of a frozen one; a decoder; loss; and the search for a caption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.features.sentence_graph import END, START, UNKNOWN
from lstm_onnx.nn.beam_search import Decoded
from lstm_onnx.nn.compact_cnn import CompactCNN
from lstm_onnx.nn.joint_search import Search
from lstm_onnx.plugin import Image, Learnt, Sentence
from lstm_onnx_captioning.decoders import Attend, Seen, State, Tell
from lstm_onnx_captioning.options import ATTENTION, CAPTION, PICTURE, Config, grid


class Captioner(nn.Module):
    """From a picture, or the map of features that a frozen encoder made of it, to a caption."""

    def __init__(self, config: Config, learnt: Learnt) -> None:
        super().__init__()
        picture, caption = learnt[PICTURE], learnt[CAPTION]
        assert isinstance(picture, Image) and isinstance(caption, Sentence)
        self.encoder = CompactCNN(config.channels) if picture.map is None else Narrow(picture.map[0], config)
        self.config, self.grid = config, grid(config, picture.map)
        channels = config.channels[-1]
        self.norm = nn.LayerNorm(channels)
        self.position = nn.Parameter(torch.zeros(self.grid[0] * self.grid[1], channels))
        kind = Attend if config.decoder == "attend" else Tell
        self.decoder = kind(caption.width, channels, config.embedding, config.hidden, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, image: Tensor, caption: Tensor | None = None) -> dict[str, Any] | Search:
        """Say what is to be searched; or, to learn, score the words of `caption`.

        Args:
            image: (batch, 3, size, size) from 0 to 1, or maps (batch, channel, row, column).
            caption: the right words by number, (batch, step).
        """
        seen = self.look(self.encoder(image))
        if caption is not None:
            told, looked = self.teach(caption, seen)
            return self._with(told, looked)
        return self.search(seen)

    def _found(self, found: Decoded) -> dict[str, Any]:
        where = None if found.notes is None else found.notes.view(-1, self.config.max_words, *self.grid)
        return self._with(found, where)

    def _with(self, said: Any, looked: Tensor | None) -> dict[str, Any]:
        return {CAPTION: said} if looked is None else {CAPTION: said, ATTENTION: looked}

    def look(self, features: Tensor) -> Seen:
        """Prepare maps (batch, channel, row, column) for the decoder."""
        places = features.flatten(2).transpose(1, 2)  # (batch, place, channel), row by row
        return self.decoder.look(self.dropout(self.norm(places) + self.position))

    def search(self, seen: Seen) -> Search:
        """Return the search for the best caption of each picture."""

        def step(token: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...], Tensor | None]:
            return self.step(token, (state[0], state[1]), seen)

        return Search(
            step,
            self.decoder.begin(seen),
            start=START,
            end=END,
            width=self.config.beam,
            longest=self.config.max_words,
            answers=self._found,
            length_penalty=self.config.length_penalty,
            noted=self.grid[0] * self.grid[1] if self.decoder.attends else 0,
        )

    def step(self, token: Tensor, state: State, seen: Seen) -> tuple[Tensor, State, Tensor | None]:
        """Return log-probabilities of the next token (row, token), the new state, and attention (row, place) or None.

        What stands for no word is never said, and nothing ends before its first word.
        """
        scores, state, attention = self.decoder(token, state, seen)
        ids = torch.arange(scores.shape[1], device=scores.device)
        silent = (ids == START) | (ids == UNKNOWN)
        never = torch.stack([silent, silent | (ids == END)])  # after a word, and at the start
        banned = torch.where(never, float("-inf"), 0.0)
        scores = scores + banned.index_select(0, (token == START).to(torch.int64))
        return torch.log_softmax(scores, dim=1), state, attention

    def loss(self, answers: Mapping[str, Any], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy of a word; in training smoothed, and with the penalty on attention.

        Args:
            answers: scores of the words (batch, step, token), perhaps attention (batch, step, place).
            batch: `tokens` (batch, step) and `lengths` (batch,), the end counted.
        """
        tokens, lengths = batch["tokens"], batch["lengths"]
        counts = torch.arange(tokens.shape[1], device=tokens.device) < lengths.unsqueeze(1)  # (batch, step)
        loss = functional.cross_entropy(
            answers[CAPTION].flatten(0, 1),
            torch.where(counts, tokens, -1).flatten(),
            ignore_index=-1,
            label_smoothing=self.config.smoothing if self.training else 0.0,
        )
        if ATTENTION in answers and self.config.attention_weight and self.training:
            # doubly stochastic: a place gets 1 in all (Xu and others 2015, equation 14; as their code, its mean)
            in_all = (answers[ATTENTION] * counts.unsqueeze(2)).sum(dim=1)
            loss = loss + self.config.attention_weight * (1 - in_all).square().mean()
        return loss

    def teach(self, tokens: Tensor, seen: Seen) -> tuple[Tensor, Tensor | None]:
        """Return scores of each token (batch, step, token) after the right ones before it, and attention if any.

        In scheduled sampling (Bengio and others 2015) some of the tokens before it are the model's own.
        """
        token = torch.full_like(tokens[:, 0], START)
        samples = self.training and self.config.sampling > 0
        if isinstance(self.decoder, Tell) and not samples:
            return self.decoder.teach(torch.cat([token.unsqueeze(1), tokens[:, :-1]], dim=1), seen), None
        state = self.decoder.begin(seen)
        told, looked = [], []
        for k in range(tokens.shape[1]):
            scores, state, attention = self.decoder(token, state, seen)
            told.append(scores)
            if attention is not None:
                looked.append(attention)
            token = tokens[:, k]
            if samples:
                own = torch.rand(token.shape, device=token.device) < self.config.sampling
                token = torch.where(own, scores.detach().argmax(dim=1), token)
        return torch.stack(told, dim=1), torch.stack(looked, dim=1) if looked else None


class Narrow(nn.Module):
    """Brings the map that a frozen encoder made to fewer channels."""

    def __init__(self, channels: int, config: Config) -> None:
        super().__init__()
        self.drop = nn.Dropout2d(config.feature_dropout)  # whole channels
        self.narrow = nn.Conv2d(channels, config.channels[-1], 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return maps (batch, fewer, row, column) of maps (batch, channel, row, column)."""
        found: Tensor = self.narrow(self.drop(features))
        return found
