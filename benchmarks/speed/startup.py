"""How long one has to wait for the first answer: whole processes, from start to exit."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from lstm_onnx_forecasting.data import bundled
from rich.console import Console

from benchmarks.speed.figures import Figure
from benchmarks.speed.inference import file_facts
from benchmarks.speed.kept import Kept
from lstm_onnx.training.train import train


def measure(rounds: int, kept: Kept, console: Console) -> None:
    """Measure CPU and wall seconds of each command, and the facts of the exported file."""
    if kept.has({}):
        return
    command = str(Path(sys.executable).with_name("lstm-onnx"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        console.print("training one epoch for something to export")
        run = train("forecasting", epochs=1, runs=folder / "runs", name="startup")
        exported, row = folder / "forecaster.onnx", folder / "row.csv"
        pl.read_csv(bundled()).tail(1).write_csv(row)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "python -c 'import lstm_onnx'": [sys.executable, "-c", "import lstm_onnx"],
            "python -c 'import torch'": [sys.executable, "-c", "import torch"],
            "lstm-onnx --help": [command, "--help"],
            "lstm-onnx export": [command, "export", str(run.folder), "--out", str(exported)],
            "lstm-onnx predict, one row": [command, "predict", str(exported), str(row)],
            "lstm-onnx verify": [command, "verify", str(exported), "--run", str(run.folder)],
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for number in range(rounds + 1):  # the first round fills the file cache
            for name, arguments in commands.items():
                spent = _spent(arguments)
                if number:
                    times[name].append(spent)
            console.print(f"start-up, round {number} of {rounds}")
        figures = []
        for name, pairs in times.items():
            figures.append(Figure({"what": "CPU"}, name, "s", tuple(cpu for cpu, _ in pairs)))
            figures.append(Figure({"what": "wall"}, name, "s", tuple(wall for _, wall in pairs)))
        facts = file_facts(exported)
        figures += [Figure({"what": "file"}, name, name, (float(value),)) for name, value in facts.items()]
        kept.add(figures)


def _spent(arguments: list[str]) -> tuple[float, float]:
    """Return CPU and wall seconds of one process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "Agg"})
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed: {done.stderr.strip()}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall
