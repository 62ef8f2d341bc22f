"""The look-up of words as ONNX graphs, to stand before a module; `words` has the same in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from lstm_onnx.contract import Axis, LengthsSource, TensorSpec, TextSource
from lstm_onnx.features import words
from lstm_onnx.features.words import PADDING, SPACES, UNKNOWN, Units, Words
from lstm_onnx.task import Arrays, Stage

TOKENS = TensorSpec(
    name="tokens",
    dtype="int64",
    dims=("batch", "word"),
    meaning=f"numbers of the words, {UNKNOWN} for one that is not known; then {PADDING}",
)
COUNTS = TensorSpec(
    name="lengths", dtype="int64", dims=("batch",), meaning="how many words", source=LengthsSource(axis="word", min=0)
)


def _text(column: str) -> TensorSpec:
    return TensorSpec(
        name="text", dtype="string", dims=("batch",), meaning="the text", source=TextSource(column=column)
    )


def bytes_of(column: str) -> tuple[TensorSpec, TensorSpec]:
    """Describe a text as bytes, `bytes` (batch, byte), and how many there are, `byte_count`."""
    return (
        TensorSpec(
            name="bytes",
            dtype="uint8",
            dims=("batch", "byte"),
            meaning="the text in UTF-8, then zeros",
            source=TextSource(column=column),
        ),
        TensorSpec(
            name="byte_count",
            dtype="int64",
            dims=("batch",),
            meaning="how many bytes",
            source=LengthsSource(axis="byte", min=0),
        ),
    )


def string_stage(found: Words, typical: int) -> Stage:
    """Strings: cut at white space, and looked up with their spelling."""
    table = words.spelling_table(found.known, found.spellings)

    def reference(arrays: Arrays) -> dict[str, Any]:
        tokens, lengths = words.look_up([str(t) for t in arrays["text"]], table)
        return {"tokens": tokens, "lengths": lengths}

    return Stage(
        inputs=(_text(found.column),),
        outputs=(TOKENS, COUNTS),
        build=lambda: _string_graph(table),
        reference=reference,
        axes={"word": Axis(example_size=typical, meaning="words of a text, the rest padding")},
        opset=20,  # StringSplit
    )


def byte_stage(found: Words, typical: int) -> Stage:
    """UTF-8 bytes: cut where no letter stands, or into characters, and looked up by a hash; integers alone."""
    table = words.bucket_table(found.known, found.units)

    def reference(arrays: Arrays) -> dict[str, Any]:
        tokens, lengths = words.look_up_bytes(arrays["bytes"], arrays["byte_count"], table, found.units)
        return {"tokens": tokens, "lengths": lengths}

    return Stage(
        inputs=bytes_of(found.column),
        outputs=(TOKENS, COUNTS),
        build=lambda: _byte_graph(table, found.units),
        reference=reference,
        axes={"word": Axis(example_size=typical, meaning="words of a text, the rest padding")},
    )


def constant(name: str, numbers: Any) -> TensorProto:
    """Make whole numbers that stand in the graph."""
    return numpy_helper.from_array(np.asarray(numbers, dtype=np.int64), name)


def make(kind: str, inputs: str, outputs: str, **attributes: Any) -> NodeProto:
    """Make a node called after its first output; a line a node keeps a graph readable."""
    made = outputs.split()
    return helper.make_node(kind, inputs.split(), made, name=made[0], **attributes)


def value(name: str, kind: int, dims: Sequence[str | int]) -> Any:
    """Describe an input or output of a graph."""
    return helper.make_tensor_value_info(name, kind, list(dims))


def zeros(shape: str, made: str) -> NodeProto:
    """Make whole numbers of a shape, all 0."""
    return make("ConstantOfShape", shape, made, value=helper.make_tensor("zero", TensorProto.INT64, [1], [0]))


def slots() -> list[NodeProto]:
    """Make room for the words of a batch, from `lengths` and `batch`.

    `slots` is their largest number, one at least; `empty` is (batch, slots + 1) of zeros to add them to: what is no
    word goes to the last place, which is cut off.
    """
    return [
        make("ReduceMax", "lengths", "longest", keepdims=0),
        make("Max", "longest scalar_one", "slots"),
        make("Unsqueeze", "slots zero", "slots_1d"),
        make("Add", "slots_1d one", "room"),
        make("Concat", "batch room", "room_shape", axis=0),
        zeros("room_shape", "empty"),
    ]


def cut_nodes(keys: Sequence[str], numbers: Sequence[int], default: int) -> list[NodeProto]:
    """Cut `text` at each kind of white space in turn; each cut adds an axis, whose empty cells stay among the words.

    Gives `cells` (batch, cells), the last of which is empty; what each is `looked_up` as, where 0 is no word; and the
    place of each word among those of its row, `slot`; the last slot is for the rest.
    """
    names = ["text", *(f"cut{k}" for k in range(1, len(SPACES))), "parts"]
    cuts = [
        helper.make_node("StringSplit", [before], [after, f"{after}_count"], name=after, delimiter=space)
        for before, after, space in zip(names[:-1], names[1:], SPACES, strict=True)
    ]
    look_up = {"keys_strings": keys, "values_int64s": numbers, "default_int64": default}
    return [
        *cuts,
        make("Shape", "text", "batch"),
        make("Concat", "batch minus_one", "flat_shape", axis=0),
        make("Concat", "batch one", "column_shape", axis=0),
        make("Reshape", "parts flat_shape", "loose"),
        make("Expand", "nothing column_shape", "blank"),
        make("Concat", "loose blank", "cells", axis=1),  # one cell at least, for texts without a word
        make("LabelEncoder", "cells", "looked_up", domain="ai.onnx.ml", **look_up),
        make("Cast", "looked_up", "filled", to=TensorProto.BOOL),
        make("Cast", "filled", "ones", to=TensorProto.INT64),
        make("ReduceSum", "ones one", "lengths", keepdims=0),
        *slots(),
        make("CumSum", "ones scalar_one", "number"),
        make("Sub", "number scalar_one", "place"),
        make("Where", "filled place slots", "slot"),
    ]


def cut_graph(title: str, nodes: Sequence[NodeProto], *made: Any, more: Sequence[TensorProto] = ()) -> GraphProto:
    """Return the graph from `text` to what is `made` of it, and how many words there are; `more` are constants."""
    constants = [
        *(constant(name, [n]) for name, n in (("minus_one", -1), ("zero", 0), ("one", 1), ("two", 2))),
        *(constant(name, n) for name, n in (("scalar_zero", 0), ("scalar_one", 1))),
        numpy_helper.from_array(np.array([""], dtype=object), "nothing"),
        *more,
    ]
    read = {read for node in nodes for read in node.input}
    return helper.make_graph(
        nodes,
        title,
        [value("text", TensorProto.STRING, ["batch"])],
        [*made, value("lengths", TensorProto.INT64, ["batch"])],
        [tensor for tensor in constants if tensor.name in read],
    )


def token_nodes(table: dict[str, int]) -> list[NodeProto]:
    """Cut, look up, and squeeze out the empty cells: from `text` to `tokens`, see `cut_nodes`."""
    return [
        *cut_nodes([*table, ""], [*table.values(), PADDING], UNKNOWN),
        make("ScatterElements", "empty slot looked_up", "packed", axis=1, reduction="add"),
        make("Slice", "packed zero slots_1d one", "tokens"),
    ]


def _string_graph(table: dict[str, int]) -> GraphProto:
    made = value("tokens", TensorProto.INT64, ["batch", "word"])
    return cut_graph("strings to words", token_nodes(table), made)


def words_stage(column: str) -> Stage:
    """The words of strings as they stand, to stand beside what a model says of each; "" in the padding."""

    def reference(arrays: Arrays) -> dict[str, Any]:
        rows = [words.chunks(str(text)) for text in arrays["text"]]
        found = np.full((len(rows), max(1, max(map(len, rows), default=0))), "", dtype=object)
        for place, row in zip(found, rows, strict=True):
            place[: len(row)] = row
        return {"words": found, "lengths": np.array([len(row) for row in rows], dtype=np.int64)}

    return Stage(
        inputs=(_text(column),),
        outputs=(
            TensorSpec(
                name="words", dtype="string", dims=("batch", "word"), meaning="the words as they stand", count="lengths"
            ),
            TensorSpec(name="lengths", dtype="int64", dims=("batch",), meaning="how many words", internal=True),
        ),
        build=_words_graph,
        reference=reference,
        opset=20,  # StringSplit
    )


def _words_graph() -> GraphProto:
    """Cut, and pick the cells that are not empty: where each word stands is added up as a whole number."""
    nodes = [
        *cut_nodes([""], [0], 1),
        make("Shape", "cells", "cells_shape"),
        make("Slice", "cells_shape one two", "cell_count"),
        make("Squeeze", "cell_count", "cell_count_0d"),
        make("Sub", "cell_count_0d scalar_one", "last"),
        make("Range", "scalar_zero cell_count_0d scalar_one", "cell_number"),
        make("Sub", "cell_number last", "from_last"),
        make("Mul", "from_last ones", "moved"),  # (batch, cells): 0 where a cell is empty
        make("ScatterElements", "empty slot moved", "packed", axis=1, reduction="add"),
        make("Slice", "packed zero slots_1d one", "kept"),
        make("Add", "kept last", "chosen"),  # the last cell is empty: what padding points to
        make("GatherElements", "cells chosen", "words", axis=1),
    ]
    return cut_graph("strings as words", nodes, value("words", TensorProto.STRING, ["batch", "word"]))


def _word_starts() -> list[NodeProto]:
    """Say which bytes begin a word: those in one of which the byte before is in none."""
    return [
        make("Cast", "inside", "inside_int", to=TensorProto.INT64),
        make("Pad", "inside_int one_before", "shifted_long"),
        make("Slice", "shifted_long zero size one", "shifted"),
        make("Greater", "inside_int shifted", "starts"),
    ]


def _character_starts() -> list[NodeProto]:
    """Say which bytes begin a character; the first of all does, even if it is the end of one that was cut in two."""
    return [
        make("Gather", "heads data", "is_head"),
        make("Equal", "place scalar_zero", "is_first"),
        make("Or", "is_head is_first", "may_start"),
        make("And", "inside may_start", "starts"),
    ]


def places() -> list[NodeProto]:
    """Number the places of bytes, as `place` (byte,), and say which of them count, `counts_at_all` (batch, byte).

    On the way come `data`, the bytes as int64, the lengths `batch` and `size`, and `size_0d`. It takes the constants
    `zero`, `one`, `two`, `scalar_zero` and `scalar_one`.
    """
    return [
        make("Cast", "bytes", "data", to=TensorProto.INT64),
        make("Shape", "bytes", "shape"),
        make("Slice", "shape zero one", "batch"),
        make("Slice", "shape one two", "size"),
        make("Squeeze", "size", "size_0d"),
        make("Range", "scalar_zero size_0d scalar_one", "place"),
        make("Unsqueeze", "byte_count one", "count_column"),
        make("Less", "place count_column", "counts_at_all"),
    ]


def _byte_graph(table: Any, units: Units) -> GraphProto:
    """See `words.look_up_bytes`, which has the same names."""
    codes, characters = words.byte_codes(units), units != "words"
    heads = [numpy_helper.from_array(words.heads(), "heads")] if characters else [constant("one_before", [0, 1, 0, 0])]
    return helper.make_graph(
        [
            *places(),
            make("Gather", "letters data", "is_letter"),
            make("And", "counts_at_all is_letter", "inside"),
            *(_character_starts() if characters else _word_starts()),
            make("Cast", "starts", "starts_int", to=TensorProto.INT64),
            make("CumSum", "starts_int scalar_one", "number"),
            make("ReduceMax", "number one", "lengths", keepdims=0),
            *slots(),
            make("Sub", "number scalar_one", "number_from_zero"),
            make("Where", "inside number_from_zero slots", "slot"),
            make("Mul", "place starts_int", "start_places"),
            make("ScatterElements", "empty slot start_places", "first", axis=1, reduction="add"),
            make("GatherElements", "first slot", "first_of_its_word", axis=1),
            make("Sub", "place first_of_its_word", "from_first"),
            make("Mod", "from_first places", "within"),
            make("Mul", "within two_hundred_fifty_six", "row"),
            make("Add", "row data", "code_at"),
            make("Gather", "codes code_at", "code_short"),
            make("Cast", "code_short", "code", to=TensorProto.INT64),
            make("ScatterElements", "empty slot code", "hashed_long", axis=1, reduction="add"),
            make("Slice", "hashed_long zero slots_1d one", "hashed"),
            make("Mod", "hashed buckets", "bucket"),
            make("Gather", "table bucket", "found"),
            make("Cast", "found", "found_long", to=TensorProto.INT64),
            make("Range", "scalar_zero slots scalar_one", "slot_numbers"),
            make("Unsqueeze", "lengths one", "lengths_column"),
            make("Less", "slot_numbers lengths_column", "is_word"),
            make("Where", "is_word found_long scalar_zero", "tokens"),
        ],
        "bytes to words",
        [value("bytes", TensorProto.UINT8, ["batch", "byte"]), value("byte_count", TensorProto.INT64, ["batch"])],
        [value("tokens", TensorProto.INT64, ["batch", "word"]), value("lengths", TensorProto.INT64, ["batch"])],
        [
            constant("zero", [0]),
            constant("one", [1]),
            constant("two", [2]),
            constant("scalar_zero", 0),
            constant("scalar_one", 1),
            *heads,
            constant("places", len(codes) // 256),
            constant("two_hundred_fifty_six", 256),
            constant("buckets", len(table)),
            numpy_helper.from_array(words.letters(units), "letters"),
            numpy_helper.from_array(codes.astype(np.int32), "codes"),
            numpy_helper.from_array(table.astype(np.int32), "table"),
        ],
    )
