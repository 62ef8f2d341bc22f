"""Answers per second: ONNX Runtime on the exported file, beside PyTorch and OpenVINO, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino as ov
import torch
from rich.console import Console
from torch import Tensor, nn

from benchmarks.speed.figures import Figure, alternate
from benchmarks.speed.kept import Kept
from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.graph.torch_export import to_onnx, trace_sizes
from lstm_onnx.inference.session import open_session
from lstm_onnx.nn.lstm import LSTM
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import GraphSpec
from lstm_onnx.training.devices import thread_count

HIDDENS, WINDOWS, BATCHES = (64, 128, 256), (1, 100), (1, 32)
GRAPH, LAYER = "whole graph", "LSTM layer"
SECONDS = 0.03


class BareLSTM(nn.Module):
    """The layer alone, as `layers.LSTM` exports it: x (batch, time, feature) -> every state and the last."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.lstm = LSTM(features, hidden)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Run it from zeros."""
        return self.lstm.hidden_states(x)


def measure(rounds: int, counts: Sequence[int], kept: Kept, console: Console) -> None:
    """Measure seconds per call of everybody in every cell, for the bundled forecaster and for its LSTM layer alone."""
    for hidden in HIDDENS:
        cells: list[dict[str, int]] = [
            {"hidden": hidden, "threads": t, "window": w, "batch": b} for t, w, b in product(counts, WINDOWS, BATCHES)
        ]
        if all(kept.has(cell) for cell in cells):
            continue
        graphs = {what: (graph, sample, _content(graph, sample)) for what, graph, sample in _graphs(hidden)}
        for threads in counts:
            with thread_count(threads):
                runners = {what: _runners(*parts, threads) for what, parts in graphs.items()}
                for cell in [c for c in cells if c["threads"] == threads and not kept.has(c)]:
                    turns: dict[str, Callable[[], object]] = {}
                    for what, (_, sample, _) in graphs.items():
                        inputs = sample({"batch": cell["batch"], "time": cell["window"]})
                        turns |= {f"{what}, {name}": bind(inputs) for name, bind in runners[what].items()}
                    times = alternate(turns, rounds, SECONDS)
                    found = [Figure(cell, name, "s", values) for name, values in times.items()]
                    kept.add(found)
                    shown = ", ".join(f"{f.name} {f.median * 1e6:,.0f} us" for f in found)
                    console.print(f"{cell}: {shown}")


def _graphs(hidden: int) -> Iterator[tuple[str, GraphSpec, Callable[[dict[str, int]], dict[str, Array]]]]:
    """Yield the forecaster of the bundled data, untrained, and a layer of the same size with the same features."""
    task = load_task("forecasting").task
    config = task.Config(hidden=hidden, window=100)
    data = task.load_data(None, config, 0)
    torch.manual_seed(0)
    model = task.build_model(config, data.info)
    graph = task.graphs(model, config, data.info)[0]
    yield GRAPH, graph, lambda sizes: task.sample(graph, sizes, 0)
    network: Any = model.network
    features: int = network.encoder.input_size
    layer = GraphSpec(
        module=BareLSTM(features, hidden),
        inputs=(TensorSpec(name="x", dtype="float32", dims=("batch", "time", "feature"), meaning="input"),),
        outputs=(
            TensorSpec(name="y", dtype="float32", dims=("batch", "time", "hidden"), meaning="every state"),
            TensorSpec(name="h", dtype="float32", dims=("one", "batch", "hidden"), meaning="the last state"),
        ),
        axes={
            "batch": Axis(meaning="examples"),
            "time": Axis(meaning="steps"),
            "feature": Axis(size=features, meaning="features"),
            "hidden": Axis(size=hidden, meaning="units"),
            "one": Axis(size=1, meaning="layer"),
        },
        description="An LSTM layer.",
    )
    rng = np.random.default_rng(0)
    yield LAYER, layer, lambda s: {"x": rng.standard_normal((s["batch"], s["time"], features), dtype=np.float32)}


def _content(graph: GraphSpec, sample: Callable[[dict[str, int]], dict[str, Array]]) -> bytes:
    model: onnx.ModelProto = to_onnx(graph, sample(trace_sizes(graph)))
    return bytes(model.SerializeToString())


def _runners(graph: GraphSpec, sample: Any, content: bytes, threads: int) -> dict[str, Callable[..., Any]]:
    """Who can answer: name -> function from inputs to the call to time, arrays in and arrays out."""
    session = open_session(content, "benchmark", "cpu", threads)
    names = [t.name for t in graph.outputs]
    core, limits = ov.Core(), {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    # left alone, it computes in bfloat16 where the CPU can, which is faster and not the same answer
    compiled = core.compile_model(core.read_model(content), "CPU", {**limits, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    module = graph.module.eval()

    def torch_call(inputs: dict[str, Array]) -> Callable[[], Any]:
        def call() -> list[Array]:
            with torch.inference_mode():
                return [o.numpy() for o in module(**{k: torch.from_numpy(a) for k, a in inputs.items()})]

        return call

    return {
        "ONNX Runtime": lambda inputs: lambda: session.run(names, inputs),
        "PyTorch": torch_call,
        "OpenVINO": lambda inputs: lambda: request.infer(inputs),
    }


def file_facts(path: Path) -> dict[str, int]:
    """Return size and number of nodes of a file."""
    return {"bytes": path.stat().st_size, "nodes": len(onnx.load(path).graph.node)}
