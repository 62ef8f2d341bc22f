"""From numbers of words to a sentence, and the ONNX graph that does the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstm_onnx.contract import Array, TensorSpec
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

END, START, UNKNOWN = 0, 1, 2
"""Numbers that stand for no word; END also fills what follows the end. Words have numbers from 3 on."""

SPECIAL = ("<end>", "<start>", "<unknown>")


def sentence_stage(tokens: TensorSpec, count: int, sentence: TensorSpec, between: str = " ") -> Stage:
    """Make strings of `tokens` (batch, `count`): the words with something in between.

    The first word stands alone and every other one brings what is between before it, so that what is no word leaves
    nothing.

    Args:
        tokens: described with labels, `SPECIAL` first.
        count: words of a row.
        sentence: the output.
        between: a space, or nothing between characters.
    """
    assert tokens.labels is not None
    alone = ["" if k < len(SPECIAL) else word for k, word in enumerate(tokens.labels)]
    spaced = [f"{between}{word}" if word else "" for word in alone]

    def reference(arrays: Arrays) -> dict[str, Array]:
        rows = np.asarray(arrays[tokens.name]).tolist()
        found = [alone[row[0]] + "".join(spaced[k] for k in row[1:]) for row in rows]
        return {sentence.name: np.array(found, dtype=object)}

    return Stage(
        inputs=(tokens,),
        outputs=(sentence,),
        build=lambda: _graph(tokens, count, sentence.name, [*alone, *spaced]),
        reference=reference,
        opset=20,
    )


def _graph(tokens: TensorSpec, count: int, sentence: str, words: Sequence[str]) -> GraphProto:
    """Look every word up, then join neighbours until one string is left of each row.

    Args:
        tokens: the numbers (batch, count).
        count: words of a row.
        sentence: name of the strings.
        words: each as it stands first, then each as it stands later.
    """
    from onnx import TensorProto, helper, numpy_helper

    from lstm_onnx.graph.subgraphs import prefix_names

    width = 1 << (count - 1).bit_length()  # filled up with ends, which leave nothing, so that all have a neighbour
    weights = {
        "fill": np.array([0, 0, 0, width - count]),
        "later": np.where(np.arange(width) > 0, len(words) // 2, 0),
        "words": np.array(words, dtype=object),
    }
    joining, more = join_strings(width, "sentence")
    nodes = [
        _node("Pad", ["tokens", "fill"], "filled"),
        _node("Add", ["filled", "later"], "numbers"),
        _node("Gather", ["words", "numbers"], f"joined_{width}"),
        *joining,
    ]
    graph = helper.make_graph(
        nodes,
        "numbers to a sentence",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, list(tokens.dims))],
        [helper.make_tensor_value_info("sentence", TensorProto.STRING, ["batch"])],
        [*(numpy_helper.from_array(array, name) for name, array in weights.items()), *more],
    )
    return prefix_names(graph, "inner/", {"tokens": tokens.name, "sentence": sentence})  # an author chose these


def join_strings(width: int, joined: str) -> tuple[list[NodeProto], list[TensorProto]]:
    """Return nodes that join the strings of each row, and the numbers that they need.

    Args:
        width: strings of a row, a power of 2; they are called `joined_WIDTH` (batch, width).
        joined: name of what is left, (batch,).
    """
    from onnx import numpy_helper

    weights = {"from_0": [0], "from_1": [1], "every_2": [2], "far": [width]}
    nodes = []
    while width > 1:
        whole, left, right, width = f"joined_{width}", f"left_{width}", f"right_{width}", width // 2
        nodes += [
            _node("Slice", [whole, "from_0", "far", "from_1", "every_2"], left),
            _node("Slice", [whole, "from_1", "far", "from_1", "every_2"], right),
            _node("StringConcat", [left, right], f"joined_{width}"),
        ]
    nodes.append(_node("Squeeze", ["joined_1", "from_1"], joined))
    used = {name for node in nodes for name in node.input}
    return nodes, [numpy_helper.from_array(np.array(n), name) for name, n in weights.items() if name in used]


def _node(operator: str, inputs: list[str], output: str) -> NodeProto:
    from onnx import helper

    return helper.make_node(operator, inputs, [output], name=output)
