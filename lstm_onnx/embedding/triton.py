"""The target `triton`: a model repository for NVIDIA Triton, with the model's states kept by the server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import METADATA_KEY, Array, Contract, from_json, to_json
from lstm_onnx.embedding.target import EmbedTarget, Refusal
from lstm_onnx.errors import first_line

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from lstm_onnx.embedding.project import Port, Project

TYPES = {
    "float32": "FP32",
    "float64": "FP64",
    "float16": "FP16",
    "int64": "INT64",
    "int32": "INT32",
    "uint8": "UINT8",
    "bool": "BOOL",
    "string": "STRING",
}
"""How a configuration calls each type, behind `TYPE_`; requests say BYTES for STRING."""

MAX_BATCH, STREAMS = 64, 1024
IDLE_STEPS, LEAST_IDLE, USUAL_IDLE, MONTH = 24, 600, 3600, 31 * 86400
"""A stream is given up after so many steps without a row, or seconds, and where the step is not known."""


@dataclass(frozen=True)
class Dims:
    """The shape of a tensor as a configuration has it; the server reshapes what has no axis beside the batch."""

    dims: tuple[int, ...]
    reshape: bool = False


@dataclass(frozen=True)
class Triton(EmbedTarget):
    """Writes the configuration, and what it names: the model, labels, the first states, and a request to try."""

    def fit(self, project: Project, model: bytes) -> Project:
        """Give the states names by which Triton pairs them rightly."""
        from lstm_onnx.embedding.from_contract import project_of

        for port, _ in project.states:
            if sum(d.size is None for d in port.dims) > 1:
                raise Refusal(f"the state {port.name} has no fixed size, and Triton must know the first one")
        return project_of(renamed(project.contract), project.size, project.version)

    def context(self, project: Project, model: bytes) -> dict[str, object]:
        """Say how each tensor stands in the configuration, and try the request."""
        from lstm_onnx.inference.session import open_session

        session = open_session(model, project.name, "cpu")
        inputs = request_inputs(project)
        return {
            "types": TYPES,
            "max_batch": max_batch(project),
            "dims": {p.name: dims_of(project, p) for p in (*project.inputs, *project.outputs)},
            "renamed": [o.name for o in session.get_outputs()] != [p.name for p in project.outputs],
            "idle": _idle(project) * 10**6,
            "streams": STREAMS,
            "labels": {p.name: ranked_labels(project, p) for p in project.answers},
            "answer": {} if inputs is None else _answer(project, session, inputs),
        }

    def files(self, project: Project, model: bytes, contract: str) -> dict[str, bytes]:
        """Return the model, labels, states that do not begin with 0, and a request."""
        found = {
            f"{project.id}/1/model.onnx": _with_names(model, from_json(contract, "the model"), project.contract),
            "model.json": f"{to_json(project.contract)}\n".encode(),
        }
        for port in project.answers:
            if labels := ranked_labels(project, port):
                found[f"{project.id}/{port.id}_labels.txt"] = "".join(f"{label}\n" for label in labels).encode()
        for port, _ in project.states:
            if port.reset != 0:
                first = np.full([d.size or 1 for d in port.dims], port.reset, port.dtype)
                found[f"{project.id}/initial_state/{port.id}"] = first.tobytes()
        if (inputs := request_inputs(project)) is not None:
            found["request.json"] = _request(project, inputs)
        return found


def renamed(contract: Contract) -> Contract:
    """Return the contract with other names for the outputs that are states, where Triton would mix them up.

    Triton 25.12 and older sort the states that go in and those that come out, each by their names, and pair the first
    with the first (https://github.com/triton-inference-server/server/issues/8586).
    """
    after = {s.input: s.output for s in contract.states}
    if [after[name] for name in sorted(after)] == sorted(after.values()):
        return contract
    names, prefix = {t.name for t in (*contract.inputs, *contract.outputs)}, "next_"
    while any(prefix + name in names for name in after):
        prefix = f"_{prefix}"
    new = {output: prefix + name for name, output in after.items()}  # the same order as the inputs
    return contract.model_copy(
        update={
            "outputs": tuple(t.model_copy(update={"name": new.get(t.name, t.name)}) for t in contract.outputs),
            "states": tuple(s.model_copy(update={"output": new[s.output]}) for s in contract.states),
            "examples": tuple(
                e.model_copy(update={"outputs": {new.get(n, n): v for n, v in e.outputs.items()}})
                for e in contract.examples
            ),
        }
    )


def _with_names(model: bytes, before: Contract, after: Contract) -> bytes:
    """Give a model's outputs the names of another contract, and that contract."""
    if before == after:
        return model
    import onnx
    from onnx import helper

    found = onnx.load_model_from_string(model)
    new = {a.name: b.name for a, b in zip(before.outputs, after.outputs, strict=True) if a.name != b.name}
    for output in found.graph.output:
        if output.name in new:
            found.graph.node.append(helper.make_node("Identity", [output.name], [new[output.name]]))
            output.name = new[output.name]
    kept = {p.key: p.value for p in found.metadata_props}
    helper.set_model_props(found, kept | {METADATA_KEY: to_json(after)})
    content: bytes = found.SerializeToString()
    return content


def max_batch(project: Project) -> int:
    """Return the largest batch, or 0 where the server cannot make batches.

    It can where the batch is the first axis of every tensor. States are kept for each stream by itself, and of an LSTM
    they have the layers first.
    """
    first = project.given[0].dims[:1]
    if project.states or not first or first[0].size is not None:
        return 0
    together = all(p.dims[:1] == first for p in (*project.inputs, *project.outputs))
    return min(MAX_BATCH, first[0].max or MAX_BATCH) if together else 0


def dims_of(project: Project, port: Port) -> Dims:
    """Return the shape of a tensor for the configuration: without the batch where the server makes batches.

    Where it does not, there is one sequence at a time: an input says so. Of an output it wants what the graph says.
    """
    if max_batch(project):
        rest = tuple(d.size or -1 for d in port.dims[1:])
        return Dims(rest) if rest else Dims((1,), reshape=True)
    alone = 1 if port in project.inputs else -1
    batch = project.given[0].dims[:1]
    return Dims(tuple(d.size or (alone if d in batch else -1) for d in port.dims) or (1,))


def ranked_labels(project: Project, port: Port) -> tuple[str, ...]:
    """Return the labels of an output whose last axis ranks them; none where a label would be two lines."""
    tensor = project.contract.outputs[port.position]
    labels = port.dims[-1].labels if tensor.is_scores and port.dims else ()
    return () if any(set("\r\n") & set(label) for label in labels) else labels


def _idle(project: Project) -> int:
    """How many seconds a stream may be without a row before the server forgets it; after 1 s if nothing is said."""
    step = project.step_seconds or project.step_months * MONTH
    return max(IDLE_STEPS * step, LEAST_IDLE) if step else USUAL_IDLE


def request_inputs(project: Project) -> dict[str, Array] | None:
    """The first sequence of a golden example whose numbers JSON can write; of a stream, its first step."""
    stream = project.contract.stream.axis if project.contract.stream else None
    for example in project.contract.examples:
        arrays: dict[str, Array] = {}
        for port in project.given:
            array = example.inputs[port.name].array()[:1]
            names = [d.name for d in port.dims]
            arrays[port.name] = array.take([0], axis=names.index(stream)) if stream in names else array
        if all(a.dtype.kind != "f" or np.isfinite(a).all() for a in arrays.values()):
            return arrays
    return None


def _request(project: Project, inputs: Mapping[str, Array]) -> bytes:
    """Write the request as the inference protocol (v2) has it."""
    tensors = []
    for port in project.given:
        array = inputs[port.name]
        shape = [1, 1] if dims_of(project, port).reshape else list(array.shape) or [1]
        kind = "BYTES" if port.dtype == "string" else TYPES[port.dtype]
        values = [float(str(v)) for v in array.ravel()] if array.dtype.kind == "f" else array.ravel().tolist()
        tensors.append({"name": port.name, "shape": shape, "datatype": kind, "data": values})
    request: dict[str, Any] = {"inputs": tensors}
    if project.states:
        request["parameters"] = {"sequence_id": 1, "sequence_start": True, "sequence_end": False}
    return json.dumps(request, ensure_ascii=False).encode()


def _answer(project: Project, session: InferenceSession, inputs: Mapping[str, Array]) -> dict[str, list[str]]:
    """What ONNX Runtime answers for the request: the first values of each output."""
    first = {p.name: np.full([d.size or 1 for d in p.dims], p.reset, p.dtype) for p, _ in project.states}
    places = {p.position: p.name for p in project.answers}
    try:
        outputs = session.run(None, {**inputs, **first})
    except Exception as error:  # ONNX Runtime has a class for each kind of error, and none for all
        raise Refusal(f"ONNX Runtime has no answer for its golden example ({first_line(error)})") from error
    return {name: [str(v) for v in outputs[place].ravel()[:3]] for place, name in places.items()}
