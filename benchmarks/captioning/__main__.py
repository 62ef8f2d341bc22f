"""Trains captioners on the scenes that the plugin draws, exports them, and scores the exported file beside baselines.

python -m benchmarks.captioning                 # five seeds, each with scenes and held-out groups of its own
python -m benchmarks.captioning --seeds 0 1
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import lstm_onnx as lo

METRICS = ("exact", "cider", "bleu4", "rouge_l")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--plugin-file", type=Path, help="where the plugin is, if it is not installed")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    for seed in options.seeds:
        for name, figures in run(seed, options.plugin_file).items():
            found.setdefault(name, []).append(figures)
            print(f"seed {seed}: {name}: {json.dumps(figures)}", flush=True)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    print("\n" + table(found))


def run(seed: int, plugin_file: Path | None) -> dict[str, dict[str, float]]:
    """Train with one seed; score the file in ONNX Runtime, and the baselines on the same pictures."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        trained = lo.train("captioning", settings={"seed": seed}, runs=Path(folder) / "runs", plugin_file=plugin_file)
        seconds = time.perf_counter() - began
        file = lo.export(trained, Path(folder) / "model.onnx").path
        scores = lo.evaluate(file, plugin_file=plugin_file, threads=1).scores
        return {"lstm-onnx": scores.model | {"seconds": seconds}, **scores.baselines}


def table(found: dict[str, list[dict[str, float]]]) -> str:
    """Means and deviations in Markdown."""
    lines = ["| | exact | CIDEr | BLEU-4 | ROUGE-L | minutes |", "|---|---|---|---|---|---|"]
    for name, runs in found.items():
        cells = [_of([r[metric] for r in runs]) for metric in METRICS]
        minutes = f"{statistics.median(r['seconds'] for r in runs) / 60:.1f}" if "seconds" in runs[0] else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {minutes} |")
    return "\n".join(lines)


def _of(values: list[float]) -> str:
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{spread}"


if __name__ == "__main__":
    main()
