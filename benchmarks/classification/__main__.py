"""Trains one classifier for each public set, exports it, and scores the exported file on the official test part.

python -m benchmarks.classification                       # everything, five seeds
python -m benchmarks.classification gun-point --seeds 0
python -m benchmarks.classification --validation          # scores on a part of the training data; no test part
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import lstm_onnx as lo
from benchmarks.classification.parts import read
from benchmarks.classification.problems import PROBLEMS, Problem
from benchmarks.classification.rivals import rivals
from benchmarks.classification.sets import SETS

HELD_OUT = 0.2
"""Share of the training part that `--validation` scores."""

Runs = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"which: {', '.join(PROBLEMS)}; all if none")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--validation", action="store_true", help="score a part of the training data instead")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON; sets that are not run again stay")
    parser.add_argument("--plugin-file", type=Path, help="where the plugin is, if it is not installed")
    parser.add_argument("--rivals", type=Path, help="figures that benchmarks.classification.rivals wrote before")
    options = parser.parse_args()
    if unknown := set(options.sets) - set(PROBLEMS):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there is: {', '.join(PROBLEMS)}")
    found: dict[str, dict[str, Any]] = {}
    if options.out and options.out.exists():
        found = json.loads(options.out.read_text())
    known = json.loads(options.rivals.read_text()) if options.rivals else {}
    for name in options.sets or PROBLEMS:
        with tempfile.TemporaryDirectory() as folder:
            data = SETS[name](Path(folder))
            runs: Runs = []
            for seed in options.seeds:
                runs.append(run(PROBLEMS[name], data, seed, options.validation, options.plugin_file))
                print(f"{name} seed {seed}: {json.dumps(runs[-1])}", flush=True)
            found[name] = {"runs": runs, "rivals": _rivals(name, data, known, options.validation)}
        if options.out:
            options.out.write_text(json.dumps(found, indent=1) + "\n")
    print("\n" + table(found))


def _rivals(name: str, data: Path, known: dict[str, Any], validation: bool) -> dict[str, Any]:
    """What others reach: as measured before, or measured now."""
    if validation:
        return {}
    return known[name] if name in known else dict(rivals(*read(data)))


def run(problem: Problem, data: Path, seed: int, validation: bool, plugin_file: Path | None) -> dict[str, Any]:
    """Train with one seed and score; the exported file answers, in ONNX Runtime."""
    config = {"validation_share": 0.0, **problem.config}
    settings = {**problem.common, **problem.settings, "seed": seed}
    if validation:  # the last epoch counts all the same: no choosing of the best one
        config["validation_share"], settings["patience"] = HELD_OUT, settings["epochs"]
    with tempfile.TemporaryDirectory() as folder:
        trained = lo.train(
            "classification",
            data,
            runs=Path(folder) / "runs",
            plugin_file=plugin_file,
            **config,
            **settings,
        )
        cost = {"seconds": round(trained.record.seconds, 1), "parameters": trained.record.parameters}
        if validation:
            last = trained.history.row(-1, named=True)
            return {"accuracy": round(last["accuracy"], 4), "log_loss": round(last["validation_loss"], 4)} | cost
        file = lo.export(trained, Path(folder) / "model.onnx").path
        verdict = lo.evaluate(file, data, plugin_file=plugin_file, threads=1)
        return {name: round(value, 4) for name, value in verdict.scores.model.items()} | cost


def table(found: dict[str, dict[str, Any]]) -> str:
    """Accuracies of all sets in Markdown: ours, published, and measured here."""
    lines = ["| set | lstm-onnx | lowest to highest | aim | published | measured here | seconds |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name, problem in PROBLEMS.items():
        if name not in found:
            continue
        runs = found[name]["runs"]
        ours = [r["accuracy"] for r in runs]
        spread = f" ± {statistics.stdev(ours):.4f}" if len(ours) > 1 else ""
        seconds = statistics.median(r["seconds"] for r in runs)
        measured = {rival: figures["accuracy"] for rival, figures in found[name]["rivals"].items()}
        cells = [
            problem.title,
            f"**{statistics.mean(ours):.4f}**{spread}",
            f"{min(ours):.4f} to {max(ours):.4f}",
            f"{problem.aim:g}",
            _listed(problem.known),
            _listed(measured),
            f"{seconds:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _listed(accuracies: dict[str, float]) -> str:
    return "; ".join(f"{method} {value:.3f}" for method, value in accuracies.items())


if __name__ == "__main__":
    main()
