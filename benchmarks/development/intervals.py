"""Whether intervals hold: coverage of the bundled traffic and of sets of competitions, with and without calibration.

python -m benchmarks.development.intervals                     # traffic and five sets, few epochs
python -m benchmarks.development.intervals traffic --seeds 0 1 2
python -m benchmarks.development.intervals 'M1 yearly' --set epochs=30 hidden=64
"""

from __future__ import annotations

import argparse
import json
import tempfile
from typing import Any

import lstm_onnx as lo
from benchmarks.development.forecasting import FREQUENCIES, read, table
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.training.own_data import load_own, own_data
from lstm_onnx.training.restore import restore
from lstm_onnx.training.scoring import score

SETS = ["traffic", "M1 yearly", "M1 quarterly", "Tourism quarterly", "Tourism yearly", "M1 monthly"]
SMALL = {"epochs": 8, "hidden": 32, "threads": 1, "quantiles": (0.1, 0.5, 0.9)}
TRAFFIC: dict[str, Any] = {"horizon": 24, "window": 168, "season": 168}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help="which; by default all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other options")
    options = parser.parse_args()
    chosen = {name: json.loads(value) for name, value in (word.split("=", 1) for word in options.set)}
    for name in options.sets or SETS:
        for seed in options.seeds:
            print(json.dumps({"set": name, "seed": seed} | run(name, {**SMALL, **chosen, "seed": seed})), flush=True)


def run(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Train once; score with what calibration moved, and without it."""
    with tempfile.TemporaryDirectory() as folder:
        if name == "traffic":
            trained = lo.train("forecasting", runs=folder, **TRAFFIC, **options)
        else:
            panel, step = read(name), FREQUENCIES[name.split(" ")[1]][2]
            horizon = len(next(iter(panel.values()))[1])
            asked: dict[str, Any] = {
                "series": "series",
                "horizon": horizon,
                "test_size": horizon,
                "frequency": step,
            } | options
            trained = lo.train("forecasting", table(name, panel, True), runs=folder, **asked)
        restored, seed = restore(trained), trained.record.training.data_seed
        data = load_own(restored.task, own_data(trained, restored.task), restored.config, seed, None, None, None)
        calibrated = trained.scores
        for decoder in restored.model.decoders:  # type: ignore[union-attr]
            decoder.correction.zero_()
        plain = score(restored.task, torch_reference(restored.graphs[0]), data.test, restored.config, restored.info)
    figures = {
        f"{metric} {how}": round(scores[metric], 4)
        for metric in ("coverage", "pinball", "mase")
        for how, scores in (("plain", plain), ("calibrated", calibrated))
    }
    return {"validation": len(data.validation) if data.validation is not None else 0, **figures}


if __name__ == "__main__":
    main()
