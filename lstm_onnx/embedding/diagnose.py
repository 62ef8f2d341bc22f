"""The main path of `lstm-onnx doctor`: what rules say of a file, and what came of it where it could be tried."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from os import PathLike
from pathlib import Path

import onnx

from lstm_onnx.compatibility.examine import Finding, examine
from lstm_onnx.compatibility.trial import inputs_that_serve
from lstm_onnx.compatibility.verdict import NOTHING_KNOWN, Verdict, by_trial_or_list
from lstm_onnx.contract import Array, Contract
from lstm_onnx.data.given import given_file
from lstm_onnx.embedding.target import Refusal
from lstm_onnx.errors import first_line
from lstm_onnx.graph.model_file import parse_model, readable_contract
from lstm_onnx.version import __version__


def diagnose(file: str | PathLike[str], target: str) -> Verdict:
    """Say what is known of a file on a target; an engine that is installed here is asked.

    Raises:
        UserError: there is no such file or target, or it is no ONNX file.
    """
    path = given_file(file, "doctor")
    model = parse_model(path.read_bytes(), path)
    findings = examine(model, target)
    if target == "bare-c" and not any(f.severity == "stops" for f in findings):
        return _generated(path, model, findings)
    return by_trial_or_list(path, model, target, findings)


def _generated(path: Path, model: onnx.ModelProto, findings: tuple[Finding, ...]) -> Verdict:
    """Generate C as `embed` does, and say what it says."""
    try:
        engine = f"emx-onnx-cgen {metadata.version('emx-onnx-cgen')}"
    except metadata.PackageNotFoundError:
        return Verdict("bare-c", findings, False, f"{NOTHING_KNOWN}, and emx-onnx-cgen is not installed here to try it")
    when = f"{engine}, tried here on {datetime.now(UTC).date().isoformat()}"
    contract = readable_contract(model)
    try:
        if contract is not None and contract.examples:
            sizes = _as_embedded(contract, path.read_bytes())
            return Verdict(
                "bare-c", findings, True, f"{when}, wrote the C{sizes}; its self-test says whether it is right"
            )
        inputs = inputs_that_serve(path, model)
        if inputs is None:
            why = "no inputs could be made up to know its sizes by"
            return Verdict("bare-c", findings, False, f"{NOTHING_KNOWN}, and {why}")
        sizes = _as_found(inputs, model)
    except Refusal as refusal:
        finding = Finding("trial", "the file", str(refusal), "stops", "it was tried", "embed says the same", when)
        return Verdict("bare-c", (*findings, finding), False, "")
    except Exception as error:  # of ONNX Runtime, whose optimiser works out the sizes
        why = first_line(error)
        return Verdict("bare-c", findings, False, f"{NOTHING_KNOWN}: its sizes could not be fixed ({why})")
    return Verdict("bare-c", findings, False, f"{NOTHING_KNOWN}: {when}, wrote the C{sizes}, which is untested")


def _as_embedded(contract: Contract, content: bytes) -> str:
    from lstm_onnx.embedding.builtin_targets import BARE_C
    from lstm_onnx.embedding.fixed_shapes import sizes_of
    from lstm_onnx.embedding.from_contract import project_of

    project = BARE_C.fit(project_of(contract, len(content), __version__), content)
    BARE_C.context(project, content)
    return _for(sizes_of(project))


def _as_found(inputs: Mapping[str, Array], model: onnx.ModelProto) -> str:
    from lstm_onnx.embedding.c_source import plain_c
    from lstm_onnx.embedding.fixed_shapes import fixed_model

    named, sizes = onnx.ModelProto(), dict[str, int]()
    named.CopyFrom(model)
    for value in (v for v in named.graph.input if v.name in inputs):
        for k, (dim, size) in enumerate(zip(value.type.tensor_type.shape.dim, inputs[value.name].shape, strict=True)):
            if not dim.HasField("dim_value") or dim.dim_value < 0:
                dim.dim_param = dim.dim_param if dim.dim_param.isidentifier() else f"{value.name}_{k}"
                sizes[dim.dim_param] = size
    plain_c(fixed_model(named.SerializeToString(), sizes))
    return _for(sizes)


def _for(sizes: dict[str, int]) -> str:
    return f" for {', '.join(f'{name} {size}' for name, size in sizes.items())}" if sizes else ""
