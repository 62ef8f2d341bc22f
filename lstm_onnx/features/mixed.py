"""What a model of features of all kinds begins with: sequences through LSTMs, pictures through CNNs, all joined."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.features.category import Category
from lstm_onnx.features.image import Image
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.text import Text
from lstm_onnx.nn.compact_cnn import CompactCNN
from lstm_onnx.nn.lstm import LSTM


class MixedOptions(Protocol):
    """What a task's options must have for its model to be a `MixedNetwork`."""

    @property
    def hidden(self) -> int:
        """Units of each LSTM and direction."""

    @property
    def embedding(self) -> int:
        """Size of a word's vector; a category has at most so many numbers."""

    @property
    def filters(self) -> tuple[int, ...]:
        """Of each stage of the CNN that looks at pictures."""

    @property
    def bidirectional(self) -> bool:
        """Whether each sequence is also read from its end."""

    @property
    def dropout(self) -> float:
        """Share of activations dropped in training."""

    @property
    def noise(self) -> float:
        """Gaussian noise on scaled steps in training, in spreads."""


class Reader(nn.Module):
    """An LSTM over one sequence, and what is kept of it: the last state and the mean of all.

    Args:
        size: numbers at each step.
        options: units and directions.
    """

    def __init__(self, size: int, options: MixedOptions) -> None:
        super().__init__()
        self.lstm = LSTM(size, options.hidden, bidirectional=options.bidirectional)
        self.streams = not options.bidirectional
        self.width = 2 * options.hidden * (2 if options.bidirectional else 1)

    def forward(self, x: Tensor, lengths: Tensor | None, state: Any) -> tuple[Tensor, Any]:
        """Return (batch, width), and what goes round in a stream.

        Args:
            x: (batch, time, size).
            lengths: steps that count, (batch,); None for all.
            state: as it was returned, or None at the start.
        """
        if not self.streams:
            states, last = self.lstm.hidden_states(x, lengths)
            count = _counts(x, lengths)
            return torch.cat([last.transpose(0, 1).flatten(1), states.sum(dim=1) / count.clamp(min=1)], dim=1), None
        states, lstm = self.lstm(x, lengths, None if state is None else state["lstm"])
        total, count = states.sum(dim=1), _counts(x, lengths)
        if state is not None:
            total, count = total + state["total"], count + state["count"]
        kept = torch.cat([lstm[0][0], total / count.clamp(min=1)], dim=1)
        return kept, {"lstm": lstm, "total": total, "count": count}


def _counts(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return how many steps count, (batch, 1)."""
    if lengths is not None:
        return lengths.to(x.dtype).unsqueeze(1)
    return torch.ones_like(x[:, :, :1]).sum(dim=1)


class Look(nn.Module):
    """What is kept of a picture: a few channels of its map, each place of which counts by where it is.

    Args:
        picture: the feature.
        options: filters, units and dropout.
    """

    def __init__(self, picture: Image, options: MixedOptions) -> None:
        super().__init__()
        if picture.map is None:
            self.encoder: nn.Module = CompactCNN(options.filters)
            side = -(-picture.pixels // (1 << (len(options.filters) - 1)))
            channels, places = options.filters[-1], side * side
        else:
            self.encoder = nn.Dropout2d(options.dropout)  # whole channels of a frozen encoder's map
            channels, places = picture.map[0], picture.map[1] * picture.map[2]
        self.narrow = nn.Conv2d(channels, _KEPT, 1)
        self.join = nn.Linear(_KEPT * places, options.hidden)
        self.width = options.hidden

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, width) of pictures (batch, 3, side, side), or of maps (batch, channel, row, column)."""
        found: Tensor = functional.gelu(self.join(functional.relu(self.narrow(self.encoder(x))).flatten(1)))
        return found


_KEPT = 8
"""Channels of a picture's map that are kept."""


class MixedNetwork(nn.Module):
    """All features that go in, as one vector of each example; the head is the task's.

    Args:
        options: of the task.
        learnt: the features: `Rows`, `Text`, `Category`, `Image` and `Number` may go in.
    """

    def __init__(self, options: MixedOptions, learnt: Learnt) -> None:
        super().__init__()
        self.learnt, self.noise = learnt, options.noise
        self.readers, self.tables = nn.ModuleDict(), nn.ModuleDict()
        width = 0
        for feature in learnt.inputs:
            if isinstance(feature, Rows | Text):
                if isinstance(feature, Text):
                    self.tables[feature.name] = nn.Embedding(feature.size, options.embedding, padding_idx=0)
                size = feature.size if isinstance(feature, Rows) else options.embedding
                reader = Reader(size, options)
                self.readers[feature.name] = reader
                width += reader.width
            elif isinstance(feature, Category):
                places = min(options.embedding, 1 + feature.size // 2)
                self.tables[feature.name] = nn.Embedding(feature.size, places)
                width += places
            elif isinstance(feature, Image):
                look = Look(feature, options)
                self.readers[feature.name] = look
                width += look.width
            else:
                width += feature.size
        self.dropout = nn.Dropout(options.dropout)
        self.width = 2 * options.hidden
        self.mixing = nn.Linear(width, self.width)

    def mixed(self, state: Any, tensors: dict[str, Tensor]) -> tuple[Tensor, Any]:
        """Return what stands for each example, (batch, width), and what goes round in a stream.

        Args:
            state: as it was returned; None at the start, and where whole sequences are read.
            tensors: of each feature by its name, sequences with their lengths.
        """
        seen: list[Tensor] = []
        after: dict[str, Any] = {}
        for feature in self.learnt.inputs:
            x = tensors[feature.name]
            if isinstance(feature, Text | Category):
                x = self.tables[feature.name](x)
            if isinstance(feature, Rows) and self.training and self.noise:
                x = x + self.noise * torch.randn_like(x)
            if isinstance(feature, Rows | Text):
                before = None if state is None else state.get(feature.name)
                x, kept = self.readers[feature.name](self.dropout(x), tensors[feature.lengths], before)
                after |= {feature.name: kept} if isinstance(feature, Rows) and kept is not None else {}
            elif isinstance(feature, Image):
                x = self.readers[feature.name](x)
            seen.append(x)
        return self.dropout(functional.gelu(self.mixing(self.dropout(torch.cat(seen, dim=1))))), after
