"""C for a graph whose sizes are all fixed, as emx-onnx-cgen writes it: one way to call it and to read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import onnx

from lstm_onnx.graph.c_bytes import with_bytes
from lstm_onnx.graph.c_lstm import with_our_lstms


class GenerationError(Exception):
    """The generator is not there or cannot take the graph; says why."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a generated function, a plain array."""

    name: str
    ctype: str
    shape: tuple[int, ...]
    is_read: bool

    @property
    def cast(self) -> str:
        """What makes a flat array into one of this shape; C does not turn rows into constant rows by itself."""
        rows = "".join(f"[{n}]" for n in self.shape[1:])
        return f"({'const ' * self.is_read}{self.ctype} (*){rows})" if rows else ""


def generate_c(
    model: onnx.ModelProto, static_buffers: bool = False, rows_of: int | None = None, int8: bool = False
) -> str:
    """Return C with a function `model` that takes the inputs and outputs in the order of the graph.

    Args:
        model: the graph, without free axes.
        static_buffers: declare every buffer as a plain array, however large; else large ones come from the heap.
        rows_of: size of the batch, if it may be filled in part; see `with_our_lstms`.
        int8: keep weights as bytes where they are whole numbers, and those of LSTMs where they are multiples.

    Raises:
        GenerationError: the package is not installed, or cannot take the graph.
    """
    try:
        from emx_onnx_cgen.compiler import Compiler, CompilerOptions
    except ImportError:
        raise GenerationError("it needs the package emx-onnx-cgen; pip install emx-onnx-cgen") from None
    # weights stay in the source; arrays may be aliased, as nothing promises the program otherwise
    options = {"large_weight_threshold": 0, "restrict_arrays": False}
    if static_buffers:
        options["large_temp_threshold_bytes"] = 2**40
    try:
        text: str = with_our_lstms(model, Compiler(CompilerOptions(**options)).compile, rows_of, int8)
    except Exception as error:
        lines = (str(error) or type(error).__name__).splitlines()
        raise GenerationError(lines[0].split(" Hint:")[0].split(" (while")[0].removesuffix(".")) from error
    return with_bytes(text) if int8 else text


def read_parameters(text: str, types: frozenset[str]) -> tuple[Parameter, ...]:
    """Take the parameters of a generated function apart.

    Args:
        text: what stands between its parentheses.
        types: of elements that the caller can handle.

    Raises:
        GenerationError: one is something else than an array of fixed size of these types.
    """
    found = []
    for part in text.split(", "):
        array = re.fullmatch(r"(const )?(\w+) (\w+)((?:\[\d+\])+)", part)
        if array is None or array[2] not in types:
            raise GenerationError(f"it made a parameter that is no plain array of fixed size: {part}")
        shape = tuple(int(n) for n in re.findall(r"\d+", array[4]))
        found.append(Parameter(array[3], array[2], shape, array[1] is not None))
    return tuple(found)
