"""Files written by an older version still read, verify and answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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
