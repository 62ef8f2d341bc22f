"""The LSTM, once: one `forward` for training and for export.

`LSTM` takes padded batches with explicit lengths and explicit state. In training each layer and direction is one call
of PyTorch's fused kernel; inside `onnx_weights`, the same code calls one operator that the exporter turns into one ONNX
`LSTM` node. `PackedSequence` is not used: it does not export, and it loses the fast CPU kernel.

Equations (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), as in `torch.nn.LSTM`:

    i, f, o = sigmoid(W x + U h + b)    g = tanh(W x + U h + b)    c' = f * c + i * g    h' = o * tanh(c')
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from lstm_onnx.nn.reverse import reverse_by_length

State = tuple[Tensor, Tensor]
"""Hidden and cell state, each (layers * directions, batch, hidden)."""

_TORCH_TO_ONNX = (0, 3, 1, 2)  # gates: torch stacks i, f, g, o; ONNX i, o, f, c
_ONNX_TO_TORCH = (0, 2, 3, 1)
# the column for padding is put beside the weights at each call, and cuDNN then copies them into one block: a few kB
warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk", UserWarning)
_CLOSED = 1e4  # a pre-activation at which float32 sigmoids are exactly 0 or 1


def reorder_gates(stacked: Tensor, order: tuple[int, ...]) -> Tensor:
    """Permute the four gate blocks that lie along the first axis."""
    blocks = stacked.chunk(4, dim=0)
    return torch.cat([blocks[k] for k in order], dim=0)


@torch.library.custom_op("lstm_onnx::lstm", mutates_args=())
def lstm_op(
    x: Tensor, w: Tensor, r: Tensor, b: Tensor, h0: Tensor | None, c0: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer in one direction with weights as ONNX's `LSTM` wants them; what the exporter sees of an LSTM.

    Args:
        x: (time, batch, feature).
        w: (1, 4 * hidden, feature), gates i, o, f, c.
        r: (1, 4 * hidden, hidden).
        b: (1, 8 * hidden), input biases, then recurrent ones.
        h0: (1, batch, hidden), or None for zeros.
        c0: (1, batch, hidden), or None for zeros.

    Returns:
        Y (time, 1, batch, hidden), Y_h and Y_c (1, batch, hidden).
    """
    bias_w, bias_r = b[0].chunk(2)
    weights = [reorder_gates(t, _ONNX_TO_TORCH) for t in (w[0], r[0], bias_w, bias_r)]
    zeros = x.new_zeros(1, x.shape[1], r.shape[2])
    state = (zeros if h0 is None else h0, zeros if c0 is None else c0)
    y, h, c = torch.lstm(x, state, weights, True, 1, 0.0, False, False, False)
    return y.unsqueeze(1), h.clone(), c.clone()


@lstm_op.register_fake
def _(
    x: Tensor, w: Tensor, r: Tensor, b: Tensor, h0: Tensor | None, c0: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    time, batch, _ = x.shape
    hidden = r.shape[2]
    return x.new_empty(time, 1, batch, hidden), x.new_empty(1, batch, hidden), x.new_empty(1, batch, hidden)


class _Direction(nn.LSTM):
    """One layer in one direction over (time, batch, feature): a plain `nn.LSTM`, or the ONNX operator while exporting.

    `padding` (time, batch, 1) is appended to the input as a column that is 1 on padding. Its weights, fixed, shut the
    input gate and open the forget gate, so that the cell state passes unchanged through padding: that is how the state
    at each length comes out of a kernel that returns only the last one.
    """

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor
    onnx_w: Tensor
    onnx_w_padded: Tensor
    onnx_r: Tensor
    onnx_b: Tensor

    def run(self, x: Tensor, state: State | None, padding: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return every hidden state (time, batch, hidden) and the last hidden and cell state (1, batch, hidden)."""
        if padding is not None:
            x = torch.cat([x, padding], dim=2)
        if hasattr(self, "onnx_r"):
            w = self.onnx_w if padding is None else self.onnx_w_padded
            y, h, c = torch.ops.lstm_onnx.lstm(x, w, self.onnx_r, self.onnx_b, *(state or (None, None)))
            return y.squeeze(1), h, c
        h0 = x.new_zeros(1, x.shape[1], self.hidden_size) if state is None else state[0].contiguous()
        c0 = h0 if state is None else state[1].contiguous()  # cuDNN takes no view
        if padding is None:
            self.check_forward_args(x, (h0, c0), None)  # else a wrong size ends the process
        w = self.weight_ih_l0 if padding is None else self._with_padding_column()
        weights = [w, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0]
        y, h, c = torch.lstm(x, (h0, c0), weights, True, 1, 0.0, self.training, False, False)
        return y, h, c

    def _with_padding_column(self) -> Tensor:
        """Return the input weights (4 * hidden, feature + 1) with the column that freezes the cell on padding."""
        closed = self.weight_ih_l0.new_full((self.hidden_size,), _CLOSED)
        zero = torch.zeros_like(closed)
        return torch.cat([self.weight_ih_l0, torch.cat([-closed, closed, zero, zero]).unsqueeze(1)], dim=1)

    def add_onnx_weights(self) -> None:
        """Hold the weights once more as ONNX's `LSTM` takes them, so that no node of the graph has to shuffle them."""
        biases = [reorder_gates(t, _TORCH_TO_ONNX) for t in (self.bias_ih_l0, self.bias_hh_l0)]
        buffers = {
            "onnx_w": reorder_gates(self.weight_ih_l0, _TORCH_TO_ONNX),
            "onnx_w_padded": reorder_gates(self._with_padding_column(), _TORCH_TO_ONNX),
            "onnx_r": reorder_gates(self.weight_hh_l0, _TORCH_TO_ONNX),
            "onnx_b": torch.cat(biases),
        }
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor.detach().unsqueeze(0), persistent=False)

    def drop_onnx_weights(self) -> None:
        """Undo `add_onnx_weights`."""
        for name in ("onnx_w", "onnx_w_padded", "onnx_r", "onnx_b"):
            delattr(self, name)


@contextmanager
def onnx_weights(module: nn.Module, may_be_empty: bool = False) -> Iterator[None]:
    """Within this context every `LSTM` inside `module` runs as the operator that exports to one ONNX node.

    The weights are copied on entry. What an enclosing `onnx_weights` holds already is left to it.

    Args:
        module: what is exported.
        may_be_empty: whether sequences without a step may come, for which the graph needs a few nodes more.
    """
    directions = [m for m in module.modules() if isinstance(m, _Direction) and not hasattr(m, "onnx_r")]
    layers = [m for m in module.modules() if isinstance(m, LSTM) and m.may_be_empty != may_be_empty]
    for layer in layers:
        layer.may_be_empty = may_be_empty
    with torch.no_grad():
        for d in directions:
            d.add_onnx_weights()
    try:
        yield
    finally:
        for d in directions:
            d.drop_onnx_weights()
        for layer in layers:
            layer.may_be_empty = not may_be_empty


class LSTM(nn.Module):
    """Stacked, optionally bidirectional LSTM over padded batches.

    Args:
        input_size: features per step.
        hidden_size: units per layer and direction.
        num_layers: how many layers are stacked.
        bidirectional: adds a direction that reads each sequence from its own end.
        dropout: probability of dropping an output between layers, in training.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bidirectional: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        directions = 2 if bidirectional else 1
        self.input_size, self.hidden_size, self.bidirectional = input_size, hidden_size, bidirectional
        sizes = [input_size] + [hidden_size * directions] * (num_layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(_Direction(size, hidden_size) for _ in range(directions)) for size in sizes
        )
        self.dropout = nn.Dropout(dropout)
        self.may_be_empty = False  # as exported; see `onnx_weights`

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, state: State | None = None, *, cell: bool = True
    ) -> tuple[Tensor, State]:
        """Run over whole sequences.

        Args:
            x: (batch, time, input_size); anything may stand in the padding, NaN included.
            lengths: (batch,) int64, each from 0 to time; None means that all steps count.
            state: hidden and cell state to start from, each (layers * directions, batch, hidden); None means zeros.
            cell: whether the last cell state is wanted; with lengths it costs a column of weights, else it is wrong.

        Returns:
            The hidden states of the last layer, (batch, time, directions * hidden), zero in the padding; and the state
            after each sequence's last step, ordered layer by layer, forward before backward. A sequence of length 0
            keeps the state that it was given.
        """
        if not torch.compiler.is_exporting() and x.shape[1] == 0:  # which PyTorch's kernel refuses
            return self._of_no_steps(x, state)
        if lengths is not None and _are_whole(lengths, x.shape[1]):
            lengths = None
        x = x.transpose(0, 1)  # (time, batch, feature), the layout of both PyTorch's kernel and ONNX's
        valid = None
        if lengths is not None:
            valid = (torch.arange(x.shape[0], device=x.device).unsqueeze(1) < lengths).unsqueeze(2)  # (time, batch, 1)
            x = torch.where(valid, x, torch.zeros((), dtype=x.dtype, device=x.device))
        padding = (~valid).to(x.dtype) if valid is not None and cell else None
        hidden, cells = [], []
        for depth, directions in enumerate(self._directions()):
            outputs = []
            for k, direction in enumerate(directions):
                at = depth * len(directions) + k
                start = (state[0][at : at + 1], state[1][at : at + 1]) if state is not None else None
                y, h, c = direction.run(self._reverse(x, lengths) if k else x, start, padding)
                if self.may_be_empty:  # of no steps, runtimes leave anything in the state
                    steps = x.new_full(x.shape[1:2], x.shape[0], dtype=torch.int64)
                    h = _where(steps > 0, h, start[0] if start else None)
                    c = _where(steps > 0, c, start[1] if start else None)
                if lengths is not None:
                    h = _at_length(y, lengths, start[0] if start else None, self.may_be_empty)
                outputs.append(self._reverse(y, lengths) if k else y)
                hidden.append(h)
                cells.append(c)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
            if depth < len(self.layers) - 1:
                x = self.dropout(x)
        if valid is not None:
            x = torch.where(valid, x, torch.zeros((), dtype=x.dtype, device=x.device))
        return x.transpose(0, 1), (_stack(hidden), _stack(cells))

    def hidden_states(
        self, x: Tensor, lengths: Tensor | None = None, state: State | None = None
    ) -> tuple[Tensor, Tensor]:
        """Do the same without the last cell state, which most models do not need.

        Returns:
            The hidden states (batch, time, directions * hidden), and the last of each sequence as in `forward`.
        """
        output, (hidden, _) = self(x, lengths, state, cell=False)
        return output, hidden

    def _of_no_steps(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Answer for x (batch, 0, feature): no hidden states, and the state that was given."""
        slots = sum(map(len, self._directions()))
        zeros = x.new_zeros(slots, x.shape[0], self.hidden_size)
        width = self.hidden_size * slots // len(self.layers)
        return x.new_zeros(x.shape[0], 0, width), state if state is not None else (zeros, zeros.clone())

    def _directions(self) -> list[list[_Direction]]:
        return [list(layer) for layer in cast(list[list[_Direction]], self.layers)]

    def _reverse(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        return x.flip(0) if lengths is None else reverse_by_length(x, lengths, self.may_be_empty)


def _are_whole(lengths: Tensor, steps: int) -> bool:
    """Whether there is no padding, and so nothing to mask; asked of a CPU alone, as a GPU would have to wait."""
    return not torch.compiler.is_exporting() and not lengths.is_cuda and bool((lengths == steps).all())


def _at_length(y: Tensor, lengths: Tensor, start: Tensor | None, may_be_empty: bool) -> Tensor:
    """Pick from y (time, batch, hidden) the step before each length; where that is 0, `start` or zeros."""
    if may_be_empty:  # there must be something to pick from
        y = torch.cat([y, y.new_zeros(1, y.shape[1], y.shape[2])])
    last = (lengths - 1).clamp(min=0).reshape(1, -1, 1).expand(1, -1, y.shape[2])
    return _where(lengths > 0, y.gather(0, last), start)


def _where(kept: Tensor, state: Tensor, start: Tensor | None) -> Tensor:
    """Put `start`, or zeros, into the state (1, batch, hidden) of every sequence that is not `kept` (batch,)."""
    zero = torch.zeros((), dtype=state.dtype, device=state.device)
    return torch.where(kept.reshape(1, -1, 1), state, zero if start is None else start)


def _stack(states: list[Tensor]) -> Tensor:
    return states[0] if len(states) == 1 else torch.cat(states, dim=0)
