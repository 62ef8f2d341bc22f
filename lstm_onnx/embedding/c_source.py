"""Turns a graph of fixed sizes into C functions that need no memory but what they are handed (emx-onnx-cgen).

The package writes a function for each node, and one that calls them all and takes memory for what lies in between. Here
that last one is taken apart: buffers that are not needed at the same time share their place in one block for each type,
which the caller owns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from lstm_onnx.embedding.target import Refusal
from lstm_onnx.graph.generated_c import GenerationError, Parameter, generate_c, read_parameters

if TYPE_CHECKING:
    import onnx

BYTES = {"float": 4, "double": 8, "int64_t": 8, "int32_t": 4, "uint8_t": 1, "bool": 1}
"""The types of arrays that are taken, and how large an element is."""
_TYPES = frozenset(BYTES)

_ELSEWHERE = "embed it for another target, such as c"
_STRINGS = "it takes or gives strings; export it with --numeric, which does without them"


@dataclass(frozen=True)
class Buffer:
    """An array that a node writes and others read: where it begins in the block of its type."""

    name: str
    ctype: str
    begin: int


@dataclass(frozen=True)
class PlainC:
    """A graph as C.

    Attributes:
        text: weights and the functions of the nodes, all of them `static`.
        parameters: the graph's inputs and outputs, in its order.
        blocks: how many elements there must be of each C type, in between.
        buffers: where each lies.
        calls: the functions to call, in order, with their arguments.
    """

    text: str
    parameters: tuple[Parameter, ...]
    blocks: dict[str, int]
    buffers: tuple[Buffer, ...]
    calls: tuple[str, ...]

    @property
    def work_bytes(self) -> int:
        """Memory that the blocks take."""
        return sum(BYTES[ctype] * count for ctype, count in self.blocks.items())


def plain_c(model: onnx.ModelProto, rows_of: int | None = None, int8: bool = False) -> PlainC:
    """Generate C for a graph whose sizes are all fixed.

    Args:
        model: the graph.
        rows_of: size of the batch, if it may be filled in part; calls of LSTMs then say `rows_`, the address of how
            many rows count.
        int8: keep weights as bytes where they are multiples of a scale.

    Raises:
        Refusal: the generator is not installed, or cannot take the graph; says why.
    """
    try:
        return _taken_apart(generate_c(model, static_buffers=True, rows_of=rows_of, int8=int8))
    except GenerationError as error:
        why = str(error)
        if "pip install" in why:
            raise Refusal(why) from None
        if "string" in why.lower():
            raise Refusal(_STRINGS) from error
        if open_size := re.search(r"tensor '(.+?)' has dynamic dimensions", why):
            raise Refusal(f"how large {open_size[1]} is depends on what comes in; {_ELSEWHERE}") from error
        raise Refusal(f"emx-onnx-cgen cannot turn it into C: {why}; {_ELSEWHERE}") from error


def _taken_apart(text: str) -> PlainC:
    head, found, rest = text.partition("\nvoid model(")
    signature, _, body = rest.partition(") {\n")
    if not found:
        raise Refusal(f"emx-onnx-cgen wrote no function for the graph; {_ELSEWHERE}")
    if "EMX_STRING_MAX_LEN" in signature:
        raise Refusal(_STRINGS)
    functions = {
        name: read_parameters(parameters, _TYPES | {"int8_t"})
        for name, parameters in re.findall(r"^EMX_NODE_FN void (\w+)\((.*)\) \{$", head, re.MULTILINE)
    }
    declared: dict[str, tuple[str, int]] = {}
    calls: list[tuple[str, list[str]]] = []
    for line in filter(None, map(str.strip, body.splitlines()[: body.splitlines().index("}")])):
        declaration = re.fullmatch(r"(\w+) (\w+)((?:\[\d+\])+);", line)
        call = re.fullmatch(r"(\w+)\((.*)\);", line)
        if declaration and declaration[1] in BYTES:
            declared[declaration[2]] = declaration[1], prod(map(int, re.findall(r"\d+", declaration[3])))
        elif call and call[1] in functions:
            calls.append((call[1], call[2].split(", ")))
        else:
            raise Refusal(f"emx-onnx-cgen wrote what is neither an array nor a call of a node: {line}; {_ELSEWHERE}")
    parameters = read_parameters(signature, _TYPES)
    flat = {p.name for p in parameters} | declared.keys()
    buffers, blocks = place_buffers(declared, [arguments for _, arguments in calls])
    written = tuple(
        f"{name}({', '.join(p.cast + a if a in flat else a for p, a in zip(functions[name], given, strict=True))});"
        for name, given in calls
    )
    return PlainC(_private(head), parameters, blocks, buffers, written)


def _private(text: str) -> str:
    """Keep the names to this file, so that two models fit into one program, and leave out what is not needed.

    Some small functions come along without being called, of which clang would warn.
    """
    text = text[text.index("#include") :]
    text = re.sub(r"^_Bool model_load\(.*?^\}\n", "", text, flags=re.MULTILINE | re.DOTALL)  # weights are in the source
    text = re.sub(r"^static inline ", "static inline EMX_UNUSED ", text, flags=re.MULTILINE)
    text = re.sub(r"^extern const .*;\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^const EMX_UNUSED ", "static const EMX_UNUSED ", text, flags=re.MULTILINE).strip()


def place_buffers(
    declared: dict[str, tuple[str, int]], calls: Sequence[Sequence[str]]
) -> tuple[tuple[Buffer, ...], dict[str, int]]:
    """Give each buffer a place in the block of its type that no other has from its first call to its last.

    The largest are placed first, each as low as it goes.
    """
    lives = {}
    for name in declared:
        used = [number for number, arguments in enumerate(calls) if name in arguments]
        lives[name] = (used[0], used[-1]) if used else (0, -1)
    places: dict[str, tuple[int, int]] = {}
    blocks: dict[str, int] = {}
    for name in sorted(declared, key=lambda n: -declared[n][1]):
        ctype, size = declared[name]
        begin = 0
        others = (places[o] for o in places if declared[o][0] == ctype and _meet(lives[name], lives[o]))
        for other_begin, other_end in sorted(others):
            if begin + size <= other_begin:
                break
            begin = max(begin, other_end)
        places[name] = begin, begin + size
        blocks[ctype] = max(blocks.get(ctype, 0), begin + size)
    return tuple(Buffer(name, ctype, places[name][0]) for name, (ctype, _) in declared.items()), blocks


def _meet(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]
