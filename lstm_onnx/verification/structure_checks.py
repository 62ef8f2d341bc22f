"""What can be said of a file without running it: that it is sound, and what its contract says it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from lstm_onnx.contract import Contract, TensorSpec, from_json, to_json
from lstm_onnx.data.outside_data import refuse_outside_data
from lstm_onnx.errors import UserError, first_line
from lstm_onnx.graph.model_file import contract_text
from lstm_onnx.graph.traversal import nodes_of
from lstm_onnx.verification.fingerprints import changed_parts
from lstm_onnx.verification.onnx_checker import UnsoundError, run_checker
from lstm_onnx.verification.report import (
    AxisMismatch,
    ContractError,
    FileError,
    FingerprintMismatch,
    NameMismatch,
    OperatorError,
    TypeMismatch,
    shape_text,
)

STANDARD_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
EXCEPTIONS = {"int8": {"com.microsoft.DynamicQuantizeLSTM"}}
"""Operators beyond the standard that a variant needs."""


def check_file(content: bytes) -> str:
    """The file parses and passes ONNX's full checker, shapes included."""
    try:
        refuse_outside_data(content, "it")
    except UserError as error:
        raise FileError(str(error).removeprefix("it: ")) from error
    try:
        model = onnx.load_model_from_string(content)
        said = run_checker(content)
    except (DecodeError, UnsoundError) as error:
        raise FileError(f"is not a sound ONNX file: {first_line(error)}") from error
    return f"{len(content):,} bytes, {len(model.graph.node)} nodes, {said}"


def check_contract(model: onnx.ModelProto, where: str, beside: Path | None) -> str:
    """The contract is there, complete, true of opset and IR, and the same as in the JSON beside the file, if any."""
    text = contract_text(model)
    if not text:
        raise ContractError("has no contract in its metadata; export it with lstm-onnx export")
    try:
        contract = from_json(text, where)
    except UserError as error:
        raise ContractError(str(error).removeprefix(f"{where}: ")) from error
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    if (opset, model.ir_version) != (contract.opset, contract.ir_version):
        raise ContractError(
            f"is opset {opset}, IR {model.ir_version}, but its contract says {contract.opset} and {contract.ir_version}"
        )
    _check_states(contract)
    if not contract.examples:
        raise ContractError("has no golden examples in its contract; export it again")
    note = ""
    if beside is not None and not beside.is_file():
        note = f"; there is no {beside.name} beside it, which only programs in JavaScript need"
    elif beside is not None and not _same_contract(beside, contract):
        raise ContractError(f"has another contract inside than in {beside.name} beside it; export it again")
    return f"task {contract.task}, opset {opset}, IR {model.ir_version}, {len(contract.examples)} golden examples{note}"


def _same_contract(beside: Path, contract: Contract) -> bool:
    """Whether the JSON beside a file says what the contract in it says, in the names of whichever version."""
    try:
        return to_json(from_json(beside.read_text(encoding="utf-8"), beside)) == to_json(contract)
    except (UserError, UnicodeDecodeError):
        return False


def _check_states(contract: Contract) -> None:
    """Each state goes out in the shape and type in which it comes in, and the sequence has an axis to be cut along."""
    inputs, outputs = ({t.name: t for t in side} for side in (contract.inputs, contract.outputs))
    for state in contract.states:
        if state.input not in inputs or state.output not in outputs:
            raise ContractError(f"pairs the states {state.output} → {state.input}, of which one is not there")
        before, after = inputs[state.input], outputs[state.output]
        if (before.dims, before.dtype) != (after.dims, after.dtype):
            raise ContractError(f"pairs the states {state.output} → {state.input}, which differ in shape or type")
    if contract.states and (contract.stream is None or contract.stream.axis not in contract.axes):
        raise ContractError("has states, and does not say along which axis its input is fed in pieces")


def check_operators(model: onnx.ModelProto, contract: Contract) -> str:
    """Every operator is a standard one, and no LSTM uses what runtimes other than ONNX Runtime get wrong."""
    if model.functions:
        raise OperatorError(f"defines operators of its own, such as {model.functions[0].name}; it may redefine any")
    excepted, named = EXCEPTIONS.get(contract.variant, set()), set()
    nodes = list(nodes_of(model.graph))
    for node in nodes:
        full = f"{node.domain}.{node.op_type}"
        if node.domain not in STANDARD_DOMAINS and full in excepted:
            named.add(full)
        elif node.domain not in STANDARD_DOMAINS:
            raise OperatorError(f"node {node.name} is {node.domain}.{node.op_type}, which not every runtime has")
        if node.op_type == "LSTM" and len(node.input) > 4 and node.input[4]:
            raise OperatorError(f"node {node.name} has sequence_lens, which OpenVINO, IREE and MNN ignore")
        if node.op_type == "LSTM" and any(a.name == "layout" and a.i for a in node.attribute):
            raise OperatorError(f"node {node.name} has layout 1, which ONNX Runtime refuses")
    kinds = {node.op_type for node in nodes}
    return f"{len(kinds)} kinds, all standard" + (f" but {', '.join(sorted(named))}" if named else "")


def check_fingerprints(model: onnx.ModelProto, contract: Contract) -> str:
    """Every weight and node is bit by bit what was exported: answers alone miss a damaged word that nobody asks for."""
    if not contract.fingerprints:
        return "not checked: the contract holds none, as of an early release; export it again"
    if changed := changed_parts(model, contract.fingerprints):
        more = " and more" if len(changed) > 4 else ""
        raise FingerprintMismatch(f"changed since the export: {', '.join(changed[:4])}{more}")
    return f"{len(contract.fingerprints)} weights and nodes as exported"


def check_names(model: onnx.ModelProto, contract: Contract) -> str:
    """Inputs and outputs are called as the contract says, in its order."""
    for kind, found, wanted in _sides(model, contract):
        if (there := [v.name for v in found]) != (said := [t.name for t in wanted]):
            raise NameMismatch(f"{kind}s are called {', '.join(there)}; the contract says {', '.join(said)}")
    return ", ".join(t.name for t in contract.inputs) + " → " + ", ".join(t.name for t in contract.outputs)


def check_types(model: onnx.ModelProto, contract: Contract) -> str:
    """Inputs and outputs have the element types that the contract says."""
    for kind, found, wanted in _sides(model, contract):
        for value, tensor in zip(found, wanted, strict=True):
            there = _type_name(value.type.tensor_type.elem_type)
            if there != tensor.dtype:
                raise TypeMismatch(f"{kind} {tensor.name} is {there}; the contract says {tensor.dtype}")
    return ", ".join(sorted({t.dtype for t in (*contract.inputs, *contract.outputs)}))


def check_axes(model: onnx.ModelProto, contract: Contract) -> str:
    """Axes are free and fixed as the contract says."""
    for kind, found, wanted in _sides(model, contract):
        for value, tensor in zip(found, wanted, strict=True):
            there = tuple(
                d.dim_value if d.HasField("dim_value") else d.dim_param for d in value.type.tensor_type.shape.dim
            )
            if there != contract.dims_of(tensor):
                raise AxisMismatch(
                    f"{kind} {tensor.name} has the axes {shape_text(there)}; the contract says "
                    f"{shape_text(contract.dims_of(tensor))}"
                )
    return "free: " + ", ".join(name for name, axis in contract.axes.items() if axis.size is None)


def _sides(
    model: onnx.ModelProto, contract: Contract
) -> list[tuple[str, list[onnx.ValueInfoProto], tuple[TensorSpec, ...]]]:
    return [
        ("input", list(model.graph.input), contract.inputs),
        ("output", list(model.graph.output), contract.outputs),
    ]


def _type_name(element_type: int) -> str:
    if element_type == onnx.TensorProto.STRING:
        return "string"
    return str(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(element_type)))
