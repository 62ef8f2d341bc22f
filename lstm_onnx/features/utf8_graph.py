"""From numbers of pieces to a string, and the ONNX graph that does the same.

Pieces of whole characters stand for themselves. Where single bytes beyond ASCII follow one another, they are put
together to characters as UTF-8 says; what is no character of the known blocks of Unicode is written as U+FFFD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Array, TensorSpec
from lstm_onnx.features.pieces import BYTES
from lstm_onnx.features.sentence_graph import END, SPECIAL, join_strings
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from onnx import GraphProto

UNREADABLE = "\ufffd"
_NOTHING, _UNREADABLE = -2, -1
"""What a place writes, where that is no character by its code point: "" and U+FFFD; pieces write -10 less their
number."""
_PIECES = -10
_LEAST = (0, 0, 0x80, 0x800, 0x10000)
"""The first character that takes so many bytes: fewer would do for those before it."""


def utf8_stage(
    tokens: TensorSpec, count: int, sentence: TensorSpec, known: Sequence[str], blocks: Sequence[int]
) -> Stage:
    """Make strings of `tokens` (batch, `count`).

    A character of which not all bytes are there, since the sentence ends, is left out.

    Args:
        tokens: described.
        count: pieces of a row.
        sentence: the output.
        known: pieces, the 256 single bytes first; they are numbered after `SPECIAL`.
        blocks: of 256 characters each, that single bytes may make.
    """
    alone = ["" for _ in SPECIAL] + [_written(k, piece) for k, piece in enumerate(known)]
    characters = {
        code: chr(code) for b in blocks for code in range(b * BYTES, b * BYTES + BYTES) if _is_character(code)
    }

    def reference(arrays: Arrays) -> dict[str, Array]:
        rows = np.asarray(arrays[tokens.name]).tolist()
        found = [_decoded(row, alone, frozenset(characters)) for row in rows]
        return {sentence.name: np.array(found, dtype=object)}

    return Stage(
        inputs=(tokens,),
        outputs=(sentence,),
        build=lambda: _graph(tokens, count, sentence.name, alone, characters),
        reference=reference,
        opset=20,
    )


def _is_character(code: int) -> bool:
    return code >= 0x80 and not 0xD800 <= code < 0xE000


def _written(number: int, piece: str) -> str:
    if number >= BYTES or number < 0x80:
        return piece
    return "" if _need(number) or _follows(number) else UNREADABLE


def _need(byte: int) -> int:
    """Return how many bytes the character has that a byte begins; 0 for none."""
    return 2 if 0xC0 <= byte < 0xE0 else 3 if 0xE0 <= byte < 0xF0 else 4 if 0xF0 <= byte < 0xF8 else 0


def _follows(byte: int) -> bool:
    return 0x80 <= byte < 0xC0


def _decoded(row: Sequence[int], alone: Sequence[str], characters: frozenset[int]) -> str:
    """Write a row of numbers, one place after the other."""
    first = len(SPECIAL)
    found: list[str] = []
    at = 0
    while at < len(row):
        byte = row[at] - first
        need = _need(byte)
        if not need:
            found.append(UNREADABLE if _follows(byte) else alone[row[at]])
            at += 1
            continue
        run = at + 1
        while run < min(len(row), at + need) and _follows(row[run] - first):
            run += 1
        if run == at + need:
            try:
                sign = bytes(k - first for k in row[at:run]).decode()
            except UnicodeDecodeError:
                sign = UNREADABLE
            found.append(sign if ord(sign) in characters else UNREADABLE)
        elif run < len(row) and row[run] != END:  # another byte stands where one of its own had to
            found.append(UNREADABLE)
            run = at + 1
        at = run
    return "".join(found)


def _graph(
    tokens: TensorSpec, count: int, sentence: str, alone: Sequence[str], characters: dict[int, str]
) -> GraphProto:
    """Say what each place writes, as a whole number, look that up, and join the strings of a row.

    `has` is whether a byte begins a character that is all there, `cut` one that the end cuts, `run` how many of its
    bytes follow, `takes` how many of the next places belong to it.
    """
    from onnx import TensorProto, helper

    from lstm_onnx.features.word_graphs import constant, make
    from lstm_onnx.graph.subgraphs import prefix_names

    bytes_at = [k - len(SPECIAL) for k in range(len(alone))]
    width = 1 << (count - 1).bit_length()  # filled up with ends, so that all have a neighbour to be joined with
    tables: dict[str, Any] = {
        "need_of": [_need(b) for b in bytes_at],
        "follows_of": [int(_follows(b)) for b in bytes_at],
        "bits_of": [b & 0x3F if _follows(b) else b & (0xFF >> (_need(b) + 1)) if _need(b) else 0 for b in bytes_at],
        "alone_of": [_PIECES - k for k in range(len(alone))],
        "least": _LEAST,
    }
    numbers = {"fill": [0, 0, 0, width - count + 3], "before": [0, 3, 0, 0], "one_1d": [1], "n0": 0, "n1": 1, "n2": 2}
    numbers |= {"n3": 3, "n64": 64, "unreadable": _UNREADABLE, "nothing": _NOTHING, "end": END}
    numbers |= {f"b{k}": [k] for k in range(4)} | {f"e{k}": [width + k] for k in range(4)}
    nodes = [make("Pad", "tokens fill", "filled")]
    for k in range(4):
        nodes += [
            make("Slice", f"filled b{k} e{k} one_1d", f"token_{k}"),
            make("Gather", f"bits_of token_{k}", f"bits_{k}"),
            make("Gather", f"follows_of token_{k}", f"follows_{k}"),
        ]
    nodes += [
        make("Gather", "need_of token_0", "need"),
        make("Greater", "need n0", "begins"),
        make("Mul", "follows_1 follows_2", "two_follow"),
        make("Mul", "two_follow follows_3", "three_follow"),
        make("Add", "follows_1 two_follow", "run_to_two"),
        make("Add", "run_to_two three_follow", "run"),
        make("Sub", "need n1", "more"),
        make("GreaterOrEqual", "run more", "enough"),
        make("And", "begins enough", "has"),
        # the character
        make("Mul", "bits_0 n64", "high_1"),
        make("Add", "high_1 bits_1", "code_2"),
        make("Mul", "code_2 n64", "high_2"),
        make("Add", "high_2 bits_2", "code_3"),
        make("Mul", "code_3 n64", "high_3"),
        make("Add", "high_3 bits_3", "code_4"),
        make("Equal", "need n2", "of_two"),
        make("Equal", "need n3", "of_three"),
        make("Where", "of_three code_3 code_4", "code_34"),
        make("Where", "of_two code_2 code_34", "any_code"),
        make("Gather", "least need", "least_code"),
        make("GreaterOrEqual", "any_code least_code", "shortest"),
        make("Where", "shortest any_code unreadable", "code"),
        # the end in the midst of it
        make("Equal", "run n0", "run_0"),
        make("Equal", "run n1", "run_1"),
        make("Where", "run_1 token_2 token_3", "after_some"),
        make("Where", "run_0 token_1 after_some", "after_run"),
        make("Equal", "after_run end", "ends_after"),
        make("Not", "enough", "short"),
        make("And", "begins short", "begins_short"),
        make("And", "begins_short ends_after", "cut"),
        # what belongs to a character before it
        make("Where", "cut run n0", "takes_cut"),
        make("Where", "has more takes_cut", "takes"),
        make("Pad", "takes before", "takes_before"),
        *(make("Slice", f"takes_before b{3 - k} e{3 - k} one_1d", f"takes_{k}") for k in (1, 2, 3)),
        *(make("GreaterOrEqual", f"takes_{k} n{k}", f"taken_{k}") for k in (1, 2, 3)),
        make("Or", "taken_1 taken_2", "taken_12"),
        make("Or", "taken_12 taken_3", "taken"),
        # what each place writes
        make("Gather", "alone_of token_0", "as_piece"),
        make("Equal", "follows_0 n1", "is_follower"),
        make("Where", "taken nothing unreadable", "as_follower"),
        make("Where", "cut nothing unreadable", "as_broken"),
        make("Where", "has code as_broken", "as_character"),
        make("Where", "is_follower as_follower as_piece", "as_other"),
        make("Where", "begins as_character as_other", "writes"),
        make(
            "LabelEncoder",
            "writes",
            f"joined_{width}",
            domain="ai.onnx.ml",
            keys_int64s=[_NOTHING, *(_PIECES - k for k in range(len(alone))), *characters],
            values_strings=["", *alone, *characters.values()],
            default_string=UNREADABLE,
        ),
    ]
    joining, weights = join_strings(width, "sentence")
    whole = [*(constant(name, v) for name, v in (tables | numbers).items()), *weights]
    return prefix_names(
        helper.make_graph(
            [*nodes, *joining],
            "pieces to a sentence",
            [helper.make_tensor_value_info("tokens", TensorProto.INT64, list(tokens.dims))],
            [helper.make_tensor_value_info("sentence", TensorProto.STRING, ["batch"])],
            whole,
        ),
        "inner/",
        {"tokens": tokens.name, "sentence": sentence},
    )
