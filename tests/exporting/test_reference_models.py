"""Files written by an older version still read, verify and answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo

EXPORTED = Path(__file__).parents[2] / "exported"
FILES = sorted(EXPORTED.glob("*.onnx"))


def test_there_is_a_reference_model() -> None:
    assert "traffic.onnx" in [f.name for f in FILES]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_it_verifies(file: Path) -> None:
    lo.verify(file).raise_if_failed()


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_its_size_and_making_are_told(file: Path) -> None:
    text = (EXPORTED / "README.md").read_text()
    assert f"[{file.name}]({file.name})" in text
    assert f"--out exported/{file.name}" in text
    assert f"{round(file.stat().st_size / 1024)} kB" in text


def test_traffic_scores_today_what_it_scored_when_it_was_made() -> None:
    file = EXPORTED / "traffic.onnx"
    made = lo.load(file).require_contract().scores
    assert made is not None
    assert lo.evaluate(file).scores.model == pytest.approx(made.model, rel=1e-4)
    assert made.model["mase"] < min(b["mase"] for b in made.baselines.values()) < 1


def test_traffic_of_the_next_day_looks_like_traffic() -> None:
    from lstm_onnx_forecasting.data import bundled

    table = lo.load(EXPORTED / "traffic.onnx").predict(bundled()).table
    assert table.height == 24
    hours = table["vehicles"].to_numpy()
    assert np.argmin(hours) in range(1, 5)  # in the small hours
    assert 3000 < hours.max() < 8000
    assert (table["vehicles q0.1"] <= table["vehicles"]).all() and (table["vehicles"] <= table["vehicles q0.9"]).all()


@pytest.mark.parametrize(("name", "least"), [("vowels", 0.96), ("vowels-streaming", 0.95)])
def test_vowels_score_today_what_they_scored_when_they_were_made(name: str, least: float) -> None:
    file = EXPORTED / f"{name}.onnx"
    made = lo.load(file).require_contract().scores
    assert made is not None
    assert made.model["accuracy"] > least
    if name == "vowels":  # a streaming file reads one sequence at a time
        assert lo.evaluate(file).scores.model["accuracy"] == pytest.approx(made.model["accuracy"], abs=0.003)


def test_news_knows_what_a_text_is_about() -> None:
    model = lo.load(EXPORTED / "news.onnx")
    asked = {
        "The company said net profit rose to 12 mln dlrs, or 1.20 dlrs a share, in the first quarter.": "earn",
        "The firm agreed to acquire all shares of its rival in a merger worth 300 mln dlrs.": "acq",
        "OPEC ministers agreed to cut crude oil output, barrels per day.": "crude",
    }
    table = model.predict(list(asked), top=1).table
    assert table["label"].to_list() == list(asked.values())
    assert "text" in table.columns
    assert model.require_contract().provenance.config["text_input"] == "bytes"


def test_hours_left_of_a_machine_fall_with_its_vibration() -> None:
    model = lo.load(EXPORTED / "life.onnx")
    scores = model.require_contract().scores
    assert scores is not None
    assert scores["rmse"] < scores.baselines["nearest neighbour"]["rmse"] < scores.baselines["always the same"]["rmse"]
    asked = {
        "steps": np.array([[[2.1, 49]] * 20, [[5.5, 57]] * 20], dtype=np.float32),
        "lengths": np.array([20, 20]),
        "kind": np.array(["fan", "fan"], dtype=object),
        "load": np.array([1, 1], dtype=np.float32),
    }
    fresh, worn = model.predict(asked).outputs["hours_left"]
    assert fresh > worn + 100


def test_a_sensor_that_says_nothing_any_more_is_strange() -> None:
    from lstm_onnx_forecasting.data import bundled

    model = lo.load(EXPORTED / "faults.onnx")
    scores = model.require_contract().scores
    assert scores is not None
    assert scores["f1"] > max(b["f1"] for b in scores.baselines.values())
    frame = pl.read_csv(bundled()).tail(300).select("time", "vehicles", "temperature")
    broken = frame.with_columns(vehicles=pl.when(pl.int_range(300) == 252).then(0.0).otherwise(pl.col("vehicles")))
    row = model.predict(broken).table.row(252, named=True)
    assert (row["time"], row["alarm"], row["reason"]) == (frame["time"][252], "alarm", "vehicles")


def test_names_are_found_that_nobody_has_heard_of() -> None:
    table = lo.load(EXPORTED / "names.onnx").predict(["Nobody in Zorbu knew where Quaxa had gone today ."]).table
    tags = dict(zip(table["text_words"].to_list(), table["tag"].to_list(), strict=True))
    assert (tags["Zorbu"], tags["Quaxa"], tags["today"]) == ("B-place", "B-person", "B-time")
