"""LSTMs with weights worth testing, ragged batches for them, and the textbook's answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lstm_onnx.nn.lstm import LSTM, State
from tests.nn import textbook
from tests.nn.textbook import Array, Weights

INPUT, HIDDEN = 3, 4


@dataclass(frozen=True)
class Shape:
    """What kind of LSTM."""

    layers: int = 1
    bidirectional: bool = False

    @property
    def slots(self) -> int:
        return self.layers * (2 if self.bidirectional else 1)

    def __str__(self) -> str:
        return f"{self.layers}x{'both' if self.bidirectional else 'one'}"


SHAPES = [Shape(1), Shape(1, True), Shape(2), Shape(3, True)]


def make_lstm(shape: Shape, dtype: torch.dtype = torch.float32, seed: int = 0) -> LSTM:
    """Make an LSTM whose weights are large enough that no two gates could be mistaken for each other."""
    generator = torch.Generator().manual_seed(seed)
    lstm = LSTM(INPUT, HIDDEN, shape.layers, shape.bidirectional).to(dtype)
    with torch.no_grad():
        for p in lstm.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * 0.7)
    return lstm


def make_input(batch: int, time: int, dtype: torch.dtype = torch.float32, seed: int = 1) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(batch, time, INPUT))).to(dtype)


def make_state(shape: Shape, batch: int, dtype: torch.dtype = torch.float32, seed: int = 2) -> State:
    h, c = np.random.default_rng(seed).normal(size=(2, shape.slots, batch, HIDDEN))
    return torch.from_numpy(np.tanh(h)).to(dtype), torch.from_numpy(c).to(dtype)


def make_lengths(kind: str, batch: int, time: int) -> Tensor | None:
    """Lengths by the name of their kind; "ragged" holds 0, 1 and `time` wherever the batch has room for them."""
    if kind == "none":
        return None
    ragged = [time, 0, 1, *np.random.default_rng(3).integers(0, time + 1, size=batch)]
    named = {"zeros": [0] * batch, "ones": [1] * batch, "full": [time] * batch, "ragged": ragged[:batch]}
    return torch.tensor(named[kind])


def spoil_padding(x: Tensor, lengths: Tensor | None, value: float = float("nan")) -> Tensor:
    """Return a copy of x (batch, time, feature) with `value` in all its padding."""
    if lengths is None:
        return x.clone()
    return x.masked_fill((torch.arange(x.shape[1]) >= lengths.unsqueeze(1)).unsqueeze(2), value)


def textbook_weights(lstm: LSTM) -> list[list[Weights]]:
    """Read the weights out of the layers; `torch.nn.LSTM` documents their order as input, forget, cell, output."""
    return [
        [
            Weights.from_stacked(
                "ifgo",
                d.weight_ih_l0.detach().numpy(),
                d.weight_hh_l0.detach().numpy(),
                (d.bias_ih_l0.double() + d.bias_hh_l0.double()).detach().numpy(),
            )
            for d in directions
        ]
        for directions in lstm.layers
    ]


def textbook_answer(lstm: LSTM, x: Tensor, lengths: Tensor | None, state: State | None) -> tuple[Array, Array, Array]:
    """Ask the textbook for the output, the last hidden state and the last cell state."""
    weights = textbook_weights(lstm)
    slots = sum(len(directions) for directions in weights)
    zeros = np.zeros((slots, x.shape[0], lstm.hidden_size))
    h0, c0 = (zeros, zeros) if state is None else (s.detach().double().numpy() for s in state)
    steps = None if lengths is None else [int(n) for n in lengths]
    return textbook.network(weights, x.detach().double().numpy(), steps, h0, c0)
