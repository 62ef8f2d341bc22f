"""Tries a file on the engines that are installed here, in a process of its own: engines crash, and take others along.

    python -m lstm_onnx.compatibility.trial FILE TARGET     prints what came of it, as JSON

A trial is asked with the golden example of the file's contract. A file without one gets made-up inputs, of which a
refusal says nothing.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from lstm_onnx.contract import Array
from lstm_onnx.data.made_up_inputs import made_up_inputs
from lstm_onnx.graph.description import graph_inputs
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.inference.session import PROVIDERS, session_options

PACKAGES = {"ort": "onnxruntime", "openvino": "openvino", "tract": "tract"}
"""Targets that can be tried, and the Python package of each."""

NAMES = {"ort": "ONNX Runtime", "openvino": "OpenVINO", "tract": "tract"}
PATIENCE = 60
"""Seconds after which a trial tells nothing."""

MADE_UP = ((2, 16), (2, 2), (1, 64), (1, 1))
"""Lengths of free axes of inputs that are made up, the first one's and the others'; the first that serve are taken."""

NEAR = 1e-3
"""Distance from ONNX Runtime's answers, relative to the largest of them (or 1), that is still called the same."""


@dataclass(frozen=True)
class Trial:
    """What came of a trial.

    Attributes:
        engine: name and version.
        day: when, ISO 8601.
        loaded: whether the engine took the file.
        answered: whether it answered.
        by_example: whether it was asked with inputs that the file says are right, and not with made-up ones.
        why_not: what it said where it did not load or answer.
        distance: largest difference from ONNX Runtime's answers, relative to the largest of them (or 1); None where
            there was nothing to compare.
    """

    engine: str
    day: str
    loaded: bool = False
    answered: bool = False
    by_example: bool = False
    why_not: str = ""
    distance: float | None = None


def can_try(target: str) -> bool:
    """Whether the engine of a target is installed here."""
    return target in PACKAGES and importlib.util.find_spec(PACKAGES[target]) is not None


def try_on(file: Path, target: str) -> Trial | None:
    """Try a file; None where the engine is not here, or took too long."""
    if not can_try(target):
        return None
    command = [sys.executable, "-m", "lstm_onnx.compatibility.trial", str(file), target]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and lines:
        return Trial(**json.loads(lines[-1]))
    began = Trial(**json.loads(lines[0])) if lines else Trial(NAMES[target], _today())
    said = done.stderr.strip().splitlines()
    why = f"it ended the process (signal {-done.returncode})" if done.returncode < 0 else (said or ["it failed"])[-1]
    return Trial(began.engine, began.day, why_not=why)


def main(arguments: list[str]) -> None:
    """Try, and print what came of it; begin with the engine's version, which is then known of a crash too."""
    file, target = Path(arguments[0]), arguments[1]
    engine = f"{NAMES[target]} {_version(target)}"
    print(json.dumps(asdict(Trial(engine, _today()))), flush=True)
    print(json.dumps(asdict(_try(file, target, engine))), flush=True)


def _try(file: Path, target: str, engine: str) -> Trial:
    model = onnx.load(file, load_external_data=False)
    example = _example(model)
    inputs = example if example is not None else inputs_that_serve(file, model) or made_up_inputs(graph_inputs(model))
    known: dict[str, Any] = {"engine": engine, "day": _today(), "by_example": example is not None}
    try:
        answer = _LOADERS[target](file, inputs)
    except Exception as error:
        return Trial(**known, why_not=_first_line(error))
    try:
        found = answer()
    except Exception as error:
        return Trial(**known, loaded=True, why_not=_first_line(error))
    return Trial(**known, loaded=True, answered=True, distance=_distance(file, inputs, found, target))


def _distance(file: Path, inputs: Mapping[str, Array], found: list[Array], target: str) -> float | None:
    if target == "ort":
        return None
    try:
        wanted = _onnx_runtime(file, inputs)()
    except Exception:
        return None
    return max((_apart(a, b) for a, b in zip(found, wanted, strict=True)), default=0.0)


def _apart(found: Array, wanted: Array) -> float:
    if wanted.dtype.kind not in "fiub" or not wanted.size:
        return 0.0
    if found.shape != wanted.shape:
        return float("inf")
    a, b = found.astype(np.float64), wanted.astype(np.float64)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | np.isnan(b), 0.0, np.abs(a - b))
    finite = np.abs(b[np.isfinite(b)])
    return float(apart.max() / max(1.0, finite.max(initial=0.0)))


def _onnx_runtime(file: Path, inputs: Mapping[str, Array]) -> Callable[[], list[Array]]:
    import onnxruntime as ort

    session = ort.InferenceSession(str(file), session_options(quiet=True), providers=[PROVIDERS["cpu"]])
    return lambda: [np.asarray(a) for a in session.run(None, dict(inputs))]


def _openvino(file: Path, inputs: Mapping[str, Array]) -> Callable[[], list[Array]]:
    import openvino

    core = openvino.Core()
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(core.read_model(str(file)), "CPU", settings)

    def answer() -> list[Array]:
        given = {n: a.astype(str) if a.dtype == object else a for n, a in inputs.items()}
        result = compiled(given)
        return [np.array(result[k]) for k in range(len(compiled.outputs))]

    return answer


def _tract(file: Path, inputs: Mapping[str, Array]) -> Callable[[], list[Array]]:
    import tract

    model = tract.onnx().load(str(file))
    for k, array in enumerate(inputs.values()):  # the advice of its rule on free axes: set the sizes when loading
        kind = {"float32": "f32", "float64": "f64", "float16": "f16"}.get(str(array.dtype), str(array.dtype))
        kind = kind.replace("uint", "u").replace("int", "i")
        model.set_input_fact(k, ",".join([*map(str, array.shape), kind]))
    runnable = model.into_model().into_runnable()
    return lambda: [value.to_numpy() for value in runnable.run(list(inputs.values()))]


_LOADERS: dict[str, Callable[[Path, Mapping[str, Array]], Callable[[], list[Array]]]] = {
    "ort": _onnx_runtime,
    "openvino": _openvino,
    "tract": _tract,
}


def inputs_that_serve(file: Path, model: onnx.ModelProto) -> dict[str, Array] | None:
    """Make up inputs that ONNX Runtime takes; None if it takes none of those that are tried."""
    for first, others in MADE_UP:
        inputs = made_up_inputs(graph_inputs(model), first=first, others=others)
        try:
            _onnx_runtime(file, inputs)()
        except Exception:
            continue
        return inputs
    return None


def _example(model: onnx.ModelProto) -> dict[str, Array] | None:
    contract = readable_contract(model)
    if contract is None or not contract.examples:
        return None
    return {name: values.array() for name, values in contract.examples[0].inputs.items()}


def _version(target: str) -> str:
    module = importlib.import_module(PACKAGES[target])
    if hasattr(module, "__version__"):
        return str(module.__version__).split("-")[0]
    return importlib.metadata.version(PACKAGES[target])


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    noise = ("Exception from", "Check '", "FrontEnd API failed", "Errors during ONNX")  # of OpenVINO
    telling = [line for line in lines if not line.startswith(noise)]
    return ([*telling, *lines, type(error).__name__])[0][:300]


if __name__ == "__main__":
    main(sys.argv[1:])
