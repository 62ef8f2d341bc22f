"""Measure everything, show the tables, and leave figures and tables in `benchmarks/results/`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from benchmarks.speed import inference, startup, tables, training
from benchmarks.speed.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-peers"
RESULTS = ROOT / "benchmarks" / "results"
PARTS = ("training", "inference", "startup")
console = Console()


def main() -> None:
    """Read the options and do it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part; more than one may be named")
    parser.add_argument("--rounds", type=int, default=7, help="how often each contestant has its turn")
    parser.add_argument("--no-peers", action="store_true", help="do not install and measure other libraries' training")
    chosen = parser.parse_args()
    figures: dict[str, list[Figure]] = {}
    for part in chosen.only or PARTS:
        console.rule(part)
        if part == "training":
            figures[part] = training.measure(chosen.rounds, None if chosen.no_peers else peers_python(), console)
        else:
            figures[part] = {"inference": inference, "startup": startup}[part].measure(chosen.rounds, console)
        store(part, figures[part])
    for part, found in figures.items():
        console.print(Markdown(render(part, found)))
    console.print(f"Figures and tables: {RESULTS.relative_to(ROOT)}/")


def peers_python() -> Path | None:
    """Return the Python of the peers, after installing them if they are missing; None where that fails."""
    python, ready = PEERS / "bin" / "python", PEERS / ".ready"
    if ready.exists():
        return python
    console.print(f"installing the peers into {PEERS.name}; this takes some minutes")
    venv.create(PEERS, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet"]
    for wanted in (
        ["torch==" + version("torch").split("+")[0]],
        ["-r", str(ROOT / "benchmarks" / "requirements-peers.txt")],
    ):
        if subprocess.run([*install, *wanted]).returncode:
            console.print("the peers cannot be installed here: training is measured without them")
            return None
    ready.touch()
    return python


def render(part: str, found: list[Figure]) -> str:
    """Return the tables of one part as Markdown."""
    if part == "training":
        return "## Training\n\n" + tables.training_table(found)
    if part == "startup":
        return "## Start-up\n\n" + tables.startup_table(found)
    return (
        "## Inference: the whole graph\n\n"
        + tables.inference_table(found, inference.GRAPH)
        + "\n## Inference: the LSTM layer alone\n\n"
        + tables.inference_table(found, inference.LAYER)
        + "\n## What the whole graph costs over its LSTM\n\n"
        + tables.overhead_table(found)
    )


def store(part: str, found: list[Figure]) -> None:
    """Write figures and tables, with the versions and the machine."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("lstm-onnx", "torch", "onnx", "onnxruntime", "openvino")},
        "figures": [f.as_json() for f in found],
    }
    (RESULTS / f"{part}.json").write_text(json.dumps(content, indent=1) + "\n")
    (RESULTS / f"{part}.md").write_text(render(part, found))


if __name__ == "__main__":
    sys.exit(main())
