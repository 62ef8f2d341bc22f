"""Every kind of classifier goes the whole way: train, interrupt, resume, export, verify, stream, predict."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.contract import ColumnsSource
from lstm_onnx.errors import UserError
from lstm_onnx.graph.subgraphs import run_before
from lstm_onnx.inference.row_stream import stream_rows
from lstm_onnx.testing import check_task
from lstm_onnx.training.restore import restore
from lstm_onnx.training.run_folder import open_run
from lstm_onnx.verification.verify import verify

GOOD, BAD = ("lovely", "bright", "warm", "moving"), ("dull", "cold", "flat", "noisy")
COMMON = ("film", "story", "the", "a", "actor", "scene")

SMALL: dict[str, Any] = {"hidden": 8, "embedding": 8}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "films.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "label"])
        for i in range(160):
            words = [*random.choice(COMMON, 5), *random.choice(GOOD if i % 2 else BAD, 2)]
            random.shuffle(words)
            writer.writerow([" ".join(words).capitalize() + ".", "good" if i % 2 else "bad"])
    return path


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Waves of three frequencies, 3 to 20 steps, some values missing."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "waves.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "step", "x", "y", "label"])
        for i in range(90):
            for step in range(int(random.integers(3, 21))):
                x = np.sin(step * (0.2 + 0.4 * (i % 3))) + 0.1 * random.standard_normal()
                y = "" if random.random() < 0.1 else f"{random.normal():.3f}"
                writer.writerow([f"s{i}", step, f"{x:.3f}", y, "abc"[i % 3]])
    return path


SERIES = {
    "usual": {},
    "convolutions": {"convolutions": [6, 5], "smoothing": 0.1, "noise": 0.1, "balance": "weights"},
    "patches": {"patch": 3, "bidirectional": True},
    "every pooling": {"pooling": ["last", "mean", "max", "attention"], "balance": "sampling"},
    "each sequence scaled": {"scaling": "sequence", "layers": 2},
    "scaled in both ways": {"scaling": "both", "random_convolutions": 84, "convolutions": [4]},
}


@pytest.mark.parametrize("name", SERIES)
def test_sequences(name: str, sequences: Path, tmp_path: Path) -> None:
    check_task("classification", folder=tmp_path, data=sequences, **(SMALL | SERIES[name]))


@pytest.fixture(scope="module")
def fed(sequences: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[lo.Model, lo.Model]:
    """Pass what plugins must pass with a model that can be fed in pieces: the file, and the one for streams."""
    config = SMALL | {"bidirectional": False, "pooling": ["last", "mean", "max"], "layers": 2}
    whole = check_task("classification", folder=tmp_path_factory.mktemp("fed"), data=sequences, **config).path
    return lo.load(whole), lo.load(whole.with_name("classification-streaming.onnx"))


class Told(NamedTuple):
    """A classifier of texts: its run, its file, and its file without strings."""

    run: lo.Run
    whole: lo.Exported
    numbers: lo.Exported


def told(texts: Path, folder: Path, text_input: str) -> Told:
    """Pass what plugins must pass, and export without strings as well."""
    config = SMALL | {"text_input": text_input, "word_dropout": 0.1}
    whole = check_task("classification", folder=folder, data=texts, **config)
    run = open_run(next((folder / "whole").iterdir()))
    return Told(run, whole, run.export(folder / "numbers.onnx", numeric=True, opset=18))


@pytest.fixture(scope="module")
def strings(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return told(texts, tmp_path_factory.mktemp("strings"), "string")


def test_texts_as_strings(strings: Told) -> None:
    assert strings.whole.contract.opset == 20
    verify(strings.numbers.path, strings.run.folder).raise_if_failed()
    tensors = (*strings.numbers.contract.inputs, *strings.numbers.contract.outputs)
    assert {t.dtype for t in tensors} <= {"int64", "float32"}


def test_texts_as_bytes(texts: Path, tmp_path: Path) -> None:
    run, whole, numbers = told(texts, tmp_path, "bytes")
    assert whole.contract.opset == 18
    verify(numbers.path, run.folder).raise_if_failed()
    assert {t.dtype for t in (*numbers.contract.inputs, *numbers.contract.outputs)} <= {"int64", "float32", "uint8"}


def test_strings_and_numbers_answer_alike(strings: Told) -> None:
    whole, numbers = lo.load(strings.whole), lo.load(strings.numbers)
    said = ["The film is LOVELY, lovely.", "dull\nand\tnoisy", "", "unseen words only"]
    found = whole.run({"text": np.array(said, dtype=object)})
    tokens = run_before(restore(strings.run).graphs[0], {"text": np.array(said, dtype=object)})
    again = numbers.run(tokens)
    np.testing.assert_allclose(again["probabilities"], found["probabilities"], atol=1e-6)
    labels = next(t.labels for t in numbers.require_contract().outputs if t.name == "label_number")
    assert labels is not None
    assert [labels[i] for i in again["label_number"]] == found["label"].tolist()


def test_a_string_graph_cannot_have_an_old_opset(strings: Told, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--opset 18: this graph needs opset 20 or newer; export with --numeric"):
        lo.export(strings.run, tmp_path / "old.onnx", opset=18)
    assert strings.numbers.contract.opset == 18


REFUSED = {
    "--bidirectional reads from the end": {"bidirectional": True},
    "--scaling sequence needs the mean": {"bidirectional": False, "scaling": "sequence"},
    "--scaling both needs the mean": {"bidirectional": False, "scaling": "both", "random_convolutions": 84},
    "--pooling attention weighs all": {"bidirectional": False, "pooling": ["attention"]},
    "--convolutions look ahead": {"bidirectional": False, "convolutions": [4]},
    "--random-convolutions look ahead": {"bidirectional": False, "random_convolutions": 84},
    "--patch reads several": {"bidirectional": False, "patch": 2},
}


def test_what_needs_the_end_of_a_sequence_is_not_streamed(sequences: Path, tmp_path: Path) -> None:
    for number, (why, config) in enumerate(REFUSED.items()):
        runs = tmp_path / str(number)
        trained = lo.train("classification", sequences, **(SMALL | config), epochs=1, runs=runs)
        with pytest.raises(UserError, match=why):
            lo.export(trained, tmp_path / "no.onnx", variant="streaming")


def test_a_running_answer_is_that_for_the_steps_so_far(fed: tuple[lo.Model, lo.Model]) -> None:
    whole, stream = fed[0], fed[1].stream()
    values = np.random.default_rng(1).normal(size=(1, 9, 2)).astype(np.float32)
    for step in range(9):
        running = stream.push({"values": values[:, step : step + 1]})
        so_far = whole.run({"values": values[:, : step + 1], "lengths": np.array([step + 1])})
        np.testing.assert_allclose(running["probabilities"], so_far["probabilities"], atol=1e-5)
        assert running["label"].tolist() == so_far["label"].tolist()


def test_the_bundled_set_is_learnt_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "--hidden",
        "32",
        "--epochs",
        "30",
        "--validation-share",
        "0.15",
        "--runs",
        str(tmp_path),
        "--name",
        "vowels",
        "--quiet",
    ]
    assert run(["train", "--plugin", "classification", *options]) == 0
    scores = open_run(tmp_path / "vowels").record.scores
    assert scores is not None
    assert scores.model["accuracy"] > 0.9 > 0.1 > scores.baselines["majority"]["accuracy"]
    assert scores.baselines["1-NN DTW"]["accuracy"] == pytest.approx(0.9568, abs=2e-4)
    pictures = {p.stem for p in (tmp_path / "vowels" / "plots").iterdir()}
    assert pictures == {"loss", "examples", "confusion", "calibration", "precision-recall"}


def test_other_data_is_scored_with_the_classes_of_the_model(sequences: Path, tmp_path: Path) -> None:
    """Data that lacks a class must not shift the numbers of the others."""
    trained = lo.train("classification", sequences, **SMALL, epochs=8, runs=tmp_path)
    path = lo.export(trained, tmp_path / "waves.onnx").path
    header, *rows = sequences.read_text().splitlines()
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join([header, *(r for r in rows if not r.endswith(",a"))]) + "\n")
    model = lo.load(path)
    answers = dict(zip(*(model.predict(fewer).table[c].to_list() for c in ("id", "label")), strict=True))
    right = np.mean([answers[i] == "abc"[int(i[1:]) % 3] for i in answers])
    found = lo.evaluate(path, fewer)  # all of it
    assert found.scores.model["accuracy"] == pytest.approx(right)
    strange = tmp_path / "strange.csv"
    strange.write_text(fewer.read_text().replace(",c\n", ",z\n"))
    found = lo.evaluate(path, strange)
    learnt = [i for i in answers if int(i[1:]) % 3 == 1]
    assert found.scores.model["accuracy"] == pytest.approx(sum(answers[i] == "b" for i in learnt) / len(answers))
    assert any("'label' that was never learnt, and count as wrong: 'z'" in note for note in found.notes)


def test_texts_are_not_scored_by_a_model_of_sequences(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(20, 4, 2)).astype(np.float32)
    np.savez(tmp_path / "arrays.npz", values=values, labels=np.array(["a", "b"] * 10))
    trained = lo.train("classification", tmp_path / "arrays.npz", **SMALL, epochs=1, runs=tmp_path / "runs")
    for name in "ab":
        (tmp_path / "texts" / name).mkdir(parents=True)
        (tmp_path / "texts" / name / "1.txt").write_text("some words")
    with pytest.raises(UserError, match="texts: holds texts, and the model was trained on sequences of numbers"):
        lo.evaluate(trained, tmp_path / "texts")


def test_a_stream_names_the_class_of_each_probability(fed: tuple[lo.Model, lo.Model]) -> None:
    model = fed[1]
    contract = model.require_contract()
    values = contract.inputs[0].source
    assert isinstance(values, ColumnsSource)
    lines = [",".join(["sequence", *values.columns]), ",".join(["a", *(["0.5"] * len(values.columns))])]
    (answer,) = (json.loads(line) for line in stream_rows(model, lines))
    assert tuple(answer["probabilities"]) == contract.axes["class"].labels
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert max(answer["probabilities"], key=answer["probabilities"].get) == answer["label"]
