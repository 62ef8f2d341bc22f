"""Measure everything, show the tables, and leave figures and tables in `benchmarks/results/speed/`.

What is measured already stands in `figures.jsonl` there: a run that was ended goes on behind it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
import venv
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from benchmarks.speed import inference, nodes, ours, sizes, startup, tables, training
from benchmarks.speed.figures import Figure
from benchmarks.speed.kept import Cell, Kept

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-peers"
RESULTS = ROOT / "benchmarks" / "results" / "speed"
FIGURES = RESULTS / "figures.jsonl"
PARTS = ("forecasting", "classification", "captioning", "inference", "startup", "nodes")
console = Console()


def main() -> None:
    """Read the options and do it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part; more than one may be named")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contestant has its turn (5)")
    parser.add_argument("--threads", type=int, nargs="+", default=sizes.THREADS, help="numbers of threads (1 2)")
    parser.add_argument("--hidden", type=int, nargs="+", help="units in training (64; and for some 128 and 256)")
    parser.add_argument("--without", action="append", default=[], help="leave out who is called so in the tables")
    parser.add_argument("--no-peers", action="store_true", help="do not install and measure other libraries' training")
    parser.add_argument("--anew", action="store_true", help="measure again what the file has; else it goes on")
    chosen = parser.parse_args()
    parts = chosen.only or PARTS
    if chosen.anew and FIGURES.exists():
        lines = FIGURES.read_text().splitlines(keepends=True)
        FIGURES.write_text("".join(line for line in lines if json.loads(line)["part"] not in parts))
    for part in parts:
        console.rule(part)
        began = time.monotonic()
        kept = Kept(FIGURES, part)
        if part in ours.CONTESTANTS:
            peers = None if chosen.no_peers else peers_python()
            units = chosen.hidden or [sizes.HIDDEN]
            cells: list[Cell] = [{"threads": t, "hidden": h} for t in chosen.threads for h in units]
            training.measure(part, chosen.rounds, cells, peers, kept, console, chosen.without)
            if part == "forecasting" and chosen.hidden is None:
                larger: list[Cell] = [{"threads": 1, "hidden": h} for h in sizes.LARGER]
                without = [*chosen.without, *sizes.SLOW]
                training.measure(part, chosen.rounds, larger, peers, kept, console, without)
        elif part == "inference":
            inference.measure(chosen.rounds, chosen.threads, kept, console)
        elif part == "startup":
            startup.measure(chosen.rounds, kept, console)
        else:
            nodes.measure(nodes.ROUNDS, kept, console)
        console.print(f"{part}: {(time.monotonic() - began) / 60:.1f} minutes")
    (RESULTS / "machine.json").write_text(json.dumps(machine(), indent=1) + "\n")
    for part in PARTS:
        if found := Kept(FIGURES, part).figures:
            (RESULTS / f"{part}.md").write_text(render(part, found))
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
    if part in ours.CONTESTANTS:
        return f"## Training: {part}\n\n" + tables.training_table(found)
    if part == "startup":
        return "## Start-up\n\n" + tables.startup_table(found)
    if part == "nodes":
        return "## The small nodes\n\n" + nodes.table(found)
    return (
        "## Inference: the whole graph\n\n"
        + tables.inference_table(found, inference.GRAPH)
        + "\n## Inference: the LSTM layer alone\n\n"
        + tables.inference_table(found, inference.LAYER)
        + "\n## What the whole graph costs over its LSTM\n\n"
        + tables.overhead_table(found)
    )


def machine() -> dict[str, object]:
    """Return what the figures were found on and with."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("lstm-onnx", "torch", "onnx", "onnxruntime", "openvino")},
    }


if __name__ == "__main__":
    main()
