"""Which provider each node of a file runs on, so that ONNX Runtime cannot fall back to the CPU without a word.

ONNX Runtime puts a node on the CPU when the provider that was asked for has no kernel for it, and says nothing. It also
puts nodes there on purpose: those that compute shapes, whose results the CPU needs. The two are told apart by where a
node's inputs come from.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import onnxruntime as ort

from lstm_onnx.errors import first_line
from lstm_onnx.graph.traversal import nodes_of, reads
from lstm_onnx.inference.session import PROVIDERS, session_options, with_options
from lstm_onnx.task import Arrays
from lstm_onnx.verification.report import ProviderError

Placed = Mapping[str, Sequence[str]]
"""The names of the nodes that each provider runs, by ONNX Runtime's name of the provider."""

_SOURCES = ("Shape", "Size", "Constant")
_HEAVY = ("LSTM", "DynamicQuantizeLSTM", "GRU", "RNN", "Gemm", "MatMul", "MatMulInteger", "Conv", "Einsum")


def check_placement(content: bytes, provider: str, inputs: Arrays) -> str:
    """Say how many nodes run on `provider` and which fell back to the CPU.

    Raises:
        ProviderError: a node that does the work (an LSTM, a matrix product) fell back, or none runs on it.
    """
    return describe_placement(onnx.load_model_from_string(content), placement(content, provider, inputs), provider)


def placement(content: bytes, provider: str, inputs: Arrays) -> dict[str, list[str]]:
    """Ask ONNX Runtime on which provider each node runs, by ONNX Runtime's name of the provider.

    Args:
        content: of the file.
        provider: our name of it, such as cuda.
        inputs: ONNX Runtime before 1.24 only tells after a run; this is what to run on.

    Returns:
        The nodes' names, a node without name by its operator. Nodes that ONNX Runtime made by fusing others bear names
        of its own; those in the body of a Loop are among the others.
    """
    if hasattr(ort.InferenceSession, "get_provider_graph_assignment_info"):
        return _as_assigned(content, provider)
    return _as_profiled(content, provider, inputs)


def fallen_back(model: onnx.ModelProto, placed: Placed, provider: str) -> list[str]:
    """Name the nodes that run on the CPU though `provider` was asked for, except those that compute shapes or copy."""
    if provider == "cpu":
        return []
    kept = shape_nodes(model)
    return [name for name in placed.get(PROVIDERS["cpu"], ()) if name not in kept and not name.startswith("Memcpy")]


def shape_nodes(model: onnx.ModelProto) -> set[str]:
    """Name the nodes that read nothing but shapes and constants: the CPU is where ONNX Runtime wants them."""
    constants = {t.name for t in model.graph.initializer}
    found: set[str] = set()
    from_shapes: set[str] = set()
    for node in model.graph.node:  # in topological order
        if node.op_type in _SOURCES or all(n in constants or n in from_shapes for n in reads(node)):
            found.add(node.name or node.op_type)
            from_shapes.update(node.output)
    return found


def describe_placement(model: onnx.ModelProto, placed: Placed, provider: str) -> str:
    """Put a placement in words; see `check_placement`."""
    wanted, total = len(placed.get(PROVIDERS[provider], ())), sum(map(len, placed.values()))
    if not wanted:
        raise ProviderError(f"none of its {total} nodes runs on {provider}")
    fallen = fallen_back(model, placed, provider)
    kinds = {node.name or node.op_type: node.op_type for node in nodes_of(model.graph)}
    # a fused node bears a name of ONNX Runtime's making; that it is heavy is then told by the name alone
    heavy = [name for name in fallen if kinds.get(name, name.rpartition("/")[2]).startswith(_HEAVY)]
    if heavy:
        raise ProviderError(f"{', '.join(heavy)}: fell back from {provider} to the CPU without a word")
    text = f"{wanted} of {total} nodes on {provider}"
    if on_purpose := total - wanted - len(fallen):
        text += f", {on_purpose} that handle shapes or copy elsewhere"
    return f"{text}; fell back to the CPU: {', '.join(fallen)}" if fallen else text


def _session(content: bytes, provider: str, options: ort.SessionOptions) -> ort.InferenceSession:
    if PROVIDERS[provider] not in ort.get_available_providers():
        raise ProviderError(f"cannot run on {provider}: this build of ONNX Runtime does not have it")
    try:
        return ort.InferenceSession(content, options, providers=with_options(provider))
    except Exception as error:
        raise ProviderError(f"does not load on {provider}: {first_line(error)}") from error


def _as_assigned(content: bytes, provider: str) -> dict[str, list[str]]:
    options = session_options()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    placed: dict[str, list[str]] = {}
    for part in _session(content, provider, options).get_provider_graph_assignment_info():
        placed.setdefault(part.ep_name, []).extend(node.name or node.op_type for node in part.get_nodes())
    return placed


def _as_profiled(content: bytes, provider: str, inputs: Arrays) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory(prefix="lstm-onnx-") as folder:
        options = session_options()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = _session(content, provider, options)
        session.run(None, {i.name: inputs[i.name] for i in session.get_inputs()})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return read_profile(events)


def read_profile(events: list[dict[str, object]]) -> dict[str, list[str]]:
    """Read ONNX Runtime's profile: which nodes ran, each once, by provider."""
    placed: dict[str, list[str]] = {}
    for event in events:
        arguments, name = event.get("args"), str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith("_kernel_time") and isinstance(arguments, dict):
            nodes = placed.setdefault(str(arguments.get("provider")), [])
            node = name.removesuffix("_kernel_time") or str(arguments.get("op_name"))
            if node not in nodes:
                nodes.append(node)
    return placed
