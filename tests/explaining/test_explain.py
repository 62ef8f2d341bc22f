"""What an answer rests on, where that is known: planted in data that a model learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import lstm_onnx as lo
from lstm_onnx.contract import Contract
from lstm_onnx.errors import UserError
from lstm_onnx.explaining.explain import Explanation
from lstm_onnx.explaining.picture import explanation_figure
from lstm_onnx.inference.model import load

EXPORTED = Path(__file__).parents[2] / "exported"
PLANTED = 7
"""The step that the class of a sequence depends on, alone."""


def planted(count: int, seed: int) -> pl.DataFrame:
    """Draw sequences of 12 steps and two columns; the class is the sign of `signal` at the planted step."""
    random = np.random.default_rng(seed)
    values = random.normal(scale=0.3, size=(count, 12, 2))
    high = random.random(count) < 0.5
    values[:, PLANTED, 0] += np.where(high, 3, -3)
    return pl.DataFrame(
        {
            "sequence": np.repeat(np.arange(count), 12),
            "step": np.tile(np.arange(12), count),
            "signal": values[..., 0].ravel(),
            "noise": values[..., 1].ravel(),
            "label": np.repeat(np.where(high, "up", "down"), 12),
        }
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    table = folder / "planted.csv"
    planted(120, 0).write_csv(table)
    told = {"sequence": "sequence", "time": "step", "label": "label"}
    size = {"hidden": 12, "epochs": 60, "batch_size": 8, "learning_rate": 0.01, "threads": 1}
    run = lo.train("classification", table, **told, **size, runs=folder)
    assert run.scores["accuracy"] > 0.9
    return run.export(folder / "planted.onnx").path


@pytest.fixture(scope="module")
def found(file: Path) -> Explanation:
    return lo.explain(file, planted(6, 1).drop("label"), example="2", gates=True)


def test_the_planted_step_and_column_come_out_on_top(found: Explanation) -> None:
    assert found.top("step", 1)["part"].item() == str(PLANTED)
    assert found.top("column", 1)["part"].item() == "signal"
    assert found.map is not None
    column, step = np.unravel_index(np.abs(found.map).argmax(), found.map.shape)
    assert (found.columns[column], found.parts["step"][step]) == ("signal", str(PLANTED))


def test_shares_sum_up_to_the_answer(found: Explanation) -> None:
    for shares in found.shares.values():
        assert shares.shapley.sum() == pytest.approx(shares.value - shares.hidden)
        assert shares.value > 0.9


def test_gates_are_those_of_the_file(found: Explanation) -> None:
    first = found.gates[0]
    assert first.input.shape == first.forget.shape == (12, 12)
    assert 0 < first.forget.min() < first.forget.max() < 1
    assert not np.allclose(first.input[PLANTED], first.input[PLANTED - 1], atol=0.02)


def test_words_are_hidden_in_texts_as_bytes() -> None:
    text = "Oil prices rose as OPEC ministers agreed on crude production cuts, traders said"
    found = lo.explain(EXPORTED / "news.onnx", pl.DataFrame({"text": [text]}), orders=8)
    assert found.question == "'probabilities' of 'crude'"
    assert set(found.top("word", 3)["part"]) == {"Oil", "OPEC", "crude"}
    other = lo.explain(EXPORTED / "news.onnx", pl.DataFrame({"text": [text]}), orders=2, label="ship")
    assert other.shares["word"].value < 0.1


def test_a_forecast_rests_on_what_it_forecasts(tmp_path: Path) -> None:
    hours = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 9), "1h", eager=True, closed="left")
    busy = 3000 + 2000 * np.sin(np.arange(len(hours)) * np.pi / 12)
    frame = pl.DataFrame({"time": hours, "vehicles": busy, "temperature": 280.0, "clouds": 40.0})
    found = lo.explain(EXPORTED / "traffic.onnx", frame, step=0, orders=4)
    assert found.question == "'forecast' at step 0 of 'vehicles'"
    assert found.top("column", 1)["part"].item() == "vehicles"
    assert all(part.startswith("-") for part in found.parts["step"])
    assert np.isfinite(found.table["shapley"].to_numpy()).all()


def test_patches_of_a_picture(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    image = np.full((1, 64, 64, 3), 250, dtype=np.uint8)
    image[0, 8:26, 8:26] = (205, 30, 35)
    image[0, 40:44, 40:44] += random.integers(0, 3, (4, 4, 3), dtype=np.uint8)
    found = lo.explain(EXPORTED / "scenes.onnx", {"image": image}, orders=2)
    assert found.question.startswith("how much remains of 'caption': ")
    assert found.shares["patch"].value == 1
    assert len(found.parts["patch"]) == 49
    figure = explanation_figure(found)
    assert "what each patch adds" in figure.axes[0].get_title()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"example": "99"}, "--example 99: there is no such example"),
        ({"output": "probabilites"}, "did you mean 'probabilities'"),
        ({"label": "sideways"}, "--label sideways: 'probabilities' has no such label"),
        ({"step": 3}, "--step 3: 'probabilities' has no steps"),
    ],
)
def test_what_cannot_be_explained_is_told(file: Path, options: dict[str, str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        lo.explain(file, planted(2, 3).drop("label"), **options)


def test_an_int8_file_shows_no_gates() -> None:
    model = load(EXPORTED / "traffic-int8.onnx")
    contract = model.contract
    assert isinstance(contract, Contract)
    inputs = {n: v.array()[:1] for n, v in contract.examples[1].inputs.items()}
    with pytest.raises(UserError, match="no LSTM with float weights"):
        lo.explain(model, inputs, gates=True, orders=2)


def test_the_picture_has_a_panel_for_each_thing(found: Explanation) -> None:
    titles = [ax.get_title() for ax in explanation_figure(found).axes]
    assert titles[0].startswith("what each step adds") and titles[1].startswith("what each column adds")
    assert titles[2].startswith("how far the answer falls") and titles[3].startswith("gates of ")


def test_any_picture_of_a_folder_is_found(tmp_path: Path) -> None:
    for number in range(40):
        Image.new("RGB", (16, 16), (5 * number, 0, 0)).save(tmp_path / f"{number:02d}.png")
    found = lo.explain(EXPORTED / "scenes.onnx", tmp_path, example="39", orders=2)
    assert found.example == "39.png"
    assert found.arrays["image"][0, 0, 0].tolist() == [195, 0, 0]
    with pytest.raises(UserError, match=r"--example 40: there is no such example; there is: 00\.png"):
        lo.explain(EXPORTED / "scenes.onnx", tmp_path, example="40")
