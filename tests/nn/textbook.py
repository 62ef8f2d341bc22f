"""The LSTM of the textbook in NumPy: one gate, one step, one sequence at a time, in float64.

    i, f, o = sigmoid(W x + U h + b)    g = tanh(W x + U h + b)    c' = f * c + i * g    h' = o * tanh(c')

Slow and plain on purpose: what `lstm_onnx.nn.lstm` computes is held against it, so it shares nothing with PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
GATES = "ifgo"


@dataclass(frozen=True)
class Weights:
    """One layer in one direction; for each gate w (hidden, feature), u (hidden, hidden) and b (hidden)."""

    w: dict[str, Array]
    u: dict[str, Array]
    b: dict[str, Array]

    @classmethod
    def from_stacked(cls, order: str, w: Array, u: Array, b: Array) -> Weights:
        """Cut matrices in which the four gates lie on top of each other in the given order."""

        def cut(stacked: Array) -> dict[str, Array]:
            return dict(zip(order, np.split(np.asarray(stacked, np.float64), 4), strict=True))

        return cls(cut(w), cut(u), cut(b))


@dataclass(frozen=True)
class Step:
    """What one step leaves behind for the way back: its inputs, its gates after activation, and the new cell."""

    x: Array
    h: Array
    c: Array
    gate: dict[str, Array]
    new_c: Array


@dataclass(frozen=True)
class Gradients:
    """Derivatives with respect to everything that goes into one layer and direction, over one sequence."""

    x: Array
    h0: Array
    c0: Array
    weights: Weights


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def sequence(weights: Weights, x: Array, h: Array, c: Array) -> tuple[Array, Array, Array, list[Step]]:
    """Run over x (time, feature) from h and c (hidden): hidden states (time, hidden), last h, last c, and the steps."""
    outputs, steps = [], []
    for x_t in x:
        z = {k: weights.w[k] @ x_t + weights.u[k] @ h + weights.b[k] for k in GATES}
        gate = {k: np.tanh(z[k]) if k == "g" else sigmoid(z[k]) for k in GATES}
        new_c = gate["f"] * c + gate["i"] * gate["g"]
        steps.append(Step(x_t, h, c, gate, new_c))
        h, c = gate["o"] * np.tanh(new_c), new_c
        outputs.append(h)
    return np.array(outputs).reshape(len(x), len(h)), h, c, steps


def sequence_backward(weights: Weights, steps: list[Step], d_output: Array, d_h: Array, d_c: Array) -> Gradients:
    """Go back through `sequence`: from the derivatives of its three results to those of its inputs.

    Args:
        weights: those of the forward pass.
        steps: what `sequence` left behind.
        d_output: derivative of the loss by every hidden state, (time, hidden).
        d_h: by the last hidden state, (hidden), on top of `d_output`.
        d_c: by the last cell state, (hidden).
    """
    d_w, d_u, d_b = ({k: np.zeros_like(part[k]) for k in GATES} for part in (weights.w, weights.u, weights.b))
    d_x = np.zeros((len(steps), weights.w["i"].shape[1]))
    for t in reversed(range(len(steps))):
        s, gate = steps[t], steps[t].gate
        squashed = np.tanh(s.new_c)
        d_h = d_h + d_output[t]
        d_c = d_c + d_h * gate["o"] * (1 - squashed**2)
        d_gate = {"i": d_c * gate["g"], "f": d_c * s.c, "g": d_c * gate["i"], "o": d_h * squashed}
        slope = {k: 1 - gate[k] ** 2 if k == "g" else gate[k] * (1 - gate[k]) for k in GATES}
        d_z = {k: d_gate[k] * slope[k] for k in GATES}
        for k in GATES:
            d_w[k] += np.outer(d_z[k], s.x)
            d_u[k] += np.outer(d_z[k], s.h)
            d_b[k] += d_z[k]
        d_x[t] = sum(weights.w[k].T @ d_z[k] for k in GATES)
        d_h = sum(weights.u[k].T @ d_z[k] for k in GATES)
        d_c = d_c * gate["f"]
    return Gradients(d_x, d_h, d_c, Weights(d_w, d_u, d_b))


def network(
    layers: Sequence[Sequence[Weights]], x: Array, lengths: Sequence[int] | None, h0: Array, c0: Array
) -> tuple[Array, Array, Array]:
    """Run stacked layers of one or two directions over a padded batch.

    Args:
        layers: for each layer its forward weights and, where there is one, its backward direction's.
        x: (batch, time, feature); steps from a sequence's length on are never looked at.
        lengths: steps of each sequence; None means all.
        h0: (layers * directions, batch, hidden), ordered layer by layer, forward before backward; c0 likewise.

    Returns:
        The last layer's hidden states (batch, time, directions * hidden), zero in the padding; last h; last c.
    """
    batch, time = x.shape[:2]
    hidden = h0.shape[2]
    output = np.zeros((batch, time, len(layers[0]) * hidden))
    last_h, last_c = np.zeros_like(h0, np.float64), np.zeros_like(c0, np.float64)
    for n in range(batch):
        steps = time if lengths is None else int(lengths[n])
        value = np.asarray(x[n, :steps], np.float64)
        slot = 0
        for directions in layers:
            sides = []
            for number, weights in enumerate(directions):
                seen = value[::-1] if number == 1 else value
                side, last_h[slot, n], last_c[slot, n], _ = sequence(weights, seen, h0[slot, n], c0[slot, n])
                sides.append(side[::-1] if number == 1 else side)
                slot += 1
            value = np.concatenate(sides, axis=1)
        output[n, :steps] = value
    return output, last_h, last_c
