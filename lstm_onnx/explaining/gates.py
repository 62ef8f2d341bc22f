"""How the gates of the LSTMs in a file move over one sequence.

ONNX Runtime says what goes into each LSTM and what comes out; the gates in between are computed again by the equations
of the operator (https://onnx.ai/onnx/operators/onnx__LSTM.html, gates in the order input, output, forget, cell), and
what they give is held to what ONNX Runtime gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lstm_onnx.errors import UserError
from lstm_onnx.inference.session import open_session
from lstm_onnx.task import Arrays

Floats = NDArray[np.float64]
_CLOSE = 1e-3
"""How far the hidden state may be from that of ONNX Runtime, whose own sigmoid and tanh are polynomials."""


@dataclass(frozen=True)
class Gates:
    """The gates of one LSTM over one sequence, (step, unit) each, from 0 (shut) to 1 (open).

    Attributes:
        name: of the weights of the LSTM, such as `encoder.layers.0.0`.
        input: how much of the new candidate goes into the cell.
        forget: how much of the cell is kept.
        output: how much of the cell is shown.
        cell: what the cell holds.
    """

    name: str
    input: Floats
    forget: Floats
    output: Floats
    cell: Floats


def gates(content: bytes, where: str, arrays: Arrays) -> list[Gates]:
    """Return the gates of every LSTM of a file whose weights are in it, for one example.

    Args:
        content: the file.
        where: its name, for errors.
        arrays: the inputs, a batch of one; states among them may be left out if the file needs none.

    Raises:
        UserError: it has no LSTM in its main graph with weights of its own, as an int8 variant has none.
    """
    model = onnx.load_from_string(content)
    weights = {t.name: t for t in model.graph.initializer}
    nodes = [n for n in model.graph.node if n.op_type == "LSTM" and all(i in weights for i in n.input[1:3])]
    if not nodes:
        raise UserError(
            f"{where}: has no LSTM with float weights in its main graph, so there are no gates to show; take its fp32 "
            f"file"
        )
    shown = {o.name for o in model.graph.output}
    wanted = [i for n in nodes for i in (n.input[0], *n.input[5:7], n.output[0]) if i and i not in weights]
    for name in dict.fromkeys(wanted):
        if name not in shown:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = open_session(model.SerializeToString(), where, "cpu", optimize=False)
    names = [o.name for o in session.get_outputs()]
    given = {i.name: arrays[i.name] for i in session.get_inputs()}
    seen = {**arrays, **dict(zip(names, session.run(names, given), strict=True))}
    seen |= {name: onnx.numpy_helper.to_array(t) for name, t in weights.items()}
    return [_of_node(node, seen) for node in nodes]


def _of_node(node: onnx.NodeProto, seen: dict[str, Any]) -> Gates:
    given = [seen[i].astype(np.float64) if i else None for i in (*node.input, *[""] * (7 - len(node.input)))]
    x, w, r, b, _, hidden, cell = given
    assert x is not None and w is not None and r is not None
    units = r.shape[2]
    bias = b[0, : 4 * units] + b[0, 4 * units :] if b is not None else np.zeros(4 * units)
    h = hidden[0, 0] if hidden is not None else np.zeros(units)
    c = cell[0, 0] if cell is not None else np.zeros(units)
    found: list[tuple[Floats, Floats, Floats, Floats]] = []
    shown = []
    for step in x[:, 0]:
        i, o, f, g = np.split(step @ w[0].T + h @ r[0].T + bias, 4)
        i, o, f = (1 / (1 + np.exp(-gate)) for gate in (i, o, f))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        found.append((i, f, o, c))
        shown.append(h)
    there = seen[node.output[0]][:, 0, 0] if node.output and node.output[0] else None
    if there is not None and np.abs(there - np.array(shown)).max() > _CLOSE:
        raise AssertionError(f"the gates of {node.name} do not give the hidden state that ONNX Runtime gives")
    return Gates(node.input[1].removesuffix(".W"), *(np.array(part) for part in zip(*found, strict=True)))
