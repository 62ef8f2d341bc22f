"""From numbers of words to a sentence, in ONNX: the stage after the search."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from lstm_onnx.contract import Tensor
from lstm_onnx.task import Array, Arrays, Stage
from lstm_onnx_captioning.config import SPECIAL, Config, Info

CAPTION = Tensor(name="caption", dtype="string", dims=("batch",), meaning="what is to be seen, words in lower case")


def caption_stage(tokens: Tensor, config: Config, info: Info) -> Stage:
    """Make strings of `tokens` (batch, word): the words with spaces in between.

    The first word stands alone and each other one brings the space before it, so that what is no word leaves nothing.
    """
    first = [*("" for _ in SPECIAL), *info.words]
    others = [f" {word}" if word else "" for word in first]

    def twin(arrays: Arrays) -> dict[str, Array]:
        rows = np.asarray(arrays[tokens.name]).tolist()
        found = [first[row[0]] + "".join(others[k] for k in row[1:]) for row in rows]
        return {CAPTION.name: np.array(found, dtype=object)}

    def build() -> GraphProto:
        if config.max_words == 1:
            nodes, weights, last = [_look_up(tokens.name, "first words", "word")], [_table("first words", first)], "word"
        else:
            nodes, weights, last = _joined(tokens.name, config.max_words, first, others)
        nodes.append(helper.make_node("Squeeze", [last, "column"], [CAPTION.name]))
        weights.append(helper.make_tensor("column", TensorProto.INT64, [1], [1]))
        return helper.make_graph(nodes, "caption", [], [], weights)

    return Stage(inputs=(tokens,), outputs=(CAPTION,), build=build, twin=twin, opset=20)


def _joined(
    tokens: str, count: int, first: list[str], others: list[str]
) -> tuple[list[NodeProto], list[TensorProto], str]:
    """Look up the columns of tokens (batch, count) and join them, one after the other."""
    columns = [f"word {k}" for k in range(1, count)]
    joined = ["first word", *(f"words to {k}" for k in range(1, count))]
    nodes = [
        helper.make_node("Split", [tokens, "cuts"], ["first token", "other tokens"], name="first", axis=1),
        _look_up("first token", "first words", "first word"),
        _look_up("other tokens", "spaced words", "other words"),
        helper.make_node("Split", ["other words", "ones"], columns, name="others", axis=1),
        *(
            helper.make_node("StringConcat", [before, column], [after], name=after)
            for (before, after), column in zip(pairwise(joined), columns, strict=True)
        ),
    ]
    weights = [
        helper.make_tensor("cuts", TensorProto.INT64, [2], [1, count - 1]),
        helper.make_tensor("ones", TensorProto.INT64, [count - 1], [1] * (count - 1)),
        _table("first words", first),
        _table("spaced words", others),
    ]
    return nodes, weights, joined[-1]


def _look_up(numbers: str, table: str, words: str) -> NodeProto:
    return helper.make_node("Gather", [table, numbers], [words], name=words)


def _table(name: str, words: list[str]) -> TensorProto:
    return numpy_helper.from_array(np.array(words, dtype=object), name)
