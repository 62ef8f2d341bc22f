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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import nn

from benchmarks.speed.figures import Figure, markdown
from benchmarks.speed.kept import Cell, Kept
from benchmarks.speed.variants import bare_lstm, session
from lstm_onnx.contract import Array
from lstm_onnx.graph.torch_export import to_onnx, traced_example
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask, GraphSpec

ROUNDS, SLICE, LENGTH = 60, 0.006, 100
WHOLE, BARE, NODES = "whole graph", "bare LSTM", "nodes"
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


def in_turn(calls: dict[str, Call], rounds: int) -> dict[str, list[float]]:
    """Return microseconds of processor time a call, in each round."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            count, begin = 0, time.thread_time()
            while (taken := time.thread_time() - begin) < SLICE:
                call()
                count += 1
            found[name].append(taken / count * 1e6)
    return found


def lower_fifth(times: Sequence[float]) -> float:
    """Return what a fifth of the rounds stayed below."""
    return sorted(times)[len(times) // 5]


def measure(rounds: int, kept: Kept, console: Console) -> None:
    """Measure whole graphs beside their LSTM, and count their nodes."""
    for hidden in (64, 128):
        for name, task, graph, length in graphs(hidden):
            cell: Cell = {"graph": name, "hidden": hidden}
            if kept.has(cell):
                continue
            model = to_onnx(graph, traced_example(task, graph))
            weights = [t for t in model.graph.initializer if t.name.endswith(".W")]
            inputs = task.sample(graph, {"batch": 1, "time": length}, 0)
            whole_call = caller(model.SerializeToString(), {t.name: inputs[t.name] for t in graph.inputs})
            times = in_turn({WHOLE: whole_call, BARE: bare(weights[0].dims[2], hidden, length)}, rounds)
            kept.add(
                [
                    Figure(cell, NODES, "nodes", (float(len(model.graph.node)),)),
                    Figure(cell, WHOLE, "us", tuple(times[WHOLE])),
                    Figure(cell, BARE, "us", tuple(t * len(weights) for t in times[BARE])),
                ]
            )
            console.print(f"{name}, hidden {hidden}: done")


def table(figures: Sequence[Figure]) -> str:
    """Lay out nodes and times, and how many times as long as its LSTMs a graph takes."""
    at = {(str(f.cell["graph"]), str(f.cell["hidden"]), f.name): f for f in figures}
    rows = []
    for graph, hidden in dict.fromkeys((graph, hidden) for graph, hidden, _ in at):
        nodes, whole, alone = (at[graph, hidden, name] for name in (NODES, WHOLE, BARE))
        times = [lower_fifth(f.values) for f in (whole, alone)]
        rows.append([graph, hidden, f"{nodes.median:.0f}", *(f"{t:.0f}" for t in times), f"{times[0] / times[1]:.2f}"])
    return markdown(["graph", "hidden", "nodes", "whole graph µs", "bare LSTM µs", "ratio"], rows)


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

        times = {name: lower_fifth(taken) for name, taken in in_turn({**calls, "torch": in_torch}, ROUNDS).items()}
        cells = [times[str(size)] * 32 / size for size in sizes]
        print(f"| {hidden} | {' | '.join(f'{cell:,.0f}' for cell in cells)} | {times['torch']:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", action="store_true", help="a bare LSTM in batches of several sizes")
    if parser.parse_args().batches:
        return batches()
    with TemporaryDirectory() as folder:
        kept = Kept(Path(folder) / "figures.jsonl", "nodes")
        measure(ROUNDS, kept, Console(stderr=True))
        print(table(kept.figures))


if __name__ == "__main__":
    main()
