"""Opens ONNX Runtime sessions: on exactly the provider that was asked for."""

from __future__ import annotations

import threading

import onnxruntime as ort

from lstm_onnx.contract import Array
from lstm_onnx.data.outside_data import refuse_outside_data
from lstm_onnx.errors import UserError
from lstm_onnx.inference.deadline import Stopped, left
from lstm_onnx.task import Answer, Arrays

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def available_providers() -> list[str]:
    """Providers that this build of ONNX Runtime has, by our names."""
    built_in = ort.get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider in built_in]


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
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 1
    options.log_severity_level = 3
    if not optimize:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    chosen = [PROVIDERS[provider]] if provider == "cpu" else [PROVIDERS[provider], PROVIDERS["cpu"]]
    try:
        session = ort.InferenceSession(content, options, providers=chosen)
    except Exception as error:
        detail = str(error).splitlines()[0]
        raise UserError(f"{where}: ONNX Runtime cannot load it ({detail}); export it again") from error
    if session.get_providers()[0] != chosen[0]:
        raise UserError(
            f"provider '{provider}' did not start (ONNX Runtime fell back to {session.get_providers()[0]}); "
            f"check the CUDA libraries, or use --provider cpu"
        )
    return session


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
        raise UserError(f"{where}: ONNX Runtime does not run it: {str(error).splitlines()[0]}") from error
    finally:
        if timer is not None:
            timer.cancel()
