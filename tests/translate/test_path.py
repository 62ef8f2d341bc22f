"""Translation: tables of two texts are read, translated in the graph, and scored beside simple answers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from lstm_onnx_translate.drawn import draw

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task

SMALL = {"epochs": 2, "threads": 1, "hidden": 8, "embedding": 8, "beam": 2}


def test_the_task_passes_what_plugins_must_pass(tmp_path: Path) -> None:
    file = check_task("translate", folder=tmp_path, hidden=8, count=150, beam=2)
    table = file.predict(["the third of March nineteen ninety", ""]).table
    assert table.columns == ["source", "target", "target_score"]
    scores = file.contract.scores
    assert scores is not None
    assert set(scores.model) == {"error_rate", "exact"}
    assert set(scores.baselines) == {"always the same", "the source itself", "nearest neighbour"}
    assert scores.baselines["nearest neighbour"]["error_rate"] < scores.baselines["always the same"]["error_rate"]


def test_dates_are_said_right() -> None:
    said, figures = draw(400, np.random.default_rng(0))
    known = dict(zip(said, figures, strict=True))
    assert all(date.fromisoformat(text) for text in figures)
    assert len({text.split()[0] for text in said}) > 20
    random = np.random.default_rng(0)
    assert draw(5, random) == draw(5, np.random.default_rng(0))
    twelfth = next(text for text in known if "twelfth" in text)
    assert known[twelfth].endswith("-12")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("word,phonemes\nab,AH B\nab,EY B\nb,B IY\n", {}),
        ("source,id,target\nab,1,AH B\nab,2,EY B\nb,3,B IY\n,4,B\n", {}),
        ("x,y\nab,AH B\nab,EY B\nb,B IY\n", {}),
        ("x,y,z\nAH B,q,ab\nEY B,q,ab\nB IY,q,b\n", {"source": "z", "target": "x"}),
    ],
)
def test_every_table_says_the_same(tmp_path: Path, content: str, options: dict[str, str]) -> None:
    (tmp_path / "a.csv").write_text(content)
    task = load_task("translate").task
    read = task.read(tmp_path / "a.csv", task.Config(**options), np.random.default_rng(0))
    assert list(read.columns["source"]) == ["ab", "b"]
    assert list(read.columns["target"]) == [["AH B", "EY B"], ["B IY"]]
    assert (read.options.source_units, read.options.target_units, read.options.longest) == ("characters", "words", 2)
    assert sorted(r.role for r in read.understood if r.role != "left out") == ["source", "target"]


@pytest.mark.parametrize(
    ("content", "options", "complaint"),
    [
        ("a,b,c\n1,2,3\n", {}, "cannot tell what is translated and what it becomes; name them with --source"),
        ("a,b\n1,2\n", {"target": "z"}, r"no column 'z' \(from --target\)"),
        ("a,b\nx,\n,y\n", {}, "no row has a text in both 'a' and 'b'"),
    ],
)
def test_wrong_data_is_told(tmp_path: Path, content: str, options: dict[str, str], complaint: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    task = load_task("translate").task
    with pytest.raises(UserError, match=complaint):
        task.load_data(tmp_path / "a.csv", task.Config(**options), 0)


def test_each_column_of_a_table_is_said(tmp_path: Path) -> None:
    rows = [f"{k},word {k},sound {k}" for k in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["number,source,target", *rows]) + "\n")
    task = load_task("translate").task
    told = {r.column: (r.role, r.kind) for r in task.load_data(tmp_path / "t.csv", task.Config(), 0).understood}
    assert told == {"number": ("left out", "number"), "source": ("source", "text"), "target": ("target", "text")}


def test_spellings_become_sounds(tmp_path: Path) -> None:
    """Characters in, words out: each letter has its sound, in both cases, and of two right answers either counts."""
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abcÄ"), size=random.integers(1, 5))) for _ in range(400)]
    sounds = {"a": "AH", "b": "B", "c": "K", "Ä": "EH"}
    rows = [f"{w},{' '.join(sounds[c] for c in w)}" for w in words]
    (tmp_path / "a.csv").write_text("word,phonemes\n" + "\n".join(rows) + "\naaa,AH\n")
    options = SMALL | {"epochs": 30, "hidden": 24, "learning_rate": 0.02, "batch_size": 16}
    run = lo.train("translate", tmp_path / "a.csv", runs=tmp_path, **options)
    file = run.export(tmp_path / "sounds.onnx")
    assert file.predict(["abÄ"]).outputs["target"].tolist() == ["AH B EH"]
    assert file.contract.inputs[0].dtype == "uint8"
    scores = file.contract.scores
    assert scores is not None
    assert scores.model["error_rate"] < 0.1 < scores.baselines["nearest neighbour"]["error_rate"]
