"""Fingerprints of a model's nodes and weights, to name what was changed since the export.

A contract carries `fingerprints`; when a file's answers are wrong, `changed_parts` says where to look, with neither
PyTorch nor the original file. A CRC-32 finds accidents and well-meant edits; it is no protection against forgery.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from zlib import crc32

import onnx
from onnx import numpy_helper


def fingerprints(model: onnx.ModelProto) -> dict[str, str]:
    """CRC-32, as 8 hex digits, of each weight (`weights NAME`) and each node (`node NAME`) of the main graph.

    A weight's covers its type, shape and values, however they are stored. A node's covers operator, inputs, outputs and
    attributes, and with them the body of a Loop, If or Scan; neither the node's own name nor comments count. Nodes that
    share a name, or have none, are told apart by their number: `node Add #2`.
    """
    found = {f"weights {t.name}": _crc(_of_tensor(t)) for t in model.graph.initializer}
    found |= {f"weights {t.values.name}": _crc(_of_message(t)) for t in model.graph.sparse_initializer}
    seen: Counter[str] = Counter()
    for node in model.graph.node:
        name = node.name or node.op_type
        seen[name] += 1
        found[f"node {name}" if seen[name] == 1 else f"node {name} #{seen[name]}"] = _crc(_of_node(node))
    return found


def changed_parts(model: onnx.ModelProto, known: Mapping[str, str]) -> list[str]:
    """Say what in `model` is not as it was when `known` was made by `fingerprints`; nothing where nothing was changed.

    What was changed comes first, in the order of the graph, weights before nodes; then what is new; then what is gone.
    An empty `known`, as of a file whose contract has no fingerprints, tells nothing, and gives an empty list.
    """
    if not known:
        return []
    there = fingerprints(model)
    return [
        *(f"{part} changed" for part, digest in there.items() if part in known and known[part] != digest),
        *(f"{part} {_be(part)} new" for part in there if part not in known),
        *(f"{part} {_be(part)} gone" for part in known if part not in there),
    ]


def _be(part: str) -> str:
    return "are" if part.startswith("weights ") else "is"


def _crc(content: bytes) -> str:
    return f"{crc32(content):08x}"


def _of_tensor(tensor: onnx.TensorProto) -> bytes:
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return _of_message(tensor)  # its values are not here; what stands in their place is
    try:
        array = numpy_helper.to_array(tensor)
    except Exception:  # of several kinds: bytes that do not make this shape, a type that there is not
        return _of_message(tensor)
    values = b"\0".join(bytes(v) for v in tensor.string_data) if array.dtype == object else array.tobytes()
    return f"{tensor.data_type} {list(tensor.dims)} ".encode() + values


def _of_node(node: onnx.NodeProto) -> bytes:
    inputs = list(node.input)
    while inputs and not inputs[-1]:
        inputs.pop()  # inputs left out at the end may be spelt out or not
    head = repr(("" if node.domain == "ai.onnx" else node.domain, node.op_type, inputs, list(node.output)))
    attributes = sorted(node.attribute, key=lambda a: a.name)
    return head.encode() + b"".join(_of_message(a) for a in attributes)


def _of_message(message: onnx.AttributeProto | onnx.TensorProto | onnx.SparseTensorProto) -> bytes:
    content: bytes = message.SerializeToString(deterministic=True)
    return content
