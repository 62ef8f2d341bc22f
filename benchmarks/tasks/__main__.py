"""Trains a model for each set, exports it, and scores the exported file beside the simple methods.

python -m benchmarks.tasks                        # everything, three seeds
python -m benchmarks.tasks covid --seeds 0
python -m benchmarks.tasks molecules --seeds 0 --examples 20000 --set hidden=256 layers=1 epochs=3
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path
from typing import Any

import lstm_onnx as lo
from benchmarks.tasks.problems import PROBLEMS, Problem
from benchmarks.tasks.sets import SETS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"which: {', '.join(PROBLEMS)}; all if none")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other options than the set's own")
    parser.add_argument("--examples", type=int, help="learn from so many lines of the file alone, drawn once")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON; sets that are not run again stay")
    options = parser.parse_args()
    if unknown := set(options.sets) - set(PROBLEMS):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there is: {', '.join(PROBLEMS)}")
    found: dict[str, list[dict[str, Any]]] = {}
    if options.out and options.out.exists():
        found = json.loads(options.out.read_text())
    changes = dict(change.split("=", 1) for change in options.set)
    for name in options.sets or [name for name, problem in PROBLEMS.items() if not problem.on_gpu]:
        found[name] = []
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as folder:
                data = SETS[name](Path(folder))
                if data is not None and options.examples:
                    keep_some(data, options.examples)
                found[name].append(run(PROBLEMS[name], data, seed, Path(folder), changes))
            print(f"{name} seed {seed}: {json.dumps(found[name][-1])}", flush=True)
        if options.out:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(found, indent=1) + "\n")
    print("\n" + table(found))


def keep_some(data: Path, count: int) -> None:
    """Keep the header of a table, and so many of its rows."""
    head, *rows = data.read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(rows)
    data.write_text("\n".join([head, *rows[:count]]) + "\n", encoding="utf-8")


def run(problem: Problem, data: Path | None, seed: int, folder: Path, changes: dict[str, str]) -> dict[str, Any]:
    """Train with one seed and score; the exported file answers, in ONNX Runtime."""
    settings = {"seed": seed, "threads": 1, "device": "cpu", **problem.options, **changes}
    trained = lo.train(problem.task, data, runs=folder / "runs", **settings)
    file = trained.export(folder / "model.onnx")
    verdict = lo.evaluate(file, threads=1, data=data) if data is not None else lo.evaluate(file, threads=1)
    return {
        "model": _rounded(verdict.scores.model),
        "baselines": {name: _rounded(scores) for name, scores in verdict.scores.baselines.items()},
        "seconds": round(trained.record.seconds, 1),
        "kilobytes": round(file.path.stat().st_size / 1024),
    }


def _rounded(scores: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.5g}") for name, value in scores.items()}


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """All figures in Markdown: the model, mean and deviation over seeds, and each simple method."""
    lines = []
    for name, problem in PROBLEMS.items():
        if name not in found:
            continue
        runs = found[name]
        lines += ["", f"**{problem.title}**", "", f"| | {' | '.join(problem.figures)} |"]
        lines.append("|---" * (1 + len(problem.figures)) + "|")
        lines.append(f"| lstm-onnx | {' | '.join(_told([r['model'][f] for r in runs]) for f in problem.figures)} |")
        for who in runs[0]["baselines"]:
            cells = [_told([r["baselines"][who].get(f, float("nan")) for r in runs]) for f in problem.figures]
            lines.append(f"| {who} | {' | '.join(cells)} |")
        for who, value in problem.known.items():
            lines.append(f"| {who} (published) | {value:g} |{' |' * (len(problem.figures) - 1)}")
    return "\n".join(lines)


def _told(values: list[float]) -> str:
    spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 and len(set(values)) > 1 else ""
    return f"{statistics.mean(values):.4g}{spread}"


if __name__ == "__main__":
    main()
