"""How fast a file is on this machine: latency, throughput, start-up, memory, size.

Machines are noisy. So cells are measured in turn, a slice of time each, round after round, and what is shown are
percentiles of all calls. Start-up and memory are those of a process of its own. Knows ONNX Runtime, and no torch.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from lstm_onnx.benchmarking.inputs import inputs_for, usual_length_of
from lstm_onnx.benchmarking.options import BenchmarkOptions
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError, first_line
from lstm_onnx.inference.model import Model, load
from lstm_onnx.inference.session import PROVIDERS
from lstm_onnx.options import resolve

ROUNDS = 5
WARMING = 0.1
"""Share of each slice that is not counted: the other cells' data leave the caches, and their threads stop spinning."""

STARTS = 3
"""Processes that are started for each file; what is shown is their median."""

SAME = 0.05
"""Medians that differ by less than this share are called the same: two runs of one cell differ by as much."""

_CHILD = """
import json, sys, time
from pathlib import Path
from lstm_onnx.benchmarking.inputs import inputs_for
from lstm_onnx.inference.model import load

def memory(key):  # ru_maxrss would be that of the parent, which a forked process begins with
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":")), 0)

before = memory("VmRSS")
began = time.time()
model = load(sys.argv[1], sys.argv[2], 1)
ready = time.time()
model.session.run(None, inputs_for(model, 1, int(sys.argv[3])))
answered = time.time()
grown = memory("VmRSS") - before
print(json.dumps([ready, ready - began, answered, memory("VmHWM"), grown]))
"""


@dataclass(frozen=True)
class BenchmarkCase:
    """One thing to measure; a length of 0 is that of a file whose only free axis is the batch."""

    file: Path
    variant: str
    batch: int
    length: int
    threads: int
    provider: str = "cpu"


@dataclass(frozen=True)
class Figures:
    """What was measured of a cell; times in microseconds a call.

    `waited` is the share of the time in which the calling thread did not run: with one thread on the CPU, that is what
    other programs took from it.
    """

    cell: BenchmarkCase
    median: float
    p95: float
    p99: float
    calls: int
    waited: float = 0.0

    @property
    def throughput(self) -> float:
        """Examples per second at the median."""
        return self.cell.batch / self.median * 1e6


@dataclass(frozen=True)
class Footprint:
    """What a file costs besides time.

    Attributes:
        file: which.
        variant: of it.
        size: bytes on disk.
        ready: seconds from the start of a process, Python and imports included, to a session that is ready.
        opening: those of them that opening the file took.
        answered: seconds from the start of the process to the first answer, of one example of the usual length.
        peak: bytes of memory that the process took at most; 0 where the system does not tell (it does on Linux).
        grown: bytes by which it grew with the session and the first answer.
    """

    file: Path
    variant: str
    size: int
    ready: float
    opening: float
    answered: float
    peak: int
    grown: int


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def labels(files: Sequence[Path]) -> dict[Path, str]:
    """Name files shortly: by their stem, and by their whole path where another file has the same."""
    stems = [f.stem for f in dict.fromkeys(files)]
    return {f: f.stem if stems.count(f.stem) == 1 else str(f) for f in files}


def machine() -> dict[str, str | int]:
    """Say where was measured."""
    return {"cores": cores(), "onnxruntime": ort.__version__}


def cells_of(
    models: Sequence[Model], batches: Sequence[int], lengths: Sequence[int], threads: Sequence[int]
) -> list[BenchmarkCase]:
    """Every combination, once; without lengths, each file's usual one."""
    cells = []
    for model in models:
        variant = variant_of(model)
        first = model.session.get_providers()[0]
        provider = next(name for name, provider in PROVIDERS.items() if provider == first)
        sizes = itertools.product(batches, lengths or [usual_length_of(model)], threads)
        cells += [BenchmarkCase(model.path, variant, *three, provider) for three in sizes]
    return list(dict.fromkeys(cells))


def variant_of(model: Model) -> str:
    """The variant of a file, or that it has no contract."""
    return model.contract.variant if model.contract is not None else "no contract"


def benchmark(
    files: str | PathLike[str] | Sequence[str | PathLike[str]],
    progress: Callable[[int, int], None] | None = None,
    *,
    options: BenchmarkOptions | None = None,
    **fields: Any,
) -> list[Figures]:
    """Measure files over batch, length and threads.

    Args:
        files: an `.onnx` file, or several: paths, what `export` returned, loaded `Model`s; those without a contract are
            asked with made-up inputs.
        progress: told how many slices of how many are done.
        options: sizes, threads, and the time to spend; no length means each file's usual one, no number of threads
            one thread and one for each core.
        **fields: fields of `BenchmarkOptions`, instead of the object or on top of it.

    Raises:
        UserError: a file cannot be loaded, or does not take a size.
    """
    chosen = resolve(BenchmarkOptions, options, fields, "benchmark")
    provider, seconds = chosen.provider, chosen.seconds
    given = files if isinstance(files, list | tuple) else [files]
    models = {f: load(f, provider, 1) for f in (given_file(one, "benchmark") for one in given)}
    cells = cells_of(list(models.values()), chosen.batches, chosen.lengths, chosen.threads or (1, cores()))
    calls = []
    for cell in cells:
        model = load(cell.file, provider, cell.threads)
        inputs = inputs_for(model, cell.batch, cell.length)
        names = [o.name for o in model.session.get_outputs()]
        calls.append(lambda s=model.session, n=names, i=inputs: s.run(n, i))
        _warm_up(calls[-1], model)
    samples: list[list[float]] = [[] for _ in cells]
    ran = [0.0] * len(cells)
    done = 0
    for round_number in range(ROUNDS):
        order = range(len(cells))
        for k in order if round_number % 2 == 0 else reversed(order):  # each cell follows another neighbour
            ran[k] += _measure(calls[k], seconds / ROUNDS, samples[k])
            done += 1
            if progress is not None:
                progress(done, ROUNDS * len(cells))
    return [_figures(*three) for three in zip(cells, samples, ran, strict=True)]


def _warm_up(call: Callable[[], object], model: Model) -> None:
    try:
        for _ in range(3):
            call()
    except Exception as error:
        if model.contract is not None:
            raise
        detail = first_line(error)
        raise UserError(
            f"{model.path}: has no lstm-onnx contract, and refuses inputs of such sizes that were made up ({detail}); "
            f"try other --batch and --length, or give it a contract with lstm-onnx adopt"
        ) from error


def _figures(cell: BenchmarkCase, taken: list[float], ran: float) -> Figures:
    median, p95, p99 = (float(p) for p in np.percentile(taken, (50, 95, 99)))
    return Figures(cell, median, p95, p99, len(taken), max(0.0, 1 - ran / sum(taken)))


def _measure(call: Callable[[], object], seconds: float, taken: list[float]) -> float:
    """Add the microseconds of each call to `taken`, and return those in which this thread ran."""
    begin = time.perf_counter()
    end = begin + seconds
    call()
    while time.perf_counter() < begin + WARMING * seconds:
        call()
    ran = time.thread_time()
    while True:
        begin = time.perf_counter()
        call()
        now = time.perf_counter()
        taken.append((now - begin) * 1e6)
        if now >= end:
            return (time.thread_time() - ran) * 1e6


def footprint(file: str | Path, provider: str = "auto") -> Footprint:
    """Load a file in processes of its own, one after the other, and see what it takes until the first answer.

    Raises:
        UserError: a process fails.
    """
    path = Path(file)
    model = load(path, provider)
    command = [sys.executable, "-c", _CHILD, str(path), provider, str(usual_length_of(model))]
    told = np.median([_start(command, path) for _ in range(STARTS)], axis=0)
    ready, opening, answered, peak, grown = told.tolist()
    return Footprint(path, variant_of(model), path.stat().st_size, ready, opening, answered, int(peak), int(grown))


def _start(command: Sequence[str], path: Path) -> list[float]:
    began = time.time()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
        raise UserError(f"{path}: does not run in a process of its own: {reason}; try lstm-onnx verify {path}")
    ready, opening, answered, peak, grown = json.loads(done.stdout)
    return [ready - began, opening, answered - began, peak, grown]


def disturbed(figures: Sequence[Figures]) -> float:
    """Return the largest share of the time that other programs took, as far as it can be told: see `Figures`."""
    return max((f.waited for f in figures if f.cell.threads == 1 and f.cell.provider == "cpu"), default=0.0)


def best_threads(figures: Sequence[Figures]) -> dict[Path, tuple[int | None, float]]:
    """For each file, the best thread count at its smallest batch and length, and its gain over the slowest count.

    The best is the smallest count whose median is the lowest, or as good as that within `SAME`: threads that gain
    nothing take cores from others. It is None where all counts are the same within `SAME`.
    """
    best: dict[Path, tuple[int | None, float]] = {}
    for file in dict.fromkeys(f.cell.file for f in figures):
        own = [f for f in figures if f.cell.file == file]
        smallest = min((f.cell.batch, f.cell.length) for f in own)
        there = [f for f in own if (f.cell.batch, f.cell.length) == smallest]
        lowest, highest = (pick(f.median for f in there) for pick in (min, max))
        chosen = min((f for f in there if f.median <= lowest * (1 + SAME)), key=lambda f: f.cell.threads)
        best[file] = (chosen.cell.threads if highest > lowest * (1 + SAME) else None, highest / chosen.median)
    return best
