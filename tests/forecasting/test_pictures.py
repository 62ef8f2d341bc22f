"""Pictures of forecasts name the series that they are of, wherever they are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lstm_onnx_forecasting import plots
from matplotlib.figure import Figure

import lstm_onnx as lo
from lstm_onnx.cli.app import run as run_command
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import NAMES


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Forecasts that are drawn, as they are."""
    found: list[Figure] = []
    real = plots.forecast_figure
    monkeypatch.setattr(plots, "forecast_figure", lambda *a: found.append(real(*a)) or found[-1])
    return found


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_visible()]


def test_titles_name_the_series(tmp_path: Path, drawn: list[Figure]) -> None:
    """In a run, of an evaluation and of answers; a name of more than a line is cut, and none is a formula."""
    names = ("north", "s" * 50, "$a$")
    days = [str(np.datetime64("2025-01-01") + k) for k in range(30)]
    random = np.random.default_rng(0)
    rows = [(name, day, round(float(random.normal(100, 9)), 1)) for name in names for day in days]
    table = tmp_path / "t.csv"
    pl.DataFrame(rows, schema=["shop", "day", "sales"], orient="row").write_csv(table)
    run = lo.train("forecasting", table, runs=tmp_path, series=("shop",), horizon=2, window=4, epochs=1, hidden=4)
    file = run.export(tmp_path / "m.onnx")
    lo.evaluate(file, table, plot=tmp_path / "pictures")
    answer = file.predict(table)
    assert answer.names == names
    assert run_command(["predict", str(file.path), str(table), "--plot", str(tmp_path / "p.png")]) == 0
    assert len(drawn) == 3
    for figure in drawn:
        told = {title.split(", ")[0] for title in titles(figure)}
        assert told == {"north", "s" * 39 + "…", r"\$a\$"}
    assert titles(drawn[-1])[0] == "north, sales, from 2025-01-31"


def test_the_only_series_has_no_name() -> None:
    model = lo.load("exported/traffic.onnx")
    task = load_task("forecasting").task
    answer = model.predict(task.data_sets()[0].files[0])
    assert not any(answer.names)
    assert NAMES not in answer.inputs
    (figure,) = task.plots(model.require_contract(), answer.inputs, answer.outputs).values()
    assert titles(figure) == ["vehicles, from 2018-10-01"]
