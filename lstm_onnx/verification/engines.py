"""Engines other than ONNX Runtime that can answer for a file, behind one small interface.

None of them shares code with ONNX Runtime or with each other, so that what they all agree on is what the file says, and
not a kernel's habit. What each is known to get wrong stands with it, as measured;
`tests/verification/test_engines.py` holds to it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError, first_line, nearest
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.graph.traversal import nodes_of
from lstm_onnx.task import Arrays
from lstm_onnx.verification.engine import Engine, EngineError

if TYPE_CHECKING:
    from onnx.reference import ReferenceEvaluator
    from openvino import CompiledModel

PACKAGES = {"reference": "onnx", "openvino": "openvino", "c": "emx_onnx_cgen"}
"""The engines, and the package that each needs."""

INSTALL = {"openvino": "pip install openvino", "c": "pip install emx-onnx-cgen"}


def available_engines() -> list[str]:
    """Engines whose package (and, for `c`, a C compiler) is on this machine."""
    return [name for name in PACKAGES if _missing(name) is None]


def chosen_engines(names: Sequence[str]) -> list[str]:
    """Return the engines of these names; all that are installed where "all" is among them.

    Raises:
        UserError: one is not installed.
    """
    there = available_engines()
    chosen = there if "all" in names else list(names)
    if unknown := [name for name in chosen if name not in there]:
        raise UserError(f"engine '{unknown[0]}' is not installed{nearest(unknown[0], there)}")
    return chosen


def why_not(name: str, model: onnx.ModelProto) -> str | None:
    """Say in words why an engine cannot take a model; None where it can.

    `openvino` compiles it and `c` generates its source on trial, at the sizes of the golden examples where the model
    has a contract; what was made is kept for `open_engine`.
    """
    lacks = _missing(name)
    if lacks is not None:
        return lacks
    clock = _reads_a_clock(model)
    for node in nodes_of(model.graph):
        if node.domain not in ("", "ai.onnx", "ai.onnx.ml"):
            # some have it all the same: OpenVINO computes int8 LSTMs in float32
            what = f"{node.domain}.{node.op_type} (node {node.name or node.op_type})"
            return f"{what} is no standard operator, so there is nothing that engines must agree on"
        wrong = None
        if name == "openvino":
            wrong = _openvino_is_wrong_at(node, clock)
        elif name == "reference":
            wrong = _reference_is_wrong_at(node)
        if wrong is not None:
            return f"{wrong} (node {node.name or node.op_type})"
    try:
        if name == "openvino":
            _compiled_by_openvino(model.SerializeToString())
        elif name == "c":
            return _why_not_c(model)
    except EngineError as error:
        return str(error)
    return None


def open_engine(name: str, content: bytes) -> Engine:
    """Open an engine on the content of a file.

    Raises:
        UserError: there is no such engine, it is not installed, or it cannot load the file.
    """
    lacks = _missing(name)
    if lacks is not None:
        raise EngineError(f"engine '{name}': {lacks}")
    if name == "c":
        from lstm_onnx.verification.c_engine import GeneratedC

        return GeneratedC(content)
    return Reference(content) if name == "reference" else OpenVino(content)


class Reference:
    """The reference evaluator of the `onnx` package: NumPy, node by node, as the standard's text has it.

    Slow: a Python loop over time. Its GatherElements refuses more than 64 steps (onnx 1.23), so it gets another one
    here, `numpy.take_along_axis`, which is the operator's definition. A Loop without a first condition runs not once,
    and the outputs that a Loop collects are joined instead of stacked: `why_not` refuses both.
    """

    name = "reference"

    def __init__(self, content: bytes) -> None:
        model = onnx.load_model_from_string(content)
        self._inputs = [i.name for i in model.graph.input]
        self._outputs = [o.name for o in model.graph.output]
        try:
            self._evaluator = reference_evaluator(model)
        except Exception as error:
            raise EngineError(f"engine 'reference' cannot load it: {first_line(error)}") from error

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """Answer; see `Engine.run`."""
        try:
            with np.errstate(all="ignore"):
                values = self._evaluator.run(self._outputs, {name: inputs[name] for name in self._inputs})
        except Exception as error:
            raise EngineError(f"engine 'reference' does not run: {first_line(error)}") from error
        return {name: np.asarray(value) for name, value in zip(self._outputs, values, strict=True)}


def reference_evaluator(model: onnx.ModelProto) -> ReferenceEvaluator:
    """Return onnx's evaluator of `model`, mended where it is known to be broken; see `Reference`."""
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    class GatherElements(OpRun):
        op_domain = ""

        def _run(self, data: Array, indices: Array, axis: int = 0) -> tuple[Array]:
            wrapped = np.where(indices < 0, indices + data.shape[axis], indices)
            # the other axes of the indices may be shorter than those of the data
            others = tuple(slice(None) if k == axis % data.ndim else slice(n) for k, n in enumerate(indices.shape))
            return (np.take_along_axis(data[others], wrapped, axis),)

    return ReferenceEvaluator(model, new_ops=[GatherElements])


class OpenVino:
    """OpenVINO on the CPU, one thread, in float32: left alone, it computes in bfloat16 where the CPU has it.

    Known to be wrong (2026.4, measured): it holds int64 in 32 bits; it takes Mod, Less and Equal of integers in
    float32, so that they are wrong from 2**24 on (a remainder of unix seconds by up to 64); with NaN, Max, Min and Relu
    give the other number, Greater and GreaterOrEqual are true, and Exp is infinite. Less, Where, IsNaN and arithmetic
    are right with NaN. It ignores an LSTM's `sequence_lens`.
    """

    name = "openvino"

    def __init__(self, content: bytes) -> None:
        self._compiled = _compiled_by_openvino(content)
        model = onnx.load_model_from_string(content)
        self._inputs = [i.name for i in model.graph.input]
        self._outputs = [o.name for o in model.graph.output]

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """Answer; see `Engine.run`."""
        try:
            result = self._compiled({name: np.ascontiguousarray(inputs[name]) for name in self._inputs})
            return {name: np.array(result[name]) for name in self._outputs}
        except Exception as error:
            raise EngineError(f"engine 'openvino' does not run: {first_line(error)}") from error


@lru_cache(maxsize=2)
def _compiled_by_openvino(content: bytes) -> CompiledModel:
    import openvino

    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    try:
        core = openvino.Core()
        return core.compile_model(core.read_model(content), "CPU", settings)
    except Exception as error:
        raise EngineError(f"engine 'openvino' cannot load it: {first_line(error)}") from error


def _reference_is_wrong_at(node: onnx.NodeProto) -> str | None:
    if node.op_type != "Loop":
        return None
    if len(node.input) < 2 or not node.input[1]:
        return "it does not run a Loop that has no first condition"
    states = len(node.input) - 2
    return "it joins what a Loop collects, instead of stacking it" if len(node.output) > states else None


def _openvino_is_wrong_at(node: onnx.NodeProto, clock: bool) -> str | None:
    if node.op_type == "LSTM" and len(node.input) > 4 and node.input[4]:
        return "it ignores sequence_lens"
    is_float = any(a.name == "fmod" and a.i for a in node.attribute)
    if node.op_type == "Mod" and clock and not is_float:
        return "it takes remainders of integers in float32, which for unix seconds is off by a minute"
    return None


def _reads_a_clock(model: onnx.ModelProto) -> bool:
    contract = readable_contract(model)
    return contract is None or any(t.source is not None and t.source.kind == "time" for t in contract.inputs)


def _why_not_c(model: onnx.ModelProto) -> str | None:
    from lstm_onnx.verification.c_engine import generate

    contract = readable_contract(model)
    example = contract.examples[0].inputs if contract is not None and contract.examples else {}
    shapes = {
        i.name: example[i.name].shape
        if i.name in example
        else tuple(d.dim_value or 2 for d in i.type.tensor_type.shape.dim)
        for i in model.graph.input
    }
    try:
        generate(model.SerializeToString(), tuple(shapes.items()))
    except EngineError as error:
        return str(error)
    return None


def _missing(name: str) -> str | None:
    if name not in PACKAGES:
        raise UserError(f"no engine '{name}'{nearest(name, PACKAGES)}")
    if importlib.util.find_spec(PACKAGES[name]) is None:
        return f"it is not installed ({INSTALL.get(name, 'pip install ' + name)})"
    if name == "c":
        from lstm_onnx.verification.c_engine import compiler

        if compiler() is None:
            return "there is no C compiler (cc, gcc or clang on the PATH, or the variable CC)"
    return None
