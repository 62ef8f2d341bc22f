"""Anomalies: planted faults are found, streams answer as the whole, and the threshold is in the graph."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.event_metrics import event_metrics
from lstm_onnx.inference.row_stream import stream_rows
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task

SMALL = {"epochs": 2, "threads": 1, "hidden": 8, "settle": 8, "window": 64}


def waves(steps: int = 900, faults: tuple[int, ...] = ()) -> pl.DataFrame:
    """Two sensors that swing, with spikes of the second at the rows of `faults`."""
    random = np.random.default_rng(0)
    at = np.arange(steps)
    level = 60 + 5 * np.sin(at / 6) + 0.1 * random.normal(size=steps)
    speed = 3 * np.cos(at / 6) + 0.1 * random.normal(size=steps)
    marks = np.zeros(steps, dtype=np.int64)
    speed[list(faults)] += 9
    marks[list(faults)] = 1
    return pl.DataFrame({"time": at, "level": level, "speed": speed, "anomaly": marks})


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on waves, exported whole and for streams."""
    folder = tmp_path_factory.mktemp("watched")
    waves(faults=(800, 850)).write_csv(folder / "waves.csv")
    options = SMALL | {"epochs": 12, "learning_rate": 0.01}
    run = lo.train("anomaly", folder / "waves.csv", runs=folder / "runs", **options)
    run.export(folder / "waves-streaming.onnx", variant="streaming")
    return run.export(folder / "waves.onnx").path


def test_the_task_passes_what_plugins_must_pass(tmp_path: Path) -> None:
    file = check_task("anomaly", folder=tmp_path, hidden=6, smoothing=3, faults=6)
    scores = file.contract.scores
    assert scores is not None
    assert set(scores.baselines) == {"z-score", "last value"}
    assert file.contract.provenance.licence is not None  # that of the traffic which it learnt from
    assert file.contract.tolerance.decided_by == "score"


def test_faults_are_found_and_the_column_is_named(watched: Path) -> None:
    scores = lo.load(watched).require_contract().scores
    assert scores is not None
    assert scores["found"] == 1
    assert scores["delay"] == 0
    assert scores["error"] < scores.baselines["last value"]["error"]
    table = lo.load(watched).predict(waves(200, faults=(150,)).drop("anomaly")).table
    assert table.height == 200
    assert table["time"].to_list() == list(range(200))  # what stands in the table, not the number of the step
    row = table.row(150, named=True)
    assert (row["alarm"], row["reason"]) == ("alarm", "speed")
    assert row["score"] > 1
    assert table["score"][:8].max() == 0  # the first rows are only looked at
    assert (table["alarm"][:150] == "alarm").sum() <= 3


def test_a_stream_answers_as_the_whole(watched: Path) -> None:
    frame = waves(80, faults=(60,)).drop("anomaly", "time")  # streams have no need of times
    whole = lo.load(watched).predict(frame).table
    lines = frame.write_csv().splitlines()
    answers = [json.loads(line) for line in stream_rows(lo.load(watched.with_name("waves-streaming.onnx")), lines)]
    assert [a["alarm"] for a in answers] == whole["alarm"].to_list()
    assert answers[60]["reason"] == "speed"
    np.testing.assert_allclose([a["score"] for a in answers], whole["score"].to_numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose([a["expected"][0] for a in answers], whole["expected level"].to_numpy(), rtol=1e-4)


def test_the_share_of_alarms_on_validation_rows_is_as_wished(watched: Path, tmp_path: Path) -> None:
    normal = waves(3000)
    normal.write_csv(tmp_path / "normal.csv")
    run = lo.train("anomaly", tmp_path / "normal.csv", runs=tmp_path, false_alarms=0.05, **SMALL)
    rows = normal.slice(round(3000 * 0.75 * 0.75), round(3000 * 0.75) - round(3000 * 0.75 * 0.75))
    table = run.export(tmp_path / "normal.onnx").predict(rows).table
    share = (table["alarm"][8:] == "alarm").mean()
    assert share == pytest.approx(0.05, abs=0.01)
    loud = run.export(tmp_path / "loud.onnx", changes={"sensitivity": 2}).predict(rows).table
    assert (loud["alarm"][8:] == "alarm").mean() > share


def test_missing_values_are_no_alarm(tmp_path: Path) -> None:
    frame = waves(600).with_columns(speed=pl.when(pl.col("time") % 50 == 7).then(None).otherwise(pl.col("speed")))
    frame.write_csv(tmp_path / "gaps.csv")
    run = lo.train("anomaly", tmp_path / "gaps.csv", runs=tmp_path, **SMALL)
    file = run.export(tmp_path / "gaps.onnx")
    assert file.contract.inputs[0].missing
    blank = pl.DataFrame(
        {"level": [None] * 30, "speed": [None] * 30}, schema={"level": pl.Float64, "speed": pl.Float64}
    )
    table = file.predict(blank).table
    assert table["score"].to_list() == [0.0] * 30


def test_rows_to_score_may_lie_beside(tmp_path: Path) -> None:
    waves(400).write_csv(tmp_path / "pump_train.csv")
    waves(300, faults=(100, 200)).write_csv(tmp_path / "pump_test.csv")
    task = load_task("anomaly").task
    data = task.load_data(tmp_path / "pump_train.csv", task.Config(settle=8, window=64), 0)
    batch = next(data.test.batches(1))
    assert int((batch["alarm"] == 1).sum()) == 2
    assert len(task.data_files(tmp_path / "pump_train.csv", task.Config())) == 2


@pytest.mark.parametrize(
    ("change", "options", "complaint"),
    [
        ({"anomaly": "maybe"}, {}, "found the label 'maybe'; an anomaly is told by 1, true"),
        ({}, {"settle": 500}, "too few rows: none is left for the train part beyond the first 500"),
        ({}, {"channels": ("sped",)}, "no column 'sped'.*did you mean 'speed'"),
        ({}, {"ignore": ("level", "speed")}, "no column of numbers is left to look at"),
        ({"level": "high"}, {"channels": ("level",)}, "column 'level': found 'high' where a number is needed"),
    ],
)
def test_wrong_data_is_told(tmp_path: Path, change: dict[str, str], options: dict[str, object], complaint: str) -> None:
    frame = waves(400).with_columns(**{name: pl.lit(value) for name, value in change.items()})
    frame.write_csv(tmp_path / "waves.csv")
    task = load_task("anomaly").task
    with pytest.raises(UserError, match=complaint):
        task.load_data(tmp_path / "waves.csv", task.Config(**options), 0)


def test_alarms_are_counted_by_row_and_by_event() -> None:
    truth = np.array([[0, 1, 1, 1, 0, 0, 1, 1, -100], [1, 0, 0, 0, 0, 0, 0, 0, 0]])
    said = np.array([[0, 0, 1, 0, 1, 0, 0, 0, 1], [0] * 9])
    found = {m.name: m.finish(*m.add({"alarm": said}, {"alarm": truth})) for m in event_metrics("alarm")}
    assert found["precision"] == 0.5  # that beyond what is known does not count
    assert found["recall"] == pytest.approx(1 / 6)
    assert found["found"] == pytest.approx(1 / 3)
    assert found["delay"] == 1
    assert found["false_per_1000"] == pytest.approx(1000 / 11)
    assert found["f1"] == pytest.approx(2 / 8)
