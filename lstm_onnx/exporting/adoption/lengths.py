"""Leaving out lengths of LSTMs that are always full, as some exporters write them; runtimes misread them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx

from lstm_onnx.data.made_up_inputs import made_up_inputs
from lstm_onnx.exporting.adoption.original import Original
from lstm_onnx.graph.description import describe_model
from lstm_onnx.graph.traversal import nodes_of
from lstm_onnx.inference.session import session_answer

_LENGTHS_INPUT = 4
"""Place of `sequence_lens` among the inputs of the operator LSTM."""
_SIZES = ((2, 16), (3, 5), (1, 1))
"""Sizes of first axes and of the others, with which is asked whether lengths count."""


def without_full_lengths(model: onnx.ModelProto, original: Original, notes: list[str]) -> onnx.ModelProto:
    """Return a copy without lengths that change no answer; the model itself where there are none, or they count.

    Lengths that count are left for verification to refuse, which says which node has them.
    """
    count = len(list(_with_lengths(model)))
    if not count:
        return model
    without = onnx.ModelProto()
    without.CopyFrom(model)
    for node in _with_lengths(without):
        node.input[_LENGTHS_INPUT] = ""
    if not _answers_alike(without, original):
        return model
    notes.append(f"{count} LSTM{'s' * (count > 1)} had sequence_lens that were always full: left out")
    return without


def _with_lengths(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    for node in nodes_of(model.graph):
        if node.op_type == "LSTM" and len(node.input) > _LENGTHS_INPUT and node.input[_LENGTHS_INPUT]:
            yield node


def _answers_alike(model: onnx.ModelProto, original: Original) -> bool:
    """Whether it answers as the file as it was, to the last bit; no, too, where one of them does not answer."""
    tensors = describe_model(model, 0).inputs
    answer = session_answer(model.SerializeToString(), str(original.path))
    for first, others in _SIZES:
        inputs = made_up_inputs(tensors, first=first, others=others)
        try:
            wanted, got = original.answer(inputs), answer(inputs)
        except Exception:
            return False
        if not all(np.array_equal(got[n], wanted[n]) for n in wanted):
            return False
    return True
