"""`lstm-onnx explain`: what is shown and written."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import call

NEWS = Path(__file__).parents[2] / "exported" / "news.onnx"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.csv"
    pl.DataFrame({"text": ["grain and wheat exports rose", "oil and crude prices fell"]}).write_csv(path)
    return path


def test_what_an_answer_rests_on_is_shown_and_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, texts: Path
) -> None:
    plot, table = tmp_path / "why.png", tmp_path / "why.csv"
    status, out, _ = call(capsys, "explain", NEWS, texts, "--example=1", f"--plot={plot}", "--out", table)
    assert status == 0
    assert "'probabilities' of 'crude'" in out
    assert out.index("crude") < out.index("prices")
    assert plot.stat().st_size > 5000
    assert pl.read_csv(table)["part"].to_list() == ["oil", "and", "crude", "prices", "fell"]


def test_json_has_every_part(capsys: pytest.CaptureFixture[str], texts: Path) -> None:
    status, out, _ = call(capsys, "explain", NEWS, texts, "--json")
    found = json.loads(out)["by"]["word"]
    assert status == 0
    assert sum(p["shapley"] for p in found["parts"]) == pytest.approx(found["value"] - found["hidden"])
