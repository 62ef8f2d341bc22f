"""Classes of pictures beside all other kinds of features: a table that names them, in a folder beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification import mixed, reading_texts

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Category, Image, LabelSet, Number, Rows, Text
from lstm_onnx.plugins.registry import load_task


@pytest.fixture(scope="module")
def classed(parts: Path) -> Path:
    """A row a step, with a class and two flags for each case."""
    side = pl.when(pl.col("site") == "n").then(pl.lit("left")).otherwise(pl.lit("right"))
    flags = [(pl.col("age") > 3).cast(pl.Int64).alias("old"), (pl.col("area") > 40).cast(pl.Int64).alias("big")]
    frame = pl.read_csv(parts).with_columns(*flags, label=side).drop("area", "edge")
    frame.write_csv(parts.parent / "classed.csv")
    return parts.parent / "classed.csv"


def test_five_kinds_of_features_go_in(classed: Path) -> None:
    task = load_task("classification").task
    data = task.load_data(classed, task.Config(size=16, ignore=("old", "big")), 0)
    kinds = {f.name: type(f) for f in data.info.inputs}
    assert kinds == {"steps": Rows, "note": Text, "site": Category, "age": Number, "photo": Image}
    assert data.info.outputs[0].levels == ("left", "right")
    assert set(data.baselines) == {"nearest neighbour"}
    config = data.config
    assert (config.image, config.text, config.sequence, config.label) == (("photo",), ("note",), ("case",), "label")
    again = task.load_again(classed, config, 0, data.info)
    np.testing.assert_array_equal(next(again.test.batches(9))["photo"], next(data.test.batches(9))["photo"])


def test_pictures_are_told_apart(sides_run: lo.Run, told_sides: Path, sides: Path) -> None:
    scores = lo.load(told_sides).require_contract().scores
    assert scores is not None
    assert scores["accuracy"] == 1
    assert set(scores.baselines) == {"majority", "nearest neighbour"}
    assert scores.baselines["majority"]["accuracy"] < 0.8
    photos = sides.parent / "photos"
    table = lo.load(told_sides).predict([photos / "p0.png", photos / "p1.png"]).table
    assert table["label"].to_list() == ["left", "right"]
    pl.DataFrame({"photo": ["p2.png", "p3.png"], "label": ["left", "up"]}).write_csv(sides.parent / "new.csv")
    other = lo.evaluate(sides_run, sides.parent / "new.csv")
    assert other.scores["accuracy"] == 0.5
    assert any("never learnt" in note and "'up' (1)" in note for note in other.notes)


def test_the_task_draws_pictures_of_examples(told_sides: Path, sides: Path) -> None:
    found = lo.load(told_sides).predict(sides)
    task = load_task("classification").task
    figure = task.plots(lo.load(told_sides).require_contract(), found.inputs, found.outputs)["examples"]
    assert any(axes.images for axes in figure.axes)
    assert found.table["picture"].to_list()[:2] == ["p0.png", "p1.png"]  # what a person knows an example by
    assert "photo" not in found.table.columns  # the same names again
    assert "photo" not in lo.load(told_sides).predict(sides, keep=["all"]).table.columns


def test_a_table_is_read_once_to_learn_in_the_encoding_that_is_said(
    sides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What names the pictures is read again for their fingerprint, as all files are."""
    path = sides.parent / "grün.csv"
    text = pl.read_csv(sides).with_columns(pl.lit("grün").alias("colour")).write_csv()
    path.write_bytes(text.encode("latin-1"))
    task = load_task("classification").task
    read: list[Path] = []
    for module in (mixed, reading_texts):
        real = module.read_encoded
        monkeypatch.setattr(module, "read_encoded", lambda p, *a, real=real: read.append(p) or real(p, *a))
    data = task.load_data(path, task.Config(size=16, encoding="latin-1"), 0)
    assert read == [path]
    assert sides.parent / "photos" / "p0.png" in task.data_files(path, data.config)
    assert read == [path, path]


def test_several_classes_beside_pictures(classed: Path) -> None:
    task = load_task("classification").task
    config = task.Config(flags=("old", "big"), ignore=("label",), size=16, number=("age",))
    data = task.load_data(classed, config, 0)
    label = data.info.outputs[0]
    assert isinstance(label, LabelSet)
    assert label.levels == ("big", "old")
    assert set(data.baselines) == {"nearest neighbour"}
    assert len(data.train) + len(data.validation or ()) + len(data.test) == 24


def test_texts_beside_sequences_and_several_texts(classed: Path) -> None:
    task = load_task("classification").task
    left = ("photo", "old", "big", "site", "age")
    data = task.load_data(classed, task.Config(text="note", sequence="case", ignore=left), 0)
    assert {f.name: type(f) for f in data.info.inputs} == {"steps": Rows, "note": Text}
    frame = pl.read_csv(classed).with_columns(title=pl.lit("a small part")).unique("case", maintain_order=True)
    frame.select("note", "title", "label").write_csv(classed.parent / "texts.csv")
    several = task.load_data(classed.parent / "texts.csv", task.Config(text=("note", "title")), 0)
    assert [type(f) for f in several.info.inputs] == [Text, Text]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"pooling": ("last",)}, "--pooling: is for sequences or texts alone, and here other columns go in beside"),
        ({"image": ("foto",)}, r"no column 'foto' \(from --image\).*did you mean 'photo'"),
        ({"label": "photo", "image": ("photo",)}, "'photo' is asked for by --label and --image"),
        ({"label": "flow"}, "column 'flow': found '.*', and rows of the sequence 'c0' before it have another"),
        ({"classes": ("left", "up")}, r"row 5: the class 'right' is none of those that are given"),
    ],
)
def test_wrong_roles_are_told(classed: Path, options: dict[str, object], complaint: str) -> None:
    task = load_task("classification").task
    with pytest.raises(UserError, match=complaint):
        task.load_data(classed, task.Config(**options), 0)


def test_what_is_no_table_names_no_pictures() -> None:
    task = load_task("classification").task
    with pytest.raises(UserError, match="the bundled data: --image names columns, and this is no table"):
        task.load_data(None, task.Config(image=("photo",)), 0)


def test_a_column_of_pictures_may_be_left_out(classed: Path) -> None:
    """Then a table of texts is one as ever."""
    frame = pl.read_csv(classed).unique("case", maintain_order=True).select("photo", "note", "label")
    frame.with_columns(photo=pl.col("photo").str.replace("p", "gone")).write_csv(classed.parent / "gone.csv")
    task = load_task("classification").task
    with pytest.raises(UserError, match=r"column 'photo': found 'gone0.png', and there is no such picture .*--ignore"):
        task.load_data(classed.parent / "gone.csv", task.Config(), 0)
    for options in ({"ignore": ("photo",)}, {"text": "note"}):
        data = task.load_data(classed.parent / "gone.csv", task.Config(**options), 0)
        assert [f.name for f in data.info.inputs] == ["text"]
