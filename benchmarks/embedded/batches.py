"""Measure a batch of windows: `bare-c` with `--set batch=8` beside ONNX Runtime, which is given the same eight.

    python -m benchmarks.embedded.batches [--rounds N]

The layer alone, with 12 inputs and 100 steps, on one thread; microseconds a window. Programs take turns.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
from pathlib import Path

from benchmarks.embedded.__main__ import build, micros, sh
from benchmarks.embedded.lstm import HIDDENS, RUNTIME, layer
from lstm_onnx.embedding.generate import Embedded, embed

BATCH = 8


def main(rounds: int) -> None:
    """Build everything, take turns, and print a table."""
    names = (f"{RUNTIME}, one", f"{RUNTIME}, {BATCH} together", "bare-c, one", f"bare-c, {BATCH} together")
    print(f"| µs a window | {' | '.join(names)} | ratio of the eight | ratio to {names[0]} |")
    print("| --- |" + " ---: |" * (len(names) + 2))
    with tempfile.TemporaryDirectory() as work:
        for hidden in HIDDENS:
            files = [layer(Path(work) / f"of{n}x{hidden}.onnx", hidden, False, n) for n in (1, BATCH)]
            runtimes = [build(file, "c", Path(work) / f"c-{file.stem}") for file in files]
            bare = embed(files[1], "bare-c", Path(work) / f"bare{hidden}", settings={"batch": str(BATCH)})
            alone = build(files[0], "bare-c", Path(work) / f"alone{hidden}")
            sh(f"make && {bare.commands['self-test'][0]}", bare.folder)
            found = []
            for _ in range(rounds):
                found.append((micros(runtimes[0]), micros(runtimes[1]) / BATCH, micros(alone), together(bare)))
            cells = [f"{statistics.median(taken):.1f}" for taken in zip(*found, strict=True)]
            ratios = [statistics.median(turn[3] / turn[k] for turn in found) for k in (1, 0)]
            print(f"| layer of {hidden} | {' | '.join(cells)} | {ratios[0]:.2f} | {ratios[1]:.2f} |", flush=True)


def together(program: Embedded) -> float:
    """Run `--bench` and read the median of a row among eight."""
    found = re.search(r"in batches of \d+: median ([\d.]+) us a row", sh(program.commands["bench"][0], program.folder))
    assert found is not None
    return float(found[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    main(parser.parse_args().rounds)
