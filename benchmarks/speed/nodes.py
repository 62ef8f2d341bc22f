"""What the small nodes around an LSTM cost: number of nodes and time of whole graphs, beside a bare LSTM.

    python -m benchmarks.speed.nodes [--batch 32] [--keep FOLDER] [--beside FOLDER]
    python -m benchmarks.speed.nodes --batches

Untrained models of the bundled data, exported here; ONNX Runtime on one thread. All take turns, round after round;
processor time of the calling thread, the lower fifth of the rounds, so that other work on the machine disturbs least;
ratios are the medians of those within each round. `--keep` writes the graphs to a folder; `--beside` lets those that
another version kept take turns with them.
`--batches` shows how long a bare LSTM takes for 3,200 steps in batches of several sizes, beside PyTorch's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
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
WHOLE, BARE, NODES, BEFORE = "whole graph", "bare LSTM", "nodes", "before"
Call = Callable[[], object]


def graphs(hidden: int) -> Iterator[tuple[str, AnyTask, GraphSpec, int]]:
    """Yield what is measured: its name, its task, the graph, and steps of a call."""
    for scaling, quantiles in (("window", ()), ("window", (0.1, 0.9)), ("global", ())):
        task = load_task("forecasting").task
        config = task.Config(hidden=hidden, window=LENGTH, horizon=24, scaling=scaling, quantiles=quantiles)
        info = task.load_data(None, config, 0).info
        torch.manual_seed(0)
        model = task.build_model(config, info)
        name = f"forecasting, scaling {scaling}" + ", quantiles" * bool(quantiles)
        yield name, task, task.graphs(model, config, info)[0], LENGTH
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


def measure(
    rounds: int,
    kept: Kept,
    console: Console,
    batch: int = 1,
    keep: Path | None = None,
    beside: Path | None = None,
) -> None:
    """Measure whole graphs beside their LSTM, and count their nodes."""
    for hidden in (64, 128):
        for name, task, graph, length in graphs(hidden):
            cell: Cell = {"graph": name, "hidden": hidden}
            if kept.has(cell):
                continue
            model = to_onnx(graph, traced_example(task, graph))
            file = f"{name}-{hidden}.onnx"
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / file).write_bytes(model.SerializeToString())
            weights = [t for t in model.graph.initializer if t.name.endswith(".W")]
            sample = task.sample(graph, {"batch": batch, "time": length}, 0)
            inputs = {t.name: sample[t.name] for t in graph.inputs}
            calls, counts = {WHOLE: caller(model.SerializeToString(), inputs)}, {NODES: len(model.graph.node)}
            if beside is not None:
                old = onnx.load(beside / file)
                calls[BEFORE] = caller(old.SerializeToString(), inputs)
                counts[f"{BEFORE}, {NODES}"] = len(old.graph.node)
            times = in_turn({**calls, BARE: bare(weights[0].dims[2], hidden, length, batch)}, rounds)
            times[BARE] = [t * len(weights) for t in times[BARE]]
            found = [Figure(cell, what, "nodes", (float(count),)) for what, count in counts.items()]
            kept.add([*found, *(Figure(cell, who, "us", tuple(taken)) for who, taken in times.items())])
            console.print(f"{name}, hidden {hidden}: done")


def table(figures: Sequence[Figure]) -> str:
    """Lay out nodes and times, and how many times as long as its LSTMs a graph takes."""
    at = {(str(f.cell["graph"]), str(f.cell["hidden"]), f.name): f for f in figures}
    versions = [f"{BEFORE}, "] * any(f.name == BEFORE for f in figures) + [""]
    rows = []
    for graph, hidden in dict.fromkeys((graph, hidden) for graph, hidden, _ in at):
        own = {name: figure for (*cell, name), figure in at.items() if cell == [graph, hidden]}
        whole = [own[BEFORE if v else WHOLE].values for v in versions]
        alone = own[BARE].values
        cells = [f"{own[f'{v}{NODES}'].median:.0f}" for v in versions]
        cells += [f"{lower_fifth(taken):.0f}" for taken in (*whole, alone)]
        cells += [f"{median(t / b for t, b in zip(taken, alone, strict=True)):.2f}" for taken in whole]
        rows.append([graph, hidden, *cells])
    heads = [f"{v}{what}" for what in (NODES, "µs") for v in versions] + ["bare LSTM µs"]
    return markdown(["graph", "hidden", *heads, *(f"{v}ratio" for v in versions)], rows)


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
    parser.add_argument("--batch", type=int, default=1, help="windows at once")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--keep", type=Path, help="folder to write the graphs to")
    parser.add_argument("--beside", type=Path, help="folder of graphs of another version, to measure too")
    given = parser.parse_args()
    if given.batches:
        return batches()
    with TemporaryDirectory() as folder:
        kept = Kept(Path(folder) / "figures.jsonl", "nodes")
        measure(given.rounds, kept, Console(stderr=True), given.batch, given.keep, given.beside)
        print(table(kept.figures))


if __name__ == "__main__":
    main()
