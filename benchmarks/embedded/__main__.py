"""Measure a window and a step in every language that `lstm-onnx embed` writes, through the programs' own `--bench`.

    python -m benchmarks.embedded [TARGET...]

A target whose tools are missing, or that does not build, is left out and named at the end.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lstm_onnx.contract import Example, Values
from lstm_onnx.embedding.generate import Embedded, embed
from lstm_onnx.embedding.golden_file import golden_file
from lstm_onnx.embedding.registry import load_targets
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import load

ROOT = Path(__file__).resolve().parents[2]
WINDOW, STEP = ROOT / "exported" / "traffic.onnx", ROOT / "exported" / "traffic-streaming.onnx"
ROUNDS = 5


def main(wanted: list[str]) -> None:
    """Build each target twice, take turns, and print a table."""
    cells: dict[str, list[float]] = {}
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as work:
        for target in wanted or [t.name for t in load_targets()[0]]:
            try:
                programs = [build(file, target, Path(work) / f"{target}-{file.stem}") for file in (WINDOW, STEP)]
                (programs[1].folder / "golden.bin").write_bytes(one_step(STEP))
                cells[target] = [min(micros(p) for _ in range(ROUNDS)) for p in programs]
            except (UserError, subprocess.CalledProcessError) as error:
                left_out[target] = str(error).splitlines()[0]
    print("| target | window of 168, µs | step, µs |\n| --- | --- | --- |")
    for target, (window, step) in cells.items():
        print(f"| `{target}` | {window:.1f} | {step:.1f} |")
    for target, why in left_out.items():
        print(f"left out: {target}: {why}", file=sys.stderr)


def build(file: Path, target: str, folder: Path) -> Embedded:
    """Write a program and build it."""
    written = embed(file, target, folder)
    if written.missing:
        raise UserError(f"{', '.join(written.missing)} is not here")
    for line in written.commands["build"]:
        sh(line, folder)
    return written


def micros(program: Embedded) -> float:
    """Run its `--bench` and read the median."""
    found = re.search(r"median ([\d.]+) us", sh(program.commands["bench"][0], program.folder))
    if found is None:
        raise UserError("its --bench says no median")
    return float(found[1])


def one_step(file: Path) -> bytes:
    """Golden examples with one step of one stream, its states at rest."""
    model = load(file)
    contract = model.require_contract()
    assert contract.stream is not None
    axis, states = contract.stream.axis, {s.input for s in contract.states}
    first = contract.examples[0].inputs
    inputs = {
        t.name: first[t.name].array().take([0], axis=t.dims.index(axis))
        for t in contract.inputs
        if t.name not in states
    }
    whole = {n: first[n].array() * 0 for n in states} | inputs
    values = [{n: Values.of(a) for n, a in arrays.items()} for arrays in (whole, model.run(whole))]
    example = Example(inputs=values[0], outputs=values[1])
    return golden_file(contract.model_copy(update={"examples": (example,)}))


def sh(line: str, folder: Path) -> str:
    """Run a shell line in a folder."""
    there = {"ONNXRUNTIME_ROOT": str(ROOT / ".tools" / "onnxruntime")}
    done = subprocess.run(
        line, shell=True, cwd=folder, env=there | os.environ, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
