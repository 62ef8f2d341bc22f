"""Trains one global LSTM for each public set, exports it, and scores the exported file on the official test part.

python -m benchmarks.accuracy                     # everything, three seeds
python -m benchmarks.accuracy tourism --seeds 0
python -m benchmarks.accuracy --validation        # the scores that the options were chosen by; no test part
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from lstm_onnx_forecasting.task import Forecasting

import lstm_onnx as lo
from benchmarks.accuracy.problems import PROBLEMS, Array, Batch, Problem, mape

TASK = Forecasting()
BATCH = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", metavar="PROBLEM", help=f"which: {', '.join(PROBLEMS)}; all if none")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--validation", action="store_true", help="score the validation part instead of the test part")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    unknown = set(options.problems) - set(PROBLEMS)
    if unknown:
        parser.error(f"no such problem: {', '.join(sorted(unknown))}; there is: {', '.join(PROBLEMS)}")
    found = {}
    for name in options.problems or PROBLEMS:
        runs = []
        for seed in options.seeds:
            runs.append(run(PROBLEMS[name], name, seed, options.validation))
            print(f"{name} seed {seed}: {json.dumps(runs[-1])}", flush=True)
        found[name] = runs
    for name, runs in found.items():
        print("\n" + table(PROBLEMS[name], runs, options.validation))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


def run(problem: Problem, name: str, seed: int, validation: bool) -> dict[str, Any]:
    """Train with one seed and score; the exported file answers, in ONNX Runtime.

    For the test part the model learns from everything before it, for a number of epochs that is fixed beforehand.
    """
    config = problem.config | {"validation_size": problem.validation if validation else 0}
    settings = {**problem.common, **problem.settings, "seed": seed}
    # with a validation part, the last epoch counts all the same: no choosing of the best one
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / f"{name}.csv"
        problem.make().write_csv(data)
        if validation:
            return _last_epoch(problem, data, config, settings, Path(folder))
        trained = lo.train("forecasting", data, **config, **settings, runs=Path(folder) / "runs")
        model = lo.load(lo.export(trained, Path(folder) / f"{name}.onnx").path)
        chosen = TASK.Config.model_validate(config)
        loaded = TASK.load_data(data, chosen, seed)
        names = [t.name for t in model.require_contract().inputs]

        def answer(batch: Batch) -> Batch:
            return model.run({n: batch[n] for n in names})

        figures = _scores(problem, loaded.test, answer, chosen)
        for baseline, forecast in TASK.baselines(chosen, loaded.info).items():
            figures[baseline] = _scores(problem, loaded.test, forecast, chosen)
        return figures | {"seconds": round(trained.record.seconds, 1), "parameters": trained.record.parameters}


def _last_epoch(
    problem: Problem, data: Path, config: dict[str, Any], settings: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """The validation figures of the last epoch, from the history of the run."""
    settings = settings | {"patience": settings["epochs"]}
    trained = lo.train("forecasting", data, **config, **settings, runs=folder / "runs")
    last = trained.history.row(-1, named=True)
    return {"mase": round(last["mase"], 4), "seconds": round(trained.record.seconds, 1)}


def _scores(problem: Problem, split: Any, answer: Any, config: Any) -> dict[str, Any]:
    """Score every `problem.every`-th forecast origin."""
    totals: dict[str, tuple[float, float]] = {}
    shares: list[tuple[float, int]] = []
    chosen = np.arange(len(split))[:: problem.every]
    for i in range(0, len(chosen), BATCH):
        batch = split.gather(chosen[i : i + BATCH])
        outputs: dict[str, Array] = answer(batch)
        for name, (total, count) in TASK.metrics(outputs, batch, config).items():
            before = totals.get(name, (0.0, 0.0))
            totals[name] = (before[0] + total, before[1] + count)
        shares.append((mape(outputs["forecast"], batch["actual"]), len(batch["actual"])))
    figures = TASK.finish(totals)
    figures["mape"] = sum(share * count for share, count in shares) / sum(count for _, count in shares)
    return {name: round(figures[name], 4) for name in problem.figures} | {"windows": len(chosen)}


def table(problem: Problem, runs: list[dict[str, Any]], validation: bool) -> str:
    """All methods in Markdown, best first."""
    if validation:
        scores = [r["mase"] for r in runs]
        return f"{problem.title}: validation MASE {statistics.mean(scores):.4f} ({min(scores)} to {max(scores)})"
    first = problem.figures[0]
    ours = tuple(statistics.mean(r[f] for r in runs) for f in problem.figures)
    spread = f"{min(r[first] for r in runs):.4g} to {max(r[first] for r in runs):.4g}"
    rows = {f"**lstm-onnx**, mean of {len(runs)} seeds ({first}: {spread})": ours, **problem.known}
    rows |= {f"{b}, measured here": tuple(runs[0][b][f] for f in problem.figures) for b in _baselines(runs[0])}
    lines = [f"### {problem.title}", "", f"| method | {' | '.join(f.upper() for f in problem.figures)} |"]
    lines.append("|---|" + "---|" * len(problem.figures))
    for method, values in sorted(rows.items(), key=lambda row: row[1][0]):
        cells = ("" if math.isnan(v) else f"{v:.4g}" for v in values)
        lines.append(f"| {method} | {' | '.join(cells)} |")
    seconds = statistics.median(r["seconds"] for r in runs)
    return "\n".join([*lines, "", f"{runs[0]['parameters']:,} parameters; trained in {seconds:.0f} s on one thread."])


def _baselines(run: dict[str, Any]) -> list[str]:
    return [name for name, value in run.items() if isinstance(value, dict)]


if __name__ == "__main__":
    main()
