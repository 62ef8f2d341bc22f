"""The contract of an adopted file."""

from __future__ import annotations

from hashlib import sha256

import onnx

from lstm_onnx.contract import Contract, Provenance, StateSpec, Stream, Tolerance
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.exporting.adoption.interface import Interface
from lstm_onnx.exporting.adoption.original import Original
from lstm_onnx.training.provenance import now
from lstm_onnx.version import __version__

TASK = "adopted"
TOLERANCE = Tolerance(rtol=1e-4, atol=1e-5)


def describe(name: str, original: Original, model: onnx.ModelProto, interface: Interface) -> Contract:
    """Return the contract, yet without examples and fingerprints.

    Raises:
        UserError: what is told of states or of the stream does not fit.
    """
    about, path = original.about, original.path
    _refuse_states(original, interface)
    producer = original.found.producer
    return Contract(
        name=name,
        task=TASK,
        description=about.description or f"Adopted from {path.name}, by {producer or 'somebody'}.",
        opset=next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0),
        ir_version=model.ir_version,
        axes=interface.axes,
        inputs=interface.inputs,
        outputs=interface.outputs,
        variant="streaming" if about.stream is not None else "fp32",
        states=tuple(StateSpec(output=o, input=i) for o, i in about.states.items()),
        stream=Stream(axis=about.stream) if about.stream is not None else None,
        tolerance=TOLERANCE,
        provenance=Provenance(
            created=now(),
            run=TASK,
            plugin=producer or "not said",
            data="not known",
            versions={"lstm-onnx": __version__, "onnx": onnx.__version__},
            config={"file": path.name, "sha256": sha256(path.read_bytes()).hexdigest()},
        ),
    )


def _refuse_states(original: Original, interface: Interface) -> None:
    about, path, axes = original.about, original.path, interface.axes
    names = {t.name for t in (*interface.inputs, *interface.outputs)}
    for pair in about.states.items():
        if missing := [n for n in pair if n not in names]:
            raise UserError(f"{path}: has no '{missing[0]}', which was told to be a state{nearest(missing[0], names)}")
    if about.stream is not None and (about.stream not in axes or axes[about.stream].size is not None):
        raise UserError(f"{path}: has no free axis '{about.stream}' to be fed along (stream)")
    if about.states and about.stream is None:
        raise UserError(f"{path}: has states: say along which axis it is fed in pieces (stream)")
