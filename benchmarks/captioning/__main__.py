"""Trains one captioner for each set, exports it, and scores the exported file on the test part beside two baselines.

python -m benchmarks.captioning                             # everything, five seeds
python -m benchmarks.captioning scenes emoji-skin --seeds 0
python -m benchmarks.captioning emoji-style                 # every set whose name begins so
python -m benchmarks.captioning tux --validation            # what the options were chosen by; no test part
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import lstm_onnx as lo
from benchmarks.captioning.encoder import made
from benchmarks.captioning.problems import PROBLEMS, Problem
from benchmarks.captioning.sets import SETS

METRICS = {"exact": "exact", "cider": "CIDEr", "bleu4": "BLEU-4", "rouge_l": "ROUGE-L"}

Runs = list[dict[str, dict[str, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"names or how they begin: {', '.join(PROBLEMS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--validation", action="store_true", help="score the validation part only")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON; sets that are not run again stay")
    parser.add_argument("--runs", type=Path, help="keep run folders and files in this folder")
    parser.add_argument("--plugin-file", type=Path, help="where the plugin is, if it is not installed")
    options = parser.parse_args()
    if unknown := [s for s in options.sets if not any(name.startswith(s) for name in PROBLEMS)]:
        parser.error(f"no such set: {', '.join(unknown)}; there is: {', '.join(PROBLEMS)}")
    found: dict[str, Runs] = {}
    if options.out and options.out.exists():
        found = json.loads(options.out.read_text())
    for name in (n for n in PROBLEMS if not options.sets or n.startswith(tuple(options.sets))):
        with tempfile.TemporaryDirectory() as folder:
            data = SETS[name](Path(folder)) if name in SETS else None
            found[name] = []
            for seed in options.seeds:
                keep = (options.runs or Path(folder)) / f"{name}-{seed}"
                figures = run(PROBLEMS[name], data, seed, keep, options.validation, options.plugin_file)
                found[name].append(figures)
                print(f"{name} seed {seed}: {json.dumps(figures)}", flush=True)
                if options.out:
                    options.out.parent.mkdir(parents=True, exist_ok=True)
                    options.out.write_text(json.dumps(found, indent=1) + "\n")
    if not options.validation:
        print("\n" + table(found))


def run(
    problem: Problem, data: Path | None, seed: int, folder: Path, validation: bool, plugin_file: Path | None
) -> dict[str, dict[str, float]]:
    """Train with one seed; score the exported file in ONNX Runtime, and the baselines on the same pictures."""
    trained = lo.train(
        "captioning",
        data,
        runs=folder,
        plugin_file=plugin_file,
        **problem.options(made() if problem.frozen else None),
        **{**problem.common, **problem.settings, "seed": seed},
    )
    cost = {"seconds": trained.record.seconds, "parameters": float(trained.record.parameters)}
    if validation:
        best = trained.history.row(trained.record.best_epoch - 1, named=True)
        return {"lstm-onnx": {"cider": best["cider"], "loss": best["validation_loss"]} | cost}
    file = lo.export(trained, folder / "model.onnx").path
    scores = lo.evaluate(file, data, plugin_file=plugin_file, threads=1).scores
    return {"lstm-onnx": scores.model | cost, **scores.baselines}


def table(found: dict[str, Any]) -> str:
    """Scores of all sets in Markdown: ours, what was aimed at, what was tried before, and the baselines."""
    lines = [f"| set | captions by | {' | '.join(METRICS.values())} | minutes |", f"|{'---|' * (len(METRICS) + 3)}"]
    for name, problem in PROBLEMS.items():
        if name not in found:
            continue
        runs: Runs = found[name]
        minutes = statistics.median(r["lstm-onnx"]["seconds"] for r in runs) / 60
        for who in runs[0]:
            ours = who == "lstm-onnx"
            cells = [_of([r[who][metric] for r in runs]) for metric in METRICS]
            lines.append(_row(name if ours else "", who, cells, f"{minutes:.0f}" if ours else ""))
        for who, scores in (("aim", problem.aim), ("tried before", problem.tried)):
            if scores:
                lines.append(_row("", who, [f"{scores[m]:g}" if m in scores else "" for m in METRICS], ""))
    return "\n".join(lines)


def _row(*cells: str | list[str]) -> str:
    flat = [text for cell in cells for text in (cell if isinstance(cell, list) else [cell])]
    return f"| {' | '.join(flat)} |"


def _of(values: list[float]) -> str:
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{spread}"


if __name__ == "__main__":
    main()
