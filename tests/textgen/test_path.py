"""Text generation: texts of every form are read, drawn alike by every runtime, and scored beside n-grams."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lstm_onnx_textgen.drawn import BITS, draw

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import KneserNey
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task

SMALL = {"epochs": 2, "threads": 1, "hidden": 8, "longest": 12}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> lo.Exported:
    """Pass what plugins must pass: the file draws what PyTorch draws."""
    return check_task("textgen", folder=tmp_path_factory.mktemp("textgen"), hidden=8, count=150, longest=12)


def test_it_writes_and_scores(file: lo.Exported) -> None:
    answer = file.predict(["Monday: ", ""])
    assert not answer.notes  # an empty prompt is one like any other
    table = answer.table
    assert table.columns == ["text", "text_score", "log_probability"]
    assert (table["log_probability"] < 0).all()
    scores = file.contract.scores
    assert scores is not None
    assert set(scores.baselines) == {"all alike", "frequencies", "3-grams", "5-grams"}
    model = scores.model
    assert model["perplexity"] == pytest.approx(2 ** model["bits_per_character"])
    known = lo.evaluate(file).scores
    assert known["bits_per_character"] == pytest.approx(model["bits_per_character"], rel=1e-4)
    assert known.baselines["all alike"] == pytest.approx(scores.baselines["all alike"], rel=1e-4)


def test_the_same_seed_writes_the_same_and_pieces_are_the_whole(file: lo.Exported) -> None:
    model = lo.load(file)

    def write(texts: list[str], **options: float) -> list[str]:
        return list(model.with_options(**options).predict(texts).outputs["text"])

    assert write(["Mon", "", "x"], seed=5)[:2] == write(["Mon", ""], seed=5)
    assert len({write(["Mon"], seed=k)[0] for k in range(8)}) > 4
    assert write(["Mon"], seed=1, temperature=0) == write(["Mon"], seed=2, temperature=0)
    whole = write(["Mon"], seed=3)[0]
    text = "Mon"
    while len(text) < 3 + len(whole):
        text += write([text], seed=3, longest=2)[0][:2]
    assert text == "Mon" + whole
    stop = ord(whole[1])
    assert write(["Mon"], seed=3, stop=stop)[0] == whole[: whole.index(chr(stop)) + 1]


def test_how_likely_a_text_is_adds_up() -> None:
    """All texts of two signs together, and those that are longer, are as likely as can be: never more than 1."""
    texts = [np.array([k % 2 for k in range(n)]) for n in (1, 2, 2, 3, 4, 4, 1)]
    for order in (1, 2, 3):
        model = KneserNey(texts, 2, order)
        every = [np.array(t, dtype=np.int64) for n in range(13) for t in itertools.product(range(2), repeat=n)]
        total = float(np.exp(model.log_probabilities(every)).sum())
        assert 0.9 < total <= 1 + 1e-9


def test_more_before_it_tells_more() -> None:
    texts = [np.frombuffer(t.encode(), np.uint8).astype(np.int64) for t in draw(400, np.random.default_rng(0))]
    learn, score = texts[:300], texts[300:]
    bits = [-KneserNey(learn, 256, n).log_probabilities(score).mean() / np.log(2) for n in (1, 3, 5)]
    assert bits[0] > bits[1] > bits[2] > BITS


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.txt", "Über uns\n\nzwei Zeilen\r\n", {}),
        ("a.csv", "id,text\n1,Über uns\n2,\n3,zwei Zeilen\n", {}),
        ("a.csv", "id,SMILES\n1,Über uns\n3,zwei Zeilen\n", {}),
        ("a.csv", "one,two\nÜber uns,b\nzwei Zeilen,d\n", {"text": "one"}),
        ("a.jsonl", '{"body": "Über uns"}\n{"body": "zwei Zeilen"}\n', {}),
    ],
)
def test_every_format_says_the_same(tmp_path: Path, name: str, content: str, options: dict[str, str]) -> None:
    (tmp_path / name).write_text(content)
    task = load_task("textgen").task
    read = task.read(tmp_path / name, task.Config(**options), np.random.default_rng(0))
    assert list(read.columns["prompt"]) == ["Über uns", "zwei Zeilen"]
    assert {r.role for r in read.understood} <= {"text", "left out"}
    assert all(str(tmp_path / name) in place for place in read.places)


def test_each_column_of_a_table_is_said(tmp_path: Path) -> None:
    rows = [f"{'test' if k % 4 == 0 else 'train'},line {k} of some,{k}" for k in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["split,text,number", *rows]) + "\n")
    task = load_task("textgen").task
    told = {r.column: (r.role, r.kind) for r in task.load_data(tmp_path / "t.csv", task.Config(), 0).understood}
    assert told == {"split": ("split", "category"), "text": ("text", "text"), "number": ("left out", "number")}


def test_equal_texts_stay_in_one_part_and_long_ones_are_cut(tmp_path: Path) -> None:
    lines = [f"line {k % 20} " + "x" * (k % 20) for k in range(100)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    task = load_task("textgen").task
    read = task.read(tmp_path / "a.txt", task.Config(window=20), np.random.default_rng(0))
    assert max(map(len, read.columns["prompt"])) == 20
    assert any("are cut into pieces" in note for note in read.notes)
    assert any("80 texts stand there again" in note for note in read.notes)
    data = task.load_data(tmp_path / "a.txt", task.Config(), 0)
    texts = [{str(t) for b in part.batches(8) for t in b["tokens"].tolist()} for part in (data.train, data.test)]
    assert not texts[0] & texts[1]


@pytest.mark.parametrize(
    ("name", "content", "options", "complaint"),
    [
        ("a.txt", "\n \n", {}, "holds no line of text"),
        ("a.csv", "one,two\nb,c\n", {}, "no column is called text, and 2 hold text; name one with --text"),
        ("a.csv", "text\n\n \n", {}, "holds no text|no rows"),
        ("a.csv", "one,two\nb,c\n", {"text": "three"}, r"no column 'three' \(from --text\)"),
    ],
)
def test_wrong_data_is_told(tmp_path: Path, name: str, content: str, options: dict[str, str], complaint: str) -> None:
    (tmp_path / name).write_text(content)
    task = load_task("textgen").task
    with pytest.raises(UserError, match=complaint):
        task.load_data(tmp_path / name, task.Config(**options), 0)


def test_words_are_written_one_after_the_other(tmp_path: Path) -> None:
    pl.DataFrame({"title": draw(120, np.random.default_rng(1))}).write_csv(tmp_path / "a.csv")
    run = lo.train("textgen", tmp_path / "a.csv", runs=tmp_path, units="words", **SMALL | {"epochs": 8, "hidden": 24})
    file = run.export(tmp_path / "words.onnx")
    said = file.predict(["Monday: snow in"]).outputs["text"][0]
    assert len(said.split()) <= 12
    scores = file.contract.scores
    assert (
        scores is not None and scores.model["bits_per_character"] < scores.baselines["all alike"]["bits_per_character"]
    )


@pytest.mark.parametrize("units", ["bytes", "pieces"])
def test_bytes_and_pieces_know_every_text(units: str, tmp_path: Path) -> None:
    """Each sign counts, those that training never showed, too, and the file says what PyTorch says of them."""
    texts = [f"{report} 漢字 é" for report in draw(100, np.random.default_rng(1))]
    (tmp_path / "a.txt").write_text("\n".join(texts), encoding="utf-8")
    run = lo.train("textgen", tmp_path / "a.txt", runs=tmp_path, units=units, vocabulary=300, **SMALL)
    file, streaming, _ = run.export(tmp_path / "a.onnx", variant=["fp32", "streaming", "int8"], max_drop=100)
    found = file.predict(["Monday: ", "ελληνικά", "😀"])
    assert (found.table["log_probability"] < 0).all() and len(set(found.table["log_probability"])) == 3
    labels = next(t for t in file.contract.outputs if t.name == "text_tokens").labels
    assert labels is not None and len(labels) == (303 if units == "pieces" else 259)
    assert ("漢" in labels) == (units == "pieces")
    scores = file.contract.scores
    assert scores is not None
    for known in (lo.evaluate(file, data=tmp_path / "a.txt").scores.model, scores.model):
        nats_of_a_sign = known["bits_per_character"] * np.log(2)
        signs = np.log(known["perplexity"]) / nats_of_a_sign  # of a unit
        assert 1.5 < signs < 16 if units == "pieces" else 0.8 < signs < 1
    begin = {"prompt": np.zeros((1, 1), np.uint8), "byte_count": np.array([0]), "seed": np.array([3])}
    whole = lo.load(file).run(begin)["text_tokens"][0]
    assert _token_by_token(streaming, seed=3) == whole[: np.argmin(whole > 0) if whole[-1] == 0 else None].tolist()


def _token_by_token(streaming: lo.Exported, seed: int) -> list[int]:
    """Return the tokens of a text that a stream writes, which gets back each one that it wrote."""
    stream, found = lo.load(streaming).stream(), list[int]()
    for _ in range(SMALL["longest"]):
        asked = {"tokens": np.array([[found[-1] - 1 if found else 0]]), "lengths": np.array([min(len(found), 1)])}
        answer = stream.push({**asked, "seed": np.array([seed]), "longest": np.array([1])})
        if answer["text_tokens"][0, 0] == 0:
            break
        found.append(int(answer["text_tokens"][0, 0]))
    return found


def test_bytes_are_scored_as_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(f"{'é' * 5}{k}" for k in range(40)))
    task = load_task("textgen").task
    config = task.Config(units="bytes", test_share=0.5)
    data = task.load_data(tmp_path / "a.txt", config, 0)
    assert data.info["prompt"].size == 258
    batch = next(iter(data.test.batches(20)))
    answers = {"log_probability": -np.full(20, 7.0)}
    scores = task.finish(task.totals(answers, batch, config, data.info))
    signs, units = (int((batch["lengths"] - less + 1).sum()) for less in (5, 0))
    assert scores["bits_per_character"] == pytest.approx(140 / np.log(2) / signs)
    assert scores["perplexity"] == pytest.approx(np.exp(140 / units))
