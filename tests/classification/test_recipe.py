"""What the defaults are for the data at hand: sequences, streams, texts, few examples and many; old runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lstm_onnx_classification.examples import Examples, RawExamples
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.recipe import budget, filled_in
from lstm_onnx_classification.task import Classification
from pydantic import ValidationError

import lstm_onnx as lo
from lstm_onnx.nn.dilations import SPAN
from lstm_onnx.training.options import TrainingOptions, suited


def found(count: int, steps: int = 10, texts: bool = False, parts: Any = None) -> RawExamples:
    items: list[Any] = ["so it is"] * count if texts else [np.zeros((steps, 1), dtype=np.float32)] * count
    column = "text" if texts else ""
    return RawExamples(Examples(items, ["a", "b"] * (count // 2), ["here"] * count), parts=parts, column=column)


def ragged(count: int, channels: int = 1) -> RawExamples:
    items: list[Any] = [np.zeros((10 + k % 3, channels), dtype=np.float32) for k in range(count)]
    return RawExamples(Examples(items, ["a", "b"] * (count // 2), ["here"] * count))


CASES: dict[str, tuple[RawExamples, dict[str, Any], dict[str, Any]]] = {
    "few sequences": (found(100), {}, {"convolutions": (32, 64, 32), "smoothing": 0.1, "validation_share": 0.0}),
    "as long as a kernel": (found(100, SPAN), {}, {"random_convolutions": 2520}),
    "shorter than a kernel": (found(100, SPAN - 1), {}, {"random_convolutions": 0, "convolutions": (32, 64, 32)}),
    "no random ones asked for": (found(100), {"random_convolutions": 0}, {"random_convolutions": 0}),
    "none for a text": (found(10, texts=True), {}, {"random_convolutions": 0, "tf_idf": (1,)}),
    "no words in sequences": (found(10), {}, {"tf_idf": ()}),
    # of which the test part takes 2,500
    "many texts": (found(12_500, texts=True), {}, {"tf_idf": (1, 2), "tf_idf_places": 2**18}),
    "nearly many texts": (found(12_000, texts=True), {}, {"tf_idf": (1,)}),
    "letters": (found(400, texts=True), {"cut": "characters"}, {"tf_idf": ()}),
    "texts of several classes": (found(400, texts=True), {"several": ";"}, {"tf_idf": ()}),
    "no linear model": (found(400, texts=True), {"tf_idf": (0,)}, {"tf_idf": ()}),
    "many": (found(4000), {}, {"convolutions": (32, 64, 32), "validation_share": 0.15}),
    "alike in length": (found(100), {}, {"scaling": "global"}),
    "different in length": (ragged(100), {}, {"scaling": "both"}),
    "different in length, of several channels": (ragged(100, 2), {}, {"scaling": "global"}),
    "different in length, without random ones": (ragged(100), {"random_convolutions": 0}, {"scaling": "global"}),
    "long": (found(10, 300), {}, {"patch": 3}),
    "as long as is read": (found(10, 128), {}, {"patch": 1}),
    "for a stream": (
        found(10, 300),
        {"bidirectional": False},
        {"convolutions": (), "random_convolutions": 0, "patch": 1, "smoothing": 0.0},
    ),
    "texts": (found(400, texts=True), {}, {"convolutions": (), "patch": 1, "smoothing": 0.0, "validation_share": 0.15}),
    "few texts": (found(20, texts=True), {}, {"validation_share": 0.0}),
    "asked for": (
        found(10, 300),
        {"convolutions": (7,), "patch": 2, "smoothing": 0.3, "validation_share": 0.5},
        {"convolutions": (7,), "patch": 2, "smoothing": 0.3, "validation_share": 0.5},
    ),
    "none asked for": (found(10), {"convolutions": (0,)}, {"convolutions": (), "smoothing": 0.0}),
}


@pytest.mark.parametrize("name", CASES)
def test_defaults_follow_the_data(name: str) -> None:
    examples, given, wanted = CASES[name]
    chosen, notes = filled_in(examples, Config(**given))
    assert {key: getattr(chosen, key) for key in wanted} == wanted
    assert bool(notes) == (chosen.validation_share == 0)
    assert filled_in(examples, chosen) == (chosen, ())  # once chosen, it stays


def test_a_part_that_the_data_names_is_validated_on() -> None:
    parts = ("train",) * 50 + ("validation",) * 20 + ("test",) * 30
    assert filled_in(found(100, parts=parts), Config())[1] == ()


def test_both_ways_of_scaling_want_random_convolutions(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"--scaling both: .*random convolutions, and there are none"):
        lo.train("classification", runs=tmp_path, scaling="both", random_convolutions=0)


def test_a_layer_without_filters_is_refused() -> None:
    with pytest.raises(ValidationError, match="1 filter at least"):
        Config(convolutions=(8, 0))


def test_small_sets_get_the_steps_that_suit_them_unless_told_otherwise() -> None:
    task, few = Classification(), filled_in(found(100), Config())[0]
    settings = TrainingOptions(**task.training)
    assert budget(few, 100, 32, 60)["learning_rate"] == suited(task, few, settings, {}, 100).learning_rate
    assert suited(task, few, settings, {"learning_rate": 1e-4}, 100).learning_rate == 1e-4
    assert suited(task, few, settings, {}, 100).epochs * 4 >= budget(few, 100, 32, 60)["least_steps"]
    many = filled_in(found(4000), Config())[0]
    assert suited(task, many, settings, {}, 3400) == settings


def test_texts_beside_a_linear_model_take_fewer_epochs_the_more_they_are() -> None:
    task, chosen = Classification(), filled_in(found(400, texts=True), Config())[0]
    settings = TrainingOptions(**task.training)
    epochs = {count: suited(task, chosen, settings, {}, count).epochs for count in (4800, 9600, 960_000)}
    assert epochs == {4800: 10, 9600: 5, 960_000: 3}
    assert suited(task, chosen, settings, {}, 320) == suited(task, Config(), settings, {}, 320)  # few: as ever
    assert suited(task, chosen, settings, {"epochs": 7}, 9600).epochs == 7


@pytest.mark.parametrize("balance", ["none", "weights", "sampling"])
def test_a_rare_class_is_neither_forgotten_nor_the_answer_to_everything(balance: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values, labels = random.normal(size=(200, 12, 1)).astype(np.float32), np.array(["ok"] * 185 + ["fault"] * 15)
    values[labels == "fault", 4:8] += 2
    np.savez(tmp_path / "rare.npz", values=values, lengths=np.full(200, 12), labels=labels)
    small = {"hidden": 4, "convolutions": [8, 8], "epochs": 30, "balance": balance}
    trained = lo.train("classification", tmp_path / "rare.npz", runs=tmp_path, **small)
    assert trained.record.scores is not None
    assert trained.record.scores.model["balanced_accuracy"] > 0.6
    assert any("class 'fault' is rare" in note for note in trained.record.notes) == (balance == "none")
