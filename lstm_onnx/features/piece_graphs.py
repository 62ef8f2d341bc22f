"""The cutting of bytes into pieces as an ONNX graph of whole numbers, to stand before a module; see `pieces`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import GraphProto, NodeProto, TensorProto, helper

from lstm_onnx.contract import Axis
from lstm_onnx.features import pieces
from lstm_onnx.features.word_graphs import COUNTS, TOKENS, bytes_of, constant, make, places, slots, value
from lstm_onnx.features.words import FIRST, pad
from lstm_onnx.task import Arrays, Stage


def piece_stage(known: Sequence[str], column: str, typical: int) -> Stage:
    """UTF-8 bytes: cut into the longest pieces that fit, from left to right.

    Args:
        known: the pieces, single bytes first.
        column: of a person's table.
        typical: pieces of a text.
    """
    numbers = pieces.numbered(known)

    def reference(arrays: Arrays) -> dict[str, Any]:
        rows = [bytes(row[:count]) for row, count in zip(arrays["bytes"], arrays["byte_count"], strict=True)]
        tokens, lengths = pad([pieces.cut(row, numbers) for row in rows])
        return {"tokens": tokens, "lengths": lengths}

    return Stage(
        inputs=bytes_of(column),
        outputs=(TOKENS, COUNTS),
        build=lambda: _graph(known),
        reference=reference,
        axes={"word": Axis(example_size=typical, meaning="pieces of a text, the rest padding")},
    )


def _graph(known: Sequence[str]) -> GraphProto:
    """Find the longest piece at each byte, then those bytes at which a piece of the text begins."""
    longest = max(map(len, pieces.contents(known)))
    constants = [
        *(constant(name, [k]) for name, k in (("zero", 0), ("one", 1), ("two", 2))),
        *(constant(name, k) for name, k in (("scalar_zero", 0), ("scalar_one", 1), ("first", FIRST))),
        constant("behind", pieces.BYTES),
    ]
    nodes = [
        *places(),
        make("Cast", "counts_at_all", "counts", to=TensorProto.INT64),
        make("Add", "data first", "single"),
    ]
    if longest == 1:  # bytes as they are
        nodes += [
            make("ReduceSum", "counts one", "lengths", keepdims=0),
            make("ReduceMax", "lengths", "longest_of_all", keepdims=0),
            make("Max", "longest_of_all scalar_one", "slots"),
            make("Unsqueeze", "slots zero", "slots_1d"),
            make("Mul", "single counts", "told"),
            make("Slice", "told zero slots_1d one", "tokens"),
        ]
    else:
        nodes += [*_longest_pieces(longest, known, constants), *_starts(), *_packed()]
    read = {name for node in nodes for name in node.input}
    return helper.make_graph(
        nodes,
        "bytes to pieces",
        [value("bytes", TensorProto.UINT8, ["batch", "byte"]), value("byte_count", TensorProto.INT64, ["batch"])],
        [value("tokens", TensorProto.INT64, ["batch", "word"]), value("lengths", TensorProto.INT64, ["batch"])],
        [tensor for tensor in constants if tensor.name in read],
    )


def _longest_pieces(longest: int, known: Sequence[str], constants: list[TensorProto]) -> list[NodeProto]:
    """Walk the trie from each byte; gives the number `best` and the `reach` of the longest piece there."""
    trie = pieces.trie(known)
    constants += [constant(name, array) for name, array in trie._asdict().items()]
    constants += [constant("no_way", len(trie.base) - 1), constant("pads", [0, 0, 0, longest])]
    nodes = [
        make("Where", "counts_at_all data behind", "known_data"),
        make("Pad", "known_data pads behind", "long"),
        make("Sub", "data data", "node_0"),  # all at the root
        make("Identity", "single", "best_0"),
        make("Add", "node_0 scalar_one", "reach_0"),
    ]
    for k in range(longest):
        constants += [constant(f"at_{k}", [k]), constant(f"size_{k + 1}", k + 1)]
        nodes += [
            make("Add", f"size at_{k}", f"until_{k}"),
            make("Slice", f"long at_{k} until_{k} one", f"byte_{k}"),
            make("Gather", f"base node_{k}", f"base_{k}"),
            make("Add", f"base_{k} byte_{k}", f"way_{k}"),
            make("Gather", f"owner way_{k}", f"owner_{k}"),
            make("Equal", f"owner_{k} node_{k}", f"goes_on_{k}"),
            make("Gather", f"child way_{k}", f"child_{k}"),
            make("Where", f"goes_on_{k} child_{k} no_way", f"node_{k + 1}"),
            make("Gather", f"number node_{k + 1}", f"number_{k}"),
            make("Greater", f"number_{k} scalar_zero", f"is_piece_{k}"),
            make("Where", f"is_piece_{k} number_{k} best_{k}", f"best_{k + 1}"),
            make("Where", f"is_piece_{k} size_{k + 1} reach_{k}", f"reach_{k + 1}"),
        ]
    return [*nodes, make("Identity", f"best_{longest}", "best"), make("Identity", f"reach_{longest}", "reach")]


def _starts() -> list[NodeProto]:
    """Say where pieces of the text begin: at its first byte, and where one that begins ends.

    A Loop goes twice as far each time: `begins` holds the first 1, 2, 4, … beginnings, `jump` leads from each byte to
    what is 1, 2, 4, … pieces on; the last place stands for the end, from which all ways lead to itself.
    """
    body = helper.make_graph(
        [
            make("Sub", "begins begins", "none"),
            make("ScatterElements", "none jump begins", "further", axis=1, reduction="add"),
            make("Add", "begins further", "more_begins"),
            make("GatherElements", "jump jump", "far_jump", axis=1),
            make("ReduceMin", "far_jump", "nearest", keepdims=0),
            make("ReduceMax", "far_jump", "end", keepdims=0),
            make("Less", "nearest end", "again"),
        ],
        "twice as far",
        [
            value("round", TensorProto.INT64, []),
            value("going", TensorProto.BOOL, []),
            value("begins", TensorProto.INT64, ["batch", "place"]),
            value("jump", TensorProto.INT64, ["batch", "place"]),
        ],
        [
            value("again", TensorProto.BOOL, []),
            value("more_begins", TensorProto.INT64, ["batch", "place"]),
            value("far_jump", TensorProto.INT64, ["batch", "place"]),
        ],
    )
    return [
        make("Add", "place reach", "next"),
        make("Where", "counts_at_all next size_0d", "leads"),
        make("Concat", "batch one", "column_shape", axis=0),
        make("Expand", "size column_shape", "ends"),
        make("Concat", "leads ends", "first_jump", axis=1),
        make("Equal", "place scalar_zero", "is_first"),
        make("Cast", "is_first", "is_first_int", to=TensorProto.INT64),
        make("Expand", "is_first_int shape", "first_begins_short"),
        make("Sub", "ends ends", "no_ends"),
        make("Concat", "first_begins_short no_ends", "first_begins", axis=1),
        make("Less", "scalar_zero scalar_one", "true"),
        helper.make_node(
            "Loop", ["", "true", "first_begins", "first_jump"], ["all_begins", "last_jump"], name="walk", body=body
        ),
        make("Slice", "all_begins zero size one", "begin"),
        make("Mul", "begin counts", "starts_int"),
    ]


def _packed() -> list[NodeProto]:
    """Put the numbers of the pieces that begin side by side."""
    return [
        make("CumSum", "starts_int scalar_one", "number_so_far"),
        make("ReduceMax", "number_so_far one", "lengths", keepdims=0),
        *slots(),
        make("Sub", "number_so_far scalar_one", "from_zero"),
        make("Cast", "starts_int", "starts", to=TensorProto.BOOL),
        make("Where", "starts from_zero slots", "slot"),
        make("Mul", "best starts_int", "told"),
        make("ScatterElements", "empty slot told", "packed", axis=1, reduction="add"),
        make("Slice", "packed zero slots_1d one", "tokens"),
    ]
