"""From numbers of words to a sentence: the stage after the search."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from lstm_onnx.contract import Array, TensorSpec
from lstm_onnx.task import Arrays, Stage
from lstm_onnx_captioning.options import SPECIAL

CAPTION = TensorSpec(name="caption", dtype="string", dims=("batch",), meaning="what is to be seen, words in lower case")


def caption_stage(tokens: TensorSpec, count: int) -> Stage:
    """Make strings of `tokens` (batch, `count`): the words with spaces in between.

    The first word stands alone and every other one brings the space before it, so that what is no word leaves nothing.
    """
    assert tokens.labels is not None
    alone = ["" if k < len(SPECIAL) else word for k, word in enumerate(tokens.labels)]
    spaced = [f" {word}" if word else "" for word in alone]

    def reference(arrays: Arrays) -> dict[str, Array]:
        rows = np.asarray(arrays[tokens.name]).tolist()
        found = [alone[row[0]] + "".join(spaced[k] for k in row[1:]) for row in rows]
        return {CAPTION.name: np.array(found, dtype=object)}

    return Stage(
        inputs=(tokens,),
        outputs=(CAPTION,),
        build=lambda: _graph(tokens.name, count, [*alone, *spaced]),
        reference=reference,
        opset=20,
    )


def _graph(tokens: str, count: int, words: list[str]) -> GraphProto:
    """Look every word up, then join neighbours until one string is left of each row.

    Args:
        tokens: name of the numbers (batch, count).
        count: words of a row.
        words: each as it stands first, then each as it stands later.
    """
    width = 1 << (count - 1).bit_length()  # filled up with ends, which leave nothing, so that all have a neighbour
    later = np.where(np.arange(width) > 0, len(words) // 2, 0)
    weights = {
        "fill": np.array([0, 0, 0, width - count]),
        "later": later,
        "words": np.array(words, dtype=object),
        "zero": np.array([0]),
        "one": np.array([1]),
        "two": np.array([2]),
        "far": np.array([width]),
    }
    nodes = [
        _node("Pad", [tokens, "fill"], "filled"),
        _node("Add", ["filled", "later"], "numbers"),
        _node("Gather", ["words", "numbers"], f"joined_{width}"),
    ]
    while width > 1:
        whole, left, right, width = f"joined_{width}", f"left_{width}", f"right_{width}", width // 2
        nodes += [
            _node("Slice", [whole, "zero", "far", "one", "two"], left),
            _node("Slice", [whole, "one", "far", "one", "two"], right),
            _node("StringConcat", [left, right], f"joined_{width}"),
        ]
    nodes.append(_node("Squeeze", ["joined_1", "one"], CAPTION.name))
    used = {name for node in nodes for name in node.input}
    return helper.make_graph(
        nodes,
        "numbers to a caption",
        [helper.make_tensor_value_info(tokens, TensorProto.INT64, ["batch", "word"])],
        [helper.make_tensor_value_info(CAPTION.name, TensorProto.STRING, ["batch"])],
        [numpy_helper.from_array(array, name) for name, array in weights.items() if name in used],
    )


def _node(operator: str, inputs: list[str], output: str) -> NodeProto:
    return helper.make_node(operator, inputs, [output], name=output)
