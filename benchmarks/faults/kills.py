"""Kills training at random moments: every file must be whole, and the resumed run end as if nothing had been."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import lstm_onnx as lo
from benchmarks.faults.models import ADDING
from lstm_onnx.training.run_folder import open_run
from lstm_onnx.training.tensor_files import load_tensors

COMMAND = (sys.executable, "-m", "lstm_onnx", "train", "--plugin=adding", f"--plugin-file={ADDING}", "--threads=1")
OPTIONS = ("--count=1500", "--hidden=8", "--epochs=25", "--patience=25", "--json")


@dataclass
class Kills:
    """What became of runs that were killed."""

    killed: int = 0
    before_the_first_file: int = 0
    resumed_to_the_same: int = 0
    lost: list[str] = field(default_factory=list)


def kill(folder: Path, count: int, seed: int) -> Kills:
    """Kill `count` runs, each several times at random moments, and resume it to its end."""
    chance, found = random.Random(seed), Kills()
    whole = folder / "whole"
    began = time.monotonic()
    subprocess.run([*COMMAND, *OPTIONS, f"--runs={whole}"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    wanted, _ = load_tensors(open_run(whole / "adding").weights)
    for number in range(count):
        runs = folder / str(number)
        _killed([*COMMAND, *OPTIONS, f"--runs={runs}"], chance.uniform(0, seconds), found)
        if not (runs / "adding" / "run.json").exists():
            found.before_the_first_file += 1
            continue
        try:
            for _ in range(chance.randrange(3)):
                run = open_run(runs / "adding")
                if run.record.status != "finished":
                    resume = [*COMMAND[:4], f"--resume={run.folder}", "--quiet"]
                    _killed(resume, chance.uniform(0, seconds / 2), found)
            run = open_run(runs / "adding")
            run = run if run.record.status == "finished" else lo.resume(run.folder)
            got, _ = load_tensors(run.weights)
            same = all(bool((got[name] == value).all()) for name, value in wanted.items())
            found.resumed_to_the_same += same
            if not same:
                found.lost.append(f"{run.folder}: ends with other weights")
        except Exception as error:
            found.lost.append(f"{runs}: {type(error).__name__}: {error}")
    return found


def _killed(command: list[str], after: float, found: Kills) -> None:
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    os.kill(child.pid, signal.SIGKILL)
    found.killed += child.wait() == -signal.SIGKILL


def cuts(folder: Path) -> dict[str, int]:
    """Cut the power (as `power` records it) after every event of training and export; count what is left of each."""
    from benchmarks.faults.power import Disk, Tree, lay_out

    counts = {"cuts": 0, "before the first file": 0, "whole": 0, "lost": 0}
    promised = [False, False]

    def visit(_: str, *trees: Tree) -> None:
        for world, tree in enumerate(trees):
            counts["cuts"] += 1
            left = lay_out(tree, folder / "left")
            run_folder = left / "runs" / "adding"
            if not promised[world] and not (run_folder / "run.json").exists():
                counts["before the first file"] += 1
                continue
            promised[world] = True
            counts["whole" if _is_whole(run_folder, left / "exported") else "lost"] += 1

    root = folder / "disk"
    root.mkdir()
    with Disk(root, visit).recording():
        run = lo.train("adding", plugin_file=ADDING, count=500, hidden=6, epochs=4, threads=1, runs=root / "runs")
        lo.export(run, root / "exported" / "adding.onnx", variant=["fp32", "fp16", "streaming"], max_drop=100)
    return counts


def _is_whole(folder: Path, exported: Path) -> bool:
    try:
        run = open_run(folder)
        if run.weights.exists():
            load_tensors(run.weights)
        if run.record.status != "finished":
            load_tensors(run.checkpoint)
        for file in exported.glob("*.onnx"):
            contract = lo.load(file).require_contract()
            beside = file.with_suffix(".json")
            if beside.exists() and json.loads(beside.read_text())["name"] != contract.name:
                return False
    except lo.UserError as error:
        print(f"lost: {error}", file=sys.stderr)
        return False
    return True
