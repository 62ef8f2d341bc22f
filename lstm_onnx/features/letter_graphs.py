"""The letters of strings in a graph, to stand before a module; `letters` has the same in Python.

No standard operator cuts a string into characters. Whether a whole string is of some pattern, one can tell, and so the
number of each letter is asked for digit by digit, in binary: is the fifth letter one of those whose number has a 1
there? Patterns begin at the first letter, so that one look from left to right answers each.
"""

from __future__ import annotations

import string
from typing import Any

from onnx import GraphProto, NodeProto, TensorProto

from lstm_onnx.contract import Axis, TensorSpec
from lstm_onnx.features import letters, words
from lstm_onnx.features.letters import numbered
from lstm_onnx.features.word_graphs import constant, cut_graph, make, string_stage, token_nodes, value, zeros
from lstm_onnx.features.words import FIRST, PADDING, UNKNOWN, Words
from lstm_onnx.task import Arrays, Stage


def lettered_stage(found: Words, typical: int) -> Stage:
    """Strings: cut at white space and looked up as `string_stage` does it, and the first letters of each word, too."""
    plain = string_stage(found, typical)
    numbers = numbered(found.alphabet)
    told = TensorSpec(
        name="letters",
        dtype="int64",
        dims=("batch", "word", "letter"),
        meaning=f"numbers of the first letters of each word, {UNKNOWN} for one that is not known; then {PADDING}",
    )

    def reference(arrays: Arrays) -> dict[str, Any]:
        made = plain.reference(arrays)
        rows = [letters.letter_numbers(words.chunks(str(text)), numbers, found.letters) for text in arrays["text"]]
        return {**made, "letters": letters.pad_words(rows, made["tokens"].shape[1], found.letters)}

    return Stage(
        inputs=plain.inputs,
        outputs=(plain.outputs[0], told, plain.outputs[1]),
        build=lambda: _graph(words.spelling_table(found.known, found.spellings), found.alphabet, found.letters),
        reference=reference,
        axes={**plain.axes, "letter": Axis(size=found.letters, meaning="letters of a word, the first ones")},
        opset=plain.opset,  # RegexFullMatch is of the same
    )


def _graph(table: dict[str, int], alphabet: str, count: int) -> GraphProto:
    asked, constants = letter_nodes(alphabet, count)
    nodes = [
        *token_nodes(table),
        *asked,
        make("Concat", "room_shape letter_count", "letter_room_shape", axis=0),
        zeros("letter_room_shape", "no_letters"),
        make("Unsqueeze", "slot two", "slot_column"),
        make("Shape", "cell_letters", "cell_letters_shape"),
        make("Expand", "slot_column cell_letters_shape", "letter_slot"),
        make("ScatterElements", "no_letters letter_slot cell_letters", "packed_letters", axis=1, reduction="add"),
        make("Slice", "packed_letters zero slots_1d one", "letters"),
    ]
    return cut_graph(
        "strings to words and letters",
        nodes,
        value("tokens", TensorProto.INT64, ["batch", "word"]),
        value("letters", TensorProto.INT64, ["batch", "word", count]),
        more=[*constants, constant("letter_count", [count])],
    )


def letter_nodes(alphabet: str, count: int) -> tuple[list[NodeProto], list[TensorProto]]:
    """Number the first letters of strings.

    Args:
        alphabet: the known letters.
        count: letters of a word that are read.

    Returns:
        Nodes from `cells` (batch, cells), strings, to `cell_letters` (batch, cells, count), int64, and their constants.
        They take `two`, which is [2].
    """
    digits = (len(alphabet) + FIRST - 1).bit_length()
    sets = [_letters_with(alphabet, digit) for digit in range(digits)]
    asked = [(f"letter_{k}_{d}", f"(?s).{{{k}}}{one}.*") for k in range(count) for d, one in enumerate(sets)]
    nodes = [
        make("Unsqueeze", "cells two", "single_cells"),
        *(make("RegexFullMatch", "single_cells", name, pattern=pattern) for name, pattern in asked),
        make("Concat", " ".join(name for name, _ in asked), "are_ones", axis=2),
        make("Cast", "are_ones", "ones_of_letters", to=TensorProto.INT64),
        make("Shape", "cells", "cells_shape_there"),
        make("Concat", "cells_shape_there digits_shape", "by_digits_shape", axis=0),
        make("Reshape", "ones_of_letters by_digits_shape", "by_digits"),
        make("Mul", "by_digits digit_values", "by_value"),
        make("ReduceSum", "by_value three", "cell_letters", keepdims=0),
    ]
    constants = [
        constant("digits_shape", [count, digits]),
        constant("digit_values", [1 << digit for digit in range(digits)]),
        constant("three", [3]),
    ]
    return nodes, constants


def _letters_with(alphabet: str, digit: int) -> str:
    """Return a pattern of the letters whose number has a 1 at a binary digit; a letter not known has the number 1."""
    other = digit == 0  # so that what is not named has a 1 there
    found = [sign for sign, number in numbered(alphabet).items() if (number >> digit & 1) != other]
    named = "".join(f"\\{sign}" if sign in string.punctuation else sign for sign in found)  # as RE2 and Python read it
    return f"[^{named}]" if other else f"[{named}]"
