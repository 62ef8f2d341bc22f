"""What int8 and streaming cost and gain, against ONNX Runtime's own bare LSTM on the same machine in the same run.

    python -m benchmarks.speed.variants

Two ratios: the whole int8 graph against the whole fp32 graph at batch 1, one thread; and one step of a streaming graph
against one step of an ONNX file that holds an LSTM of the same size and nothing else. Median of the ratios of rounds,
every round measuring all of them in turn.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.benchmarking.inputs import make_inputs

ROOT = Path(__file__).parents[2]
HIDDEN = (64, 128, 256, 512)
LENGTH = 100
ROUNDS = 15
SLICE = 0.1
"""Seconds for each measurement of a round."""


def session(content: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def bare_lstm(features: int, hidden: int) -> bytes:
    """An LSTM with state in and out, and nothing else."""
    random = np.random.default_rng(0)
    shapes = {"W": (1, 4 * hidden, features), "R": (1, 4 * hidden, hidden), "B": (1, 8 * hidden)}
    weights = [numpy_helper.from_array(random.normal(0, 0.1, s).astype(np.float32), n) for n, s in shapes.items()]
    node = helper.make_node("LSTM", ["x", "W", "R", "B", "", "h0", "c0"], ["y", "h", "c"], hidden_size=hidden)
    inputs: dict[str, list[str | int | None]] = {
        "x": ["t", "b", features],
        "h0": [1, "b", hidden],
        "c0": [1, "b", hidden],
    }
    graph = helper.make_graph(
        [node],
        "bare",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("h", "c")],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())


def caller(path: Path, length: int) -> Callable[[], object]:
    model = lo.load(path, threads=1)
    inputs = make_inputs(model.require_contract(), 1, length)
    names = [o.name for o in model.session.get_outputs()]
    return lambda: model.session.run(names, inputs)


def bare_caller(features: int, hidden: int) -> Callable[[], object]:
    open_session = session(bare_lstm(features, hidden))
    zeros = np.zeros((1, 1, hidden), np.float32)
    inputs = {"x": np.ones((1, 1, features), np.float32), "h0": zeros, "c0": zeros}
    return lambda: open_session.run(["h", "c"], inputs)


def microseconds(call: Callable[[], object]) -> float:
    call()
    count, begin = 0, time.perf_counter()
    while (taken := time.perf_counter() - begin) < SLICE:
        call()
        count += 1
    return taken / count * 1e6


def features_of(path: Path) -> int:
    """Columns of the LSTM's input weights."""
    return next(int(t.dims[2]) for t in onnx.load(path).graph.initializer if t.name.endswith(".W"))


def trained(task: str, hidden: int, folder: Path) -> dict[str, Path]:
    """A run of one epoch, in three variants."""
    if task == "adding":
        config: dict[str, Any] = {"hidden": hidden, "longest": LENGTH, "count": 512}
    else:
        config = {"hidden": hidden, "window": LENGTH, "horizon": 24, "scaling": "global", "test_size": 200}
    file = ROOT / "examples" / "adding.py" if task == "adding" else None
    run = lo.train(
        task,
        plugin_file=file,
        runs=folder,
        name=f"{task}-{hidden}",
        epochs=1,
        batch_size=256,
        **config,
    )
    made = run.export(folder / f"{task}-{hidden}.onnx", variant=("fp32", "int8", "streaming"), max_drop=100, force=True)
    return {e.contract.variant: e.path for e in made}


def main() -> None:
    print(f"ONNX Runtime {ort.__version__}, one thread, batch 1; microseconds a call, medians of {ROUNDS} rounds\n")
    print("| task | hidden | fp32 | int8 | **int8 is faster by** | stream step | bare step | **stream / bare** |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as name:
        for task in ("adding", "forecasting"):
            for hidden in HIDDEN:
                files = trained(task, hidden, Path(name))
                calls = {
                    "fp32": caller(files["fp32"], LENGTH),
                    "int8": caller(files["int8"], LENGTH),
                    "stream": caller(files["streaming"], 1),
                    "bare": bare_caller(features_of(files["fp32"]), hidden),
                }
                taken: dict[str, list[float]] = {key: [] for key in calls}
                for _ in range(ROUNDS):
                    for key, call in calls.items():
                        taken[key].append(microseconds(call))
                middle = {key: statistics.median(v) for key, v in taken.items()}
                gain = statistics.median(a / b for a, b in zip(taken["fp32"], taken["int8"], strict=True))
                cost = statistics.median(a / b for a, b in zip(taken["stream"], taken["bare"], strict=True))
                print(
                    f"| {task} | {hidden} | {middle['fp32']:.0f} | {middle['int8']:.0f} | **{gain:.2f}** | "
                    f"{middle['stream']:.1f} | {middle['bare']:.1f} | **{cost:.2f}** |"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
