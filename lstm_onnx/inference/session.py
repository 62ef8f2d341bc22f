"""Opens ONNX Runtime sessions: on exactly the provider that was asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import onnxruntime as ort

from lstm_onnx.contract import METADATA_KEY, Array, Contract, from_json
from lstm_onnx.data.outside_data import refuse_outside_data
from lstm_onnx.errors import UserError, first_line
from lstm_onnx.inference.deadline import Stopped, left
from lstm_onnx.task import Answer, Arrays

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_WHOLE_FLOAT32 = {"use_tf32": "0"}  # else the products on the GPU keep 10 bits of a mantissa, and parity 3 digits

_LEVELS = {
    "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
_ERRORS, _FATAL = 3, 4


def available_providers() -> list[str]:
    """Providers that this build of ONNX Runtime has, by our names."""
    built_in = ort.get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider in built_in]


def with_options(provider: str) -> list[str | tuple[str, dict[str, str]]]:
    """List what a session on a provider takes, by our name: what CUDA does not run stays on the CPU."""
    cpu = PROVIDERS["cpu"]
    return [cpu] if provider == "cpu" else [(PROVIDERS[provider], _WHOLE_FLOAT32), cpu]


def session_options(
    threads: int | None = None, level: Literal["none", "basic", "all"] = "all", quiet: bool = False
) -> ort.SessionOptions:
    """Make the options that every session of ours has.

    Args:
        threads: of one operator; None takes one, which is fastest for small models and always answers the same.
        level: of optimisation.
        quiet: leave errors of a run to the exception, where they are expected.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 1
    options.graph_optimization_level = _LEVELS[level]
    options.log_severity_level = _FATAL if quiet else _ERRORS
    return options


def open_session(
    content: bytes, where: str, provider: str = "auto", threads: int | None = None, optimize: bool = True
) -> ort.InferenceSession:
    """Open a session on exactly the provider that was asked for.

    Raises:
        UserError: the provider is not there, the file keeps weights in other files, or ONNX Runtime refuses it.
    """
    refuse_outside_data(content, where)
    there = available_providers()
    if provider == "auto":
        provider = "cuda" if "cuda" in there else "cpu"
    if provider not in there:
        raise UserError(
            f"provider '{provider}' is not in this build of ONNX Runtime; there is: {', '.join(there)}"
            + ("; for CUDA install onnxruntime-gpu" if provider == "cuda" else "")
        )
    options = session_options(threads, "all" if optimize else "none")
    try:
        session = ort.InferenceSession(content, options, providers=with_options(provider))
    except Exception as error:
        detail = first_line(error)
        raise UserError(f"{where}: ONNX Runtime cannot load it ({detail}); export it again") from error
    if session.get_providers()[0] != PROVIDERS[provider]:
        raise UserError(
            f"provider '{provider}' did not start (ONNX Runtime fell back to {session.get_providers()[0]}); "
            f"check the CUDA libraries, or use --provider cpu"
        )
    return session


def session_contract(session: ort.InferenceSession, where: str | Path) -> Contract | None:
    """Return the contract of the file that a session runs, held to what the graph itself says; None where it has none.

    Raises:
        UserError: it is broken, of a version that this release does not read, or not of this graph.
    """
    try:
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    except UnicodeDecodeError:
        raise UserError(f"{where}: its metadata is not UTF-8 text; export the file again") from None
    contract = from_json(text, where) if text else None
    if contract is None:
        return None
    for kind, there, said in (
        ("inputs", session.get_inputs(), contract.inputs),
        ("outputs", session.get_outputs(), contract.outputs),
    ):
        ranks, wanted = {v.name: len(v.shape) for v in there}, {t.name: len(t.dims) for t in said}
        if ranks != wanted:
            raise UserError(
                f"{where}: its contract is of another graph: that has the {kind} {_shapes(ranks)}, and the contract "
                f"says {_shapes(wanted)}; export the file again"
            )
    return contract


def _shapes(ranks: Mapping[str, int]) -> str:
    return ", ".join(f"{name} of {rank} axes" for name, rank in ranks.items())


def session_answer(content: bytes, where: str, provider: str = "cpu", optimize: bool = True) -> Answer:
    """Return a function that answers by ONNX Runtime, one thread; it passes over arrays that are no input."""
    session = open_session(content, where, provider, optimize=optimize)
    inputs = [i.name for i in session.get_inputs()]

    def answer(arrays: Arrays) -> dict[str, Array]:
        return run_session(session, {name: arrays[name] for name in inputs}, where)

    return answer


def run_session(session: ort.InferenceSession, inputs: Arrays, where: str) -> dict[str, Array]:
    """Answer by name, within the time that is left (`lstm_onnx.inference.deadline`).

    Raises:
        UserError: ONNX Runtime does not run it on these inputs.
        Stopped: the time is up; `deadline` makes a UserError of it.
    """
    names = [o.name for o in session.get_outputs()]
    seconds, options = left(), ort.RunOptions()
    timer = threading.Timer(seconds, setattr, (options, "terminate", True)) if seconds is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        return dict(zip(names, session.run(names, dict(inputs), options), strict=True))
    except Exception as error:  # ONNX Runtime raises many kinds, none of them public
        if options.terminate:
            raise Stopped from None
        raise UserError(f"{where}: ONNX Runtime does not run it: {first_line(error)}") from error
    finally:
        if timer is not None:
            timer.cancel()
