"""Training speed: every contestant in a process of its own, taking turns round after round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl
from lstm_onnx_forecasting.data import bundled
from rich.console import Console

from benchmarks.speed import sizes
from benchmarks.speed.figures import Figure
from benchmarks.speed.kept import Cell, Kept
from benchmarks.speed.ours import CONTESTANTS as OURS
from benchmarks.speed.ours import captions
from benchmarks.speed.peers import CONTESTANTS as PEERS

SHARING = {"OMP_WAIT_POLICY": "passive", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""Threads sleep while they wait, of all: those that spin take seconds for a step where another program has a core."""


class Contestant:
    """A worker process, and what it answered."""

    def __init__(self, task: str, name: str, python: Path, folder: Path, threads: int, hidden: int) -> None:
        module = "benchmarks.speed.ours" if name in OURS[task] else "benchmarks.speed.peers"
        limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), str(threads))
        self.name = name
        self.errors = (folder / f"{name}.log").open("w+")
        self.process = subprocess.Popen(
            [str(python), "-m", module, task, name, str(folder), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, **limits, **SHARING, "SPEED_HIDDEN": str(hidden)},
        )

    def run(self) -> float:
        """Let it train once more; NaN when it cannot."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            return float(json.loads(self.process.stdout.readline())["rate"])
        except (BrokenPipeError, ValueError):
            return float("nan")

    def reason(self) -> str:
        """Return the last line that it wrote on standard error."""
        self.errors.seek(0)
        return (self.errors.read().strip().splitlines() or ["no message"])[-1]

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.errors.close()


def measure(
    task: str,
    rounds: int,
    cells: Sequence[Cell],
    peers: Path | None,
    kept: Kept,
    console: Console,
    without: Sequence[str] = (),
) -> None:
    """Measure examples per second of everybody, and keep them.

    Args:
        task: that is trained.
        rounds: how often each trains an epoch; an epoch before them does not count.
        cells: numbers of `threads` and of `hidden` units.
        peers: Python of the environment that has the peers; None leaves them out.
        kept: where figures are kept; what is there is not measured again.
        console: where to say how far it is.
        without: names of those who are left out.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _write(task, folder)
        for cell in cells:
            if kept.has(cell):
                continue
            with _contestants(task, folder, cell, peers, without) as contestants:
                rates: dict[str, list[float]] = {c.name: [] for c in contestants}
                for number in range(rounds + 1):
                    for contestant in list(contestants):
                        rate = contestant.run()
                        console.print(f"{cell}, round {number}: {contestant.name} {rate:,.0f} a second")
                        if rate != rate:
                            console.print(f"  left out: {contestant.reason()}")
                            contestants.remove(contestant)
                        elif number:
                            rates[contestant.name].append(rate)
                kept.add(Figure(cell, name, "examples/s", tuple(values)) for name, values in rates.items() if values)


def _write(task: str, folder: Path) -> None:
    if task == "forecasting":
        frame = pl.read_csv(bundled()).select("time", pl.col("vehicles").alias("value"))
        frame.write_csv(folder / sizes.TRAINED_ON)
    elif task == "classification":
        sizes.write_sequences(folder)
    else:
        captions(folder)


@contextmanager
def _contestants(
    task: str, folder: Path, cell: Cell, peers: Path | None, without: Sequence[str]
) -> Iterator[list[Contestant]]:
    with ExitStack() as stack:
        sizes = int(cell["threads"]), int(cell["hidden"])
        wanted = [(name, Path(sys.executable)) for name in OURS[task]]
        wanted += [(name, peers) for name in PEERS[task]] if peers else []
        started = [Contestant(task, name, python, folder, *sizes) for name, python in wanted if name not in without]
        for contestant in started:
            stack.callback(contestant.stop)
        yield list(started)
