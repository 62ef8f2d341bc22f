"""What the small nodes around an LSTM cost: number of nodes and time of whole graphs, beside a bare LSTM.

    python -m benchmarks.speed.nodes
    python -m benchmarks.speed.nodes --batches

Untrained models of the bundled data, exported here; ONNX Runtime on one thread. All take turns, round after round;
processor time of the calling thread, the lower fifth of the rounds, so that other work on the machine disturbs least.
`--batches` shows how long a bare LSTM takes for 3,200 steps in batches of several sizes, beside PyTorch's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

from benchmarks.speed.variants import bare_lstm, session
from lstm_onnx.contract import Array
from lstm_onnx.graph.torch_export import to_onnx, traced_example
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask, GraphSpec

ROUNDS, SLICE, LENGTH = 60, 0.006, 100
Call = Callable[[], object]


def graphs(hidden: int) -> Iterator[tuple[str, AnyTask, GraphSpec, int]]:
    """Yield what is measured: its name, its task, the graph, and steps of a call."""
    for scaling in ("window", "global"):
        task = load_task("forecasting").task
        config = task.Config(hidden=hidden, window=LENGTH, horizon=24, scaling=scaling)
        info = task.load_data(None, config, 0).info
        torch.manual_seed(0)
        model = task.build_model(config, info)
        yield f"forecasting, scaling {scaling}", task, task.graphs(model, config, info)[0], LENGTH
        if scaling == "global":
            yield "forecasting, a streaming step", task, task.streaming(model, config, info), 1
    task = load_task("classification").task
    config = task.Config(hidden=hidden)
    info = task.load_data(None, config, 0).info
    yield "classification, both directions", task, task.graphs(task.build_model(config, info), config, info)[0], LENGTH


def caller(content: bytes, inputs: dict[str, Array]) -> Call:
    opened = session(content)
    names = [o.name for o in opened.get_outputs()]
    return lambda: opened.run(names, inputs)


def bare(features: int, hidden: int, length: int, batch: int = 1) -> Call:
    """An LSTM in a file alone, from a state or, of many steps, from zeros."""
    random = np.random.default_rng(0)
    inputs = {"x": random.standard_normal((length, batch, features), dtype=np.float32)}
    inputs |= {name: np.zeros((1, batch, hidden), np.float32) for name in ("h0", "c0")}
    return caller(bare_lstm(features, hidden), inputs)


def lower_fifth(calls: dict[str, Call]) -> dict[str, float]:
    """Return microseconds of processor time a call."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            call()
            count, begin = 0, time.thread_time()
            while (taken := time.thread_time() - begin) < SLICE:
                call()
                count += 1
            found[name].append(taken / count * 1e6)
    return {name: sorted(times)[ROUNDS // 5] for name, times in found.items()}


def whole() -> None:
    """Print whole graphs beside their LSTM."""
    print("| graph | hidden | nodes | whole graph µs | bare LSTM µs | ratio |\n| --- | --: | --: | --: | --: | --: |")
    for hidden in (64, 128):
        for name, task, graph, length in graphs(hidden):
            model = to_onnx(graph, traced_example(task, graph))
            weights = [t for t in model.graph.initializer if t.name.endswith(".W")]
            inputs = task.sample(graph, {"batch": 1, "time": length}, 0)
            whole_call = caller(model.SerializeToString(), {t.name: inputs[t.name] for t in graph.inputs})
            times = lower_fifth({"whole": whole_call, "bare": bare(weights[0].dims[2], hidden, length)})
            layers = len(weights)
            alone = times["bare"] * layers
            told = f"{alone:.0f}" + (f" ({layers} of them)" if layers > 1 else "")
            nodes = _nodes(model)
            print(f"| {name} | {hidden} | {nodes} | {times['whole']:.0f} | {told} | {times['whole'] / alone:.2f} |")


def _nodes(model: onnx.ModelProto) -> int:
    return len(model.graph.node)


def batches() -> None:
    """Print how long 3,200 steps take in batches of several sizes."""
    sizes = (1, 4, 8, 16, 32, 64, 128, 256)
    print(f"| hidden | {' | '.join(map(str, sizes))} | PyTorch, 32 |\n|{' --: |' * (len(sizes) + 2)}")
    torch.set_num_threads(1)
    for hidden in (64, 128, 256):
        calls: dict[str, Call] = {str(size): bare(12, hidden, LENGTH, size) for size in sizes}
        layer, x = nn.LSTM(12, hidden).eval(), torch.randn(LENGTH, 32, 12)

        def in_torch(layer: nn.LSTM = layer, x: Any = x) -> object:
            with torch.inference_mode():
                return layer(x)

        times = lower_fifth({**calls, "torch": in_torch})
        cells = [times[str(size)] * 32 / size for size in sizes]
        print(f"| {hidden} | {' | '.join(f'{cell:,.0f}' for cell in cells)} | {times['torch']:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", action="store_true", help="a bare LSTM in batches of several sizes")
    batches() if parser.parse_args().batches else whole()


if __name__ == "__main__":
    main()
