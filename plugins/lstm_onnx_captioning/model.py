"""The captioner: an encoder, or what a frozen one gave; a decoder; loss; and the search for a caption."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.features.sentence_graph import END, START, UNKNOWN
from lstm_onnx.nn.beam_search import Decoded, beam_search
from lstm_onnx_captioning.decoders import Attend, Seen, State, Tell
from lstm_onnx_captioning.encoders import CompactEncoder
from lstm_onnx_captioning.options import Config, Info


class Captioner(nn.Module):
    """What all captioners share: from a map of features to a caption; the subclasses say what goes in.

    Args:
        channels: of the map.
        grid: its rows and columns.
    """

    def __init__(self, channels: int, grid: tuple[int, int], config: Config, info: Info) -> None:
        super().__init__()
        self.config, self.grid = config, grid
        self.norm = nn.LayerNorm(channels)
        self.position = nn.Parameter(torch.zeros(grid[0] * grid[1], channels))
        kind = Attend if config.decoder == "attend" else Tell
        self.decoder = kind(len(info.vocabulary), channels, config.embedding, config.hidden, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def features(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return maps (batch, channel, row, column) of the pictures of a training batch."""
        raise NotImplementedError

    def look(self, features: Tensor) -> Seen:
        """Prepare maps (batch, channel, row, column) for the decoder."""
        places = features.flatten(2).transpose(1, 2)  # (batch, place, channel), row by row
        return self.decoder.look(self.dropout(self.norm(places) + self.position))

    def answer(self, features: Tensor) -> tuple[Tensor, ...]:
        """Return tokens (batch, word), lengths and score (batch,), log-probabilities (batch, word), perhaps attention.

        Attention is (batch, word, row, column).
        """
        found = self.search(self.look(features))
        told = (found.tokens, found.lengths, found.score, found.log_probabilities)
        return told if found.notes is None else (*told, found.notes.view(-1, self.config.max_words, *self.grid))

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

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy of a word; in training smoothed, and with the penalty on attention.

        Args:
            batch: pictures, `tokens` (batch, step) and `lengths` (batch,), the end counted.
        """
        tokens, lengths = batch["tokens"], batch["lengths"]
        told, looked = self.teach(tokens, self.look(self.features(batch)))
        counts = torch.arange(tokens.shape[1], device=tokens.device) < lengths.unsqueeze(1)  # (batch, step)
        loss = functional.cross_entropy(
            told.flatten(0, 1),
            torch.where(counts, tokens, -1).flatten(),
            ignore_index=-1,
            label_smoothing=self.config.smoothing if self.training else 0.0,
        )
        if looked is not None and self.config.attention_weight and self.training:
            # doubly stochastic: a place gets 1 in all (Xu and others 2015, equation 14; as their code, its mean)
            in_all = (looked * counts.unsqueeze(2)).sum(dim=1)
            loss = loss + self.config.attention_weight * (1 - in_all).square().mean()
        return loss

    def teach(self, tokens: Tensor, seen: Seen) -> tuple[Tensor, Tensor | None]:
        """Return scores of each token (batch, step, token) after the right ones before it, and attention if any.

        In scheduled sampling (Bengio and others 2015) some of the tokens before it are the model's own.
        """
        state = self.decoder.begin(seen)
        token = torch.full_like(tokens[:, 0], START)
        told, looked = [], []
        for k in range(tokens.shape[1]):
            scores, state, attention = self.decoder(token, state, seen)
            told.append(scores)
            if attention is not None:
                looked.append(attention)
            token = tokens[:, k]
            if self.training and self.config.sampling:
                own = torch.rand(token.shape, device=token.device) < self.config.sampling
                token = torch.where(own, scores.detach().argmax(dim=1), token)
        return torch.stack(told, dim=1), torch.stack(looked, dim=1) if looked else None


class PictureCaptioner(Captioner):
    """Captions pictures that it learns to see by itself."""

    def __init__(self, config: Config, info: Info) -> None:
        encoder = CompactEncoder(config.channels)
        side = encoder.side(config.size)
        super().__init__(encoder.channels, (side, side), config, info)
        self.encoder = encoder

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Answer for pictures (batch, 3, size, size) from 0 to 1."""
        return self.answer(self.encoder(picture))

    def features(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Encode `image`, bytes (batch, size, size, 3)."""
        found: Tensor = self.encoder(batch["image"].permute(0, 3, 1, 2).to(torch.float32) / 255)
        return found


class FeatureCaptioner(Captioner):
    """Captions pictures by the maps that a frozen encoder made of them, brought to fewer channels."""

    def __init__(self, config: Config, info: Info) -> None:
        assert info.features is not None
        channels, *grid = info.features
        super().__init__(config.channels[-1], (grid[0], grid[1]), config, info)
        self.drop = nn.Dropout2d(config.feature_dropout)  # whole channels
        self.narrow = nn.Conv2d(channels, config.channels[-1], 1)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Answer for maps (batch, channel, row, column)."""
        return self.answer(self.narrow(features))

    def features(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Take `features` of the batch."""
        found: Tensor = self.narrow(self.drop(batch["features"]))
        return found


def build(config: Config, info: Info) -> Captioner:
    """Make a fresh captioner."""
    return PictureCaptioner(config, info) if info.features is None else FeatureCaptioner(config, info)
