"""The defaults of classification, untouched, beside the simple method, on sets that nobody tuned.

python -m benchmarks.development                             # the development list: sets at even places of the alphabet
python -m benchmarks.development GunPoint Plane --seeds 0 1
python -m benchmarks.development --set hidden=32 epochs=30   # try a change of the defaults
python -m benchmarks.development --final                     # the other sets: for the table alone, never to choose by
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import lstm_onnx as lo
from benchmarks.development.archive import development, names, table
from benchmarks.development.dtw import known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help="which; by default the development list")
    parser.add_argument("--final", action="store_true", help="the sets that are not for development")
    parser.add_argument("--most", type=int, default=10**9, help="leave out sets with more values than this")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other options than the defaults")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON lines")
    options = parser.parse_args()
    listed = [n for n in names() if n not in development()] if options.final else development()
    chosen = {name: json.loads(value) for name, value in (word.split("=", 1) for word in options.set)}
    found: dict[str, list[dict[str, Any]]] = {}
    for name in options.sets or listed:
        frame = table(name)
        if frame.height * (frame.width - 2) > options.most:
            continue
        for seed in options.seeds:
            row = run(frame, seed, chosen)
            found.setdefault(name, []).append(row)
            line = json.dumps({"set": name, "seed": seed} | row)
            print(line, flush=True)
            if options.out:
                with options.out.open("a") as file:
                    file.write(line + "\n")
    print("\n" + as_table(found))


def run(frame: Any, seed: int, chosen: dict[str, Any]) -> dict[str, Any]:
    """Train with all defaults but `chosen`, and return scores of the test part beside those of the simple method."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        trained = lo.train("classification", frame, runs=folder, seed=seed, threads=1, split="split", **chosen)
        scores = trained.record.scores
        assert scores is not None
        simple = {name: figures["accuracy"] for name, figures in scores.baselines.items()}
        return {
            "accuracy": round(scores.model["accuracy"], 4),
            "log_loss": round(scores.model["log_loss"], 3),
            **{name: round(value, 4) for name, value in simple.items()},
            "epochs": trained.record.epochs_done,
            "seconds": round(time.perf_counter() - began, 1),
        }


def as_table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Return Markdown: a row a set; the count of wins, draws and losses against the simple method; and mean ranks."""
    lines = ["| set | default | 1-NN DTW | seconds |", "|---|---|---|---|"]
    wins, measured = [0, 0, 0], known()
    for name, rows in found.items():
        ours = statistics.mean(r["accuracy"] for r in rows)
        simple = measured.get(name, rows[0].get("1-NN DTW", float("nan")))
        wins[0 if ours > simple else 1 if ours == simple else 2] += 1
        seconds = statistics.median(r["seconds"] for r in rows)
        lines.append(f"| {name} | {ours:.3f} | {simple:.3f} | {seconds:.0f} |")
    rank = 1 + (wins[1] / 2 + wins[2]) / max(sum(wins), 1)
    told = f"better on {wins[0]}, equal on {wins[1]}, worse on {wins[2]} of {sum(wins)} sets"
    return "\n".join(lines) + f"\n\n{told}: mean rank {rank:.2f} and {3 - rank:.2f}"


if __name__ == "__main__":
    main()
