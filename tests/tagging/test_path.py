"""Tagging: every format of labelled words is read alike, recordings are tagged step by step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.data.sentences import read_conll, read_spans
from lstm_onnx.errors import UserError
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task

SMALL = {"epochs": 2, "threads": 1, "hidden": 8}
WORDS = [["Ann", "lives", "in", "New", "York", "."], ["Bob", "left", "."]]
TAGS = [["B-person", "O", "O", "B-place", "I-place", "O"], ["B-person", "O", "O"]]


def test_the_task_passes_what_plugins_must_pass(tmp_path: Path) -> None:
    file = check_task("tagging", folder=tmp_path, hidden=8, count=200)
    table = file.predict(["Ann met Bob ."]).table
    assert table.columns == ["text", "word", "text_words", "tag", "tag_probability"]
    assert table["text_words"].to_list() == ["Ann", "met", "Bob", "."]
    scores = file.contract.scores
    assert scores is not None
    assert set(scores.model) == {"accuracy", "span_f1"}
    assert set(scores.baselines) == {"always the same", "most frequent of the word"}


def conll(path: Path) -> None:
    lines = ["-DOCSTART- -X- O\n"]
    for words, tags in zip(WORDS, TAGS, strict=True):
        lines += [f"{word} NN {tag}" for word, tag in zip(words, tags, strict=True)] + [""]
    path.write_text("\n".join(lines))


def conllu(path: Path) -> None:
    lines = ["# sent_id = 1"]
    for words, tags in zip(WORDS, TAGS, strict=True):
        lines.append("1-2\tAnn lives\t_\t_\t_\t_\t_\t_\t_\t_")
        lines += [f"{k}\t{w}\t_\t{t}\t_\t_\t_\t_\t_\t_" for k, (w, t) in enumerate(zip(words, tags, strict=True), 1)]
        lines.append("")
    path.write_text("\n".join(lines))


def jsonl(path: Path) -> None:
    records = [
        {"text": " ".join(WORDS[0]), "spans": [{"start": 0, "end": 3, "label": "person"}, [13, 21, "place"]]},
        {"text": " ".join(WORDS[1]), "entities": [[0, 3, "person"]]},
    ]
    path.write_text("\n".join(map(json.dumps, records)))


def table(path: Path) -> None:
    rows = [
        {"sentence": f"s{k}", "word": word, "tag": tag}
        for k, pair in enumerate(zip(WORDS, TAGS, strict=True))
        for word, tag in zip(*pair, strict=True)
    ]
    pl.DataFrame(rows).write_csv(path)


@pytest.mark.parametrize(
    ("name", "write"), [("a.conll", conll), ("a.conllu", conllu), ("a.jsonl", jsonl), ("a.csv", table)]
)
def test_every_format_says_the_same(tmp_path: Path, name: str, write) -> None:
    write(tmp_path / name)
    task = load_task("tagging").task
    read = task.read(tmp_path / name, task.Config(), np.random.default_rng(0))
    assert list(read.columns["text"]) == [" ".join(words) for words in WORDS]
    assert [list(row) for row in read.columns["tag"]] == TAGS
    assert read.outputs[0].spans
    assert read.places[0].startswith(str(tmp_path / name))


def test_other_ways_to_mark_spans_are_read_as_begin_and_inside(tmp_path: Path) -> None:
    (tmp_path / "a.bio").write_text("Ann S-per\nin O\nNew B-loc\nYork E-loc\n")
    found = read_conll(tmp_path / "a.bio", None, None)
    assert found.tags == [["B-per", "O", "B-loc", "I-loc"]]
    assert "read as B-X" in found.notes[0]


def test_spans_that_end_within_a_word_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "From Paris.", "spans": [[5, 10, "place"]]}\n')
    found = read_spans(tmp_path / "a.jsonl")
    assert found.tags == [["O", "B-place"]]
    assert found.notes == ("1 spans begin or end within a word, and are drawn out to it",)


@pytest.mark.parametrize(
    ("name", "content", "options", "complaint"),
    [
        ("a.conll", "Ann B\n", {"tag": "5"}, "line 1: has 2 columns, and none that --tag means; give its number"),
        ("a.conll", "\n\n", {}, "holds no sentence"),
        ("a.jsonl", '{"text": "Ann", "spans": [[0, 9, "x"]]}\n', {}, "line 1: the span .* is none of the 3 characters"),
        ("a.jsonl", '{"text": "Ann"}\n', {}, "line 1: needs 'text' and 'spans'"),
        ("a.csv", "word,tag\nAnn,B\n", {}, "nothing tells which sentence a word belongs to"),
        ("a.csv", "word,kind\nAnn,B\n", {}, "no column is called tag"),
        ("a.csv", "sentence,word,tag\n1,Ann,\n", {}, "a cell of the column 'tag' is empty"),
    ],
)
def test_wrong_data_is_told(tmp_path: Path, name: str, content: str, options: dict[str, str], complaint: str) -> None:
    (tmp_path / name).write_text(content)
    task = load_task("tagging").task
    with pytest.raises(UserError, match=complaint):
        task.load_data(tmp_path / name, task.Config(**options), 0)


def test_a_recording_is_tagged_step_by_step_and_streams(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    still = np.repeat(random.random(40) < 0.5, 25)
    frame = pl.DataFrame({"x": np.where(still, 0, 3) + random.normal(size=1000), "y": random.normal(size=1000)})
    frame = frame.with_columns(activity=pl.Series(np.where(still, "still", "walk")))
    frame.write_csv(tmp_path / "walk.csv")
    options = SMALL | {"epochs": 15, "batch_size": 2, "learning_rate": 0.01, "bidirectional": False, "window": 64}
    run = lo.train("tagging", tmp_path / "walk.csv", runs=tmp_path, **options)
    file = run.export(tmp_path / "walk.onnx")
    assert file.contract.scores is not None and file.contract.scores["accuracy"] > 0.85
    found = file.predict(frame.drop("activity")).table
    assert found.height == 1000
    assert (found["tag"].to_numpy() == frame["activity"].to_numpy()).mean() > 0.85
    stream = lo.load(run.export(tmp_path / "walk-streaming.onnx", variant="streaming").path).stream()
    answers = [
        stream.push({"rows": row[None, None].astype(np.float32)})["tag"][0, 0] for row in frame[:60, :2].to_numpy()
    ]
    assert answers == found["tag"][:60].to_list()


def test_the_best_path_is_in_the_graph(tmp_path: Path) -> None:
    run = lo.train("tagging", runs=tmp_path / "runs", crf=True, count=200, **SMALL)
    file = run.export(tmp_path / "chain.onnx")
    assert {"Scan"} <= {node.op_type for node in onnx.load(file.path).graph.node}
    assert file.predict(["Ann met Bob ."]).table.height == 4
    with pytest.raises(UserError, match="use --no-crf"):
        run.export(tmp_path / "streaming.onnx", variant="streaming")


def test_words_never_seen_are_known_by_how_they_end(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    stems = ["".join(random.choice(list("bdfgklmnoprstuvz"), 5)) for _ in range(1000)]
    ends = random.choice(["ar", "eb", "i"], 1000)
    lines = [f"{stem}{end} {end.upper()}" for stem, end in zip(stems, ends, strict=True)]
    (tmp_path / "ends.conll").write_text("\n\n".join("\n".join(lines[k : k + 5]) for k in range(0, 1000, 5)) + "\n")
    options = {**SMALL, "epochs": 6, "letters": 9, "learning_rate": 0.01}
    run = lo.train("tagging", tmp_path / "ends.conll", runs=tmp_path / "runs", **options)
    scores = run.record.scores
    assert scores is not None
    assert scores["accuracy"] > 0.9 > 0.6 > scores.baselines["most frequent of the word"]["accuracy"]
    file = run.export(tmp_path / "ends.onnx", numeric=True)
    assert [(t.name, t.dims) for t in file.contract.inputs] == [
        ("tokens", ("batch", "word")),
        ("letters", ("batch", "word", "letter")),
        ("lengths", ("batch",)),
    ]
    with pytest.raises(UserError, match="letters"):
        lo.train("tagging", tmp_path / "ends.conll", runs=tmp_path / "runs", letters=101)
