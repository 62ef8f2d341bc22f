"""An engine that turns the file into plain C (package emx-onnx-cgen), compiles it, and runs the program.

Its code needs fixed sizes, so a program is built for each combination that is asked for. The program reads its inputs
from a file and writes its outputs to another: what crashes is then only the program.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import weakref
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx

from lstm_onnx.contract import Array
from lstm_onnx.graph.generated_c import GenerationError, Parameter, generate_c, read_parameters
from lstm_onnx.task import Arrays
from lstm_onnx.verification.engine import EngineError

FLAGS = ("-std=c11", "-O1", "-fno-fast-math", "-ffp-contract=off")
"""No shortcuts in arithmetic: NaN must stay NaN, and a product and a sum stay two roundings."""

TIMEOUT = 120.0

_NUMPY = {
    "float": "float32",
    "double": "float64",
    "int64_t": "int64",
    "int32_t": "int32",
    "uint8_t": "uint8",
    "bool": "bool",
}

Shapes = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Source:
    """Generated C for one combination of sizes: the function `model`, and what its outputs are."""

    text: str
    parameters: tuple[Parameter, ...]


class GeneratedC:
    """Plain C as `bare-c` ships it, LSTMs ours and the rest by emx-onnx-cgen: a program for each combination of sizes.

    That takes about 1 s of generating and 1 s of compiling.

    Cannot take strings, axes of length 0, or outputs whose size depends on the values of inputs. Known to be wrong
    (1.4, measured): Max, Min and Relu give the other number where one is NaN.
    """

    name = "c"

    def __init__(self, content: bytes) -> None:
        self._content = content
        model = onnx.load_model_from_string(content)
        self._inputs = [i.name for i in model.graph.input]
        self._outputs = list(model.graph.output)
        self._folder = Path(tempfile.mkdtemp(prefix="lstm-onnx-c-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._programs: dict[Shapes, tuple[Path, Source]] = {}

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """Answer; see `Engine.run`."""
        arrays = {name: np.asarray(inputs[name]) for name in self._inputs}
        shapes = tuple((name, a.shape) for name, a in arrays.items())
        if shapes not in self._programs:
            source = generate(self._content, shapes)
            self._programs[shapes] = _build(source, self._folder / str(len(self._programs))), source
        program, source = self._programs[shapes]
        sent = b"".join(
            np.ascontiguousarray(a, _NUMPY[p.ctype]).tobytes()
            for a, p in zip(arrays.values(), (p for p in source.parameters if p.is_read), strict=True)
        )
        done = _call([str(program)], sent)
        if done.returncode:
            raise EngineError(f"engine 'c' crashed (exit status {done.returncode}) on {dict(shapes)}")
        return self._split(done.stdout, source)

    def _split(self, content: bytes, source: Source) -> dict[str, Array]:
        answers, at = {}, 0
        outputs = [p for p in source.parameters if not p.is_read]
        for value, p in zip(self._outputs, outputs, strict=True):
            count, kind = int(np.prod(p.shape)), np.dtype(_NUMPY[p.ctype])
            array = np.frombuffer(content, kind, count, at).copy()
            is_scalar = not value.type.tensor_type.shape.dim
            answers[value.name] = array.reshape(() if is_scalar else p.shape)
            at += count * kind.itemsize
        return answers


def compiler() -> list[str] | None:
    """The command that compiles C: the variable CC, or the first of cc, gcc and clang that is there."""
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen and shutil.which(chosen[0]):
        return chosen
    found = next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
    return [found] if found else None


@lru_cache(maxsize=4)
def generate(content: bytes, shapes: Shapes) -> Source:
    """Generate C for inputs of these shapes.

    Raises:
        EngineError: the generator cannot; says why.
    """
    if any(0 in shape for _, shape in shapes):
        raise EngineError("engine 'c' takes no axis of length 0")
    model = _with_sizes(onnx.load_model_from_string(content), dict(shapes))
    try:
        text = generate_c(model)
        found = re.search(r"^void model\((.*)\) \{$", text, re.MULTILINE)
        if found is None:
            raise EngineError("engine 'c' generated no function that takes plain arrays")
        return Source(text, read_parameters(found[1], frozenset(_NUMPY)))
    except GenerationError as error:
        raise EngineError(f"engine 'c' cannot generate code: {error}") from error


def _with_sizes(model: onnx.ModelProto, shapes: dict[str, tuple[int, ...]]) -> onnx.ModelProto:
    """Fix the free axes of the inputs, and with them those of the outputs that bear the same names."""
    sizes: dict[str, int] = {}
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if len(dims) != len(shapes[value.name]):
            raise EngineError(f"input {value.name} has {len(shapes[value.name])} axes instead of {len(dims)}")
        for dim, size in zip(dims, shapes[value.name], strict=True):
            fixed = dim.dim_value or sizes.setdefault(dim.dim_param, size) if dim.dim_param else dim.dim_value or size
            if fixed != size:
                raise EngineError(f"input {value.name} has an axis of {size} instead of {fixed}")
            dim.dim_value = size
    for value in model.graph.output:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
    del model.graph.value_info[:], model.metadata_props[:]
    return model


def _build(source: Source, stem: Path) -> Path:
    """Compile the generated function with a `main` that feeds it from standard input to standard output."""
    names = [f"p{k}" for k in range(len(source.parameters))]
    lines = ["#include <stdio.h>", "#include <string.h>"]
    for name, p in zip(names, source.parameters, strict=True):
        lines.append(f"static {p.ctype} {name}{''.join(f'[{n}]' for n in p.shape)};")
    lines.append("int main(void) {")
    for name, p in zip(names, source.parameters, strict=True):
        if p.is_read:
            lines.append(f"    if (fread({name}, sizeof {name}, 1, stdin) != 1) return 2;")
        else:  # the function returns early, without a word, when memory is short: nothing must look like an answer
            lines.append(f"    memset({name}, 0xff, sizeof {name});")
    arguments = ", ".join(f"{p.cast if p.is_read else ''}{n}" for n, p in zip(names, source.parameters, strict=True))
    lines.append(f"    model({arguments});")
    for name, p in zip(names, source.parameters, strict=True):
        if not p.is_read:
            lines.append(f"    if (fwrite({name}, sizeof {name}, 1, stdout) != 1) return 3;")
    lines.append("    return 0;\n}")
    file = stem.with_suffix(".c")
    file.write_text(source.text + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    command = compiler()
    if command is None:
        raise EngineError("engine 'c' finds no C compiler")
    done = _call([*command, *FLAGS, str(file), "-o", str(stem), "-lm"])
    if done.returncode:
        raise EngineError(f"engine 'c': {command[0]} refuses the generated code: {done.stderr.decode()[:300]}")
    return stem


def _call(command: list[str], sent: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, input=sent, capture_output=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"engine 'c': {Path(command[0]).name} took longer than {TIMEOUT:g} s") from error
