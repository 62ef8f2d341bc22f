"""A forecaster on `Series` and `Ahead` in one file: all that is derived for it, and what an author may get wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.contract import Step, Table
from lstm_onnx.data.time_series import Series as RegularSeries
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_windows import Windows
from lstm_onnx.plugin import Ahead, Number, Series, series_examples
from lstm_onnx.testing import check_task
from tests.conftest import EXAMPLES

HOUR = Step(seconds=3600)


def found(rows: int = 200, count: int = 2) -> list[RegularSeries]:
    random = np.random.default_rng(0)
    time = 1_700_000_000 // 86400 * 86400 + 3600 * np.arange(rows)
    return [RegularSeries(f"s{k}", time, random.normal(50, 9, size=(rows, 1))) for k in range(count)]


def features(**changes: Any) -> tuple[Series, Ahead]:
    series = Series(name="series", target=("load",), step=HOUR, **({"window": 24, "horizon": 6} | changes))
    return series, Ahead(name="forecast", along="series").bound([series])


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, trained and proved; its streaming file lies beside it."""
    folder = tmp_path_factory.mktemp("ahead")
    small = {"hidden": 6, "weeks": 4, "window": 24, "horizon": 6}
    return check_task("ahead", folder=folder, plugin_file=EXAMPLES / "ahead.py", **small).path


def test_the_file_forecasts_a_persons_table(forecaster: Path) -> None:
    contract = lo.load(forecaster).require_contract()
    assert [t.name for t in contract.inputs] == ["values", "time"]
    assert [t.name for t in contract.outputs] == ["forecast", "forecast_time", "quantiles"]
    assert contract.axes["quantile"].labels == ("q0.1", "q0.9")
    hours = [f"2024-03-0{1 + k // 24} {k % 24:02d}:00" for k in range(48)]
    table = pl.DataFrame({"time": hours * 2, "shop": ["a"] * 48 + ["b"] * 48, "customers": list(range(48)) * 2})
    answer = lo.load(forecaster).predict(table).table
    assert answer.height == 2 * 6
    assert str(answer["time"][0]).startswith("2024-03-03 00:00")
    assert (answer["customers q0.1"] <= answer["customers"]).all()
    assert (answer["customers"] <= answer["customers q0.9"]).all()


def test_a_stream_knows_what_it_was_shown(forecaster: Path) -> None:
    """Row by row as at once; until a value is known, the answer is missing."""
    run = forecaster.parent / "whole"
    file = lo.export(next(run.iterdir()), forecaster.parent / "s.onnx", variant="streaming")
    files = file if isinstance(file, list) else [file]
    model = lo.load(files[-1].path)
    state = {s.input: None for s in model.require_contract().states}
    assert "known" in state
    values = np.full((1, 30, 1), np.nan, np.float32)
    values[:, 4:] = np.random.default_rng(0).normal(50, 9, size=(1, 26, 1))
    time = 1_700_000_000 + 3600 * np.arange(30)[None]
    arrays = {s.input: np.zeros(_shape(model, s.input), np.float32) for s in model.require_contract().states}
    for k in range(30):
        outputs = model.run({"values": values[:, k : k + 1], "time": time[:, k : k + 1], **arrays})
        assert np.isnan(outputs["forecast"]).all() == (k < 4)
        arrays = {s.input: outputs[s.output] for s in model.require_contract().states}
    whole = lo.load(forecaster).run({"values": values, "time": time})
    np.testing.assert_allclose(outputs["forecast"], whole["forecast"], rtol=1e-4, atol=1e-3)


def _shape(model: Any, name: str) -> tuple[int, ...]:
    contract = model.require_contract()
    tensor = next(t for t in contract.inputs if t.name == name)
    return tuple(1 if d == "batch" else contract.axes[d].size for d in tensor.dims)


class TestWindows:
    def test_examples_are_views_until_they_are_gathered(self) -> None:
        examples = series_examples(found(), *features(), Table(time="t"), where="here")
        column = examples.columns["series"]
        assert isinstance(column, Windows)
        some = column.take(np.array([3, 5]))
        assert some.store is column.store
        batch = some.gather(np.array([1]))
        np.testing.assert_array_equal(batch["values"][0], column[5]["values"])
        assert len(column[1:4]) == 3
        assert set(some.owners) == {"s0"}

    def test_parts_are_cut_by_time(self) -> None:
        examples = series_examples(found(), *features(), Table(time="t"), where="here", test_size=20, validation_size=6)
        assert examples.part is not None
        column, part = examples.columns["series"], np.array(examples.part)
        assert isinstance(column, Windows)
        truth = {
            p: column.take(np.flatnonzero(part == p)).gather_truth(np.arange((part == p).sum())) for p in set(part)
        }
        assert {p: len(t["actual"]) for p, t in truth.items()} == {"train": 2 * 167, "validation": 2, "test": 2 * 15}

    def test_short_series_are_refused(self) -> None:
        with pytest.raises(UserError, match=r"here: the longest of its series has 10 rows .* 20 are needed"):
            series_examples(found(10), *features(), Table(time="t"), where="here")


class TestMistakes:
    def test_an_answer_runs_along_a_series(self) -> None:
        with pytest.raises(UserError, match="'forecast' runs along 'seris', which is no series that goes in; did you"):
            Ahead(name="forecast", along="seris").bound(features()[:1])
        with pytest.raises(UserError, match="which is no series"):
            Ahead(name="forecast", along="age").bound([Number(name="age")])

    def test_a_column_of_lists_is_no_windows(self) -> None:
        with pytest.raises(UserError, match="the column 'series' is a list; a series takes Windows"):
            features()[0].fit([[1.0, 2.0]])

    def test_windows_of_another_length_are_told(self) -> None:
        examples = series_examples(found(), *features(), Table(time="t"), where="here")
        with pytest.raises(UserError, match="have the layout"):
            features(window=12)[0].fit(examples.columns["series"])


class TestSamples:
    def test_they_are_real_rows_and_go_on_where_there_are_too_few(self) -> None:
        series, _ = features()
        examples = series_examples(found(), *features(), Table(time="t"), where="here")
        series = series.fit(examples.columns["series"])
        made = series.sample({"batch": 5, "time": 60}, np.random.default_rng(0))
        assert made["values"].shape == (5, 60, 1)
        np.testing.assert_array_equal(made["values"][0, -24:], made["values"][0, -48:-24])
        assert (np.diff(made["time"], axis=1) == 3600).all()
        rows = {float(np.float32(v)) for one in found() for v in one.values[:, 0]}
        assert {float(v) for v in made["values"].ravel() if not np.isnan(v)} <= rows
        assert np.isnan(made["values"][1:]).any() and np.isfinite(made["values"][:, -1]).all()
