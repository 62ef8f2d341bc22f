"""Every reader of labelled sequences and texts, and every refusal in its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.examples import RawExamples
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading import read

from lstm_onnx.contract import Table
from lstm_onnx.errors import UserError

TS = "@univariate {}\n@classLabel true a b\n@data\n"
ONE, MANY = TS.format("true"), TS.format("false")


def written(folder: Path, content: str | bytes, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


SKIP = "leave such rows out with --on-missing skip (evaluate: --set on_missing=skip)"


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(source, Config(**options))
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{source.parent}/", "")


def lists(found: RawExamples) -> list[Any]:
    return [item if isinstance(item, str) else item.tolist() for item in found.examples.items]


# .ts files


def test_a_ts_pair_is_found_by_either_name(tmp_path: Path) -> None:
    train = written(tmp_path, MANY + "1,2:3,4:a\n5:6:b", "X_TRAIN.ts")
    written(tmp_path, MANY + "7:8:b", "X_TEST.ts")
    for source in (train, tmp_path):
        found = read(source, Config())
        assert lists(found) == [[[1, 3], [2, 4]], [[5, 6]], [[7, 8]]]
        assert found.examples.labels == ["a", "b", "b"]
        assert found.examples.places == [f"{train}: line 4", f"{train}: line 5", f"{tmp_path / 'X_TEST.ts'}: line 4"]
        assert found.parts == ("train", "train", "test")
        assert found.channels == ("channel 1", "channel 2")
        assert found.table == Table(series="sequence")
        assert found.named == ("a", "b")
        assert found.notes == ("test examples of X_TEST.ts",)


def test_a_ts_file_alone_is_not_split(tmp_path: Path) -> None:
    found = read(written(tmp_path, ONE + "1,2:a\n5:b", "X.ts"), Config())
    assert found.parts is None
    assert found.channels == ("value",)
    assert found.table == Table(steps=True, series="id", others=("label", "class", "target", "category"))


def test_the_test_file_may_lie_beside_or_anywhere(tmp_path: Path) -> None:
    train = written(tmp_path, ONE + "1:a\n2:b", "X.ts")
    other = written(tmp_path, ONE + "3:b", "deep/other.ts")
    for test_file in (str(other), "deep/other.ts"):
        assert read(train, Config(test_file=test_file)).parts == ("train", "train", "test")
    said = "nowhere.ts: no such file (from --test-file); check the spelling and the folder"
    assert refusal(train, test_file="nowhere.ts") == said


@pytest.mark.parametrize("train, test, options, said", [
    (ONE + "1:a\n2:b", MANY + "1:2:a", {},
     "X_TEST.ts: has 2 channels, and X_TRAIN.ts has 1; give files with the same channels"),
    (ONE.replace("true a b", "false") + "1\n2", "", {},
     "X_TRAIN.ts: has no classes ('@classLabel false'); give a file with them to learn from"),
    (ONE.replace("classLabel true a b", "targetLabel true") + "1:0.5", "", {},
     "X_TRAIN.ts: has numbers to predict (@targetLabel), and classes are needed (@classLabel)"),
    (ONE + "1:a", "", {"group": "who"},
     "X_TRAIN.ts: has no columns, so there is none for --group; leave it out, or give a table"),
    (ONE + "1:a", "", {"split": "part"},
     "X_TRAIN.ts: has no columns, so there is none for --split; leave it out, or give a table"),
])  # fmt: skip
def test_ts_files_are_refused(tmp_path: Path, train: str, test: str, options: Any, said: str) -> None:
    source = written(tmp_path, train, "X_TRAIN.ts")
    if test:
        written(tmp_path, test, "X_TEST.ts")
    assert refusal(source, **options) == said


def test_a_folder_must_hold_one_pair(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    written(folder, ONE, "X_TRAIN.ts")
    assert refusal(folder) == (
        "set: holds 0 pairs of X_TRAIN.ts and X_TEST.ts (X_TRAIN.ts); give the file to learn from"
    )


# tables of sequences


def test_a_long_table_is_found_by_its_columns(tmp_path: Path) -> None:
    text = "ID,Step,x,y,Label,remark\n1,2,4,5,up,p\n1,1,2,3,up,q\n2,1,,7,down,r\n"
    found = read(written(tmp_path, text, "t.csv"), Config())
    assert [item[~np.isnan(item)].tolist() for item in found.examples.items] == [[2, 3, 4, 5], [7]]  # type: ignore
    assert found.examples.labels == ["up", "down"]
    assert found.examples.places == [f"{tmp_path / 't.csv'}: row 2", f"{tmp_path / 't.csv'}: row 4"]
    assert found.channels == ("x", "y")
    assert found.table == Table(time="Step", series="ID", others=("Label",))
    assert found.notes == (
        "a row is a step: 'ID' tells sequences apart, steps in the order of 'Step', channels 'x', 'y'",
        "not used: 'remark'",
        "sorted by 'Step': 1 row stood after a later one",
    )
    assert found.config == Config(label="Label", sequence="ID", time="Step", channels=("x", "y"), decimal=".")


def test_a_long_table_by_options(tmp_path: Path) -> None:
    frame = {"who": ["a", "a", "b"], "kind": [1.0, 1.0, 2.0], "u": [1, 2, 3], "v": [4, 5, 6], "at": [1, 2, 1]}
    pl.DataFrame(frame).write_parquet(tmp_path / "t.parquet")
    config = Config(sequence="who", group="who", label="kind", channels=("v",))
    found = read(tmp_path / "t.parquet", config)
    assert lists(found) == [[[4], [5]], [[6]]]
    assert found.examples.labels == ["1", "2"]
    assert found.examples.groups == ["a", "b"]
    assert found.table == Table(series="who", others=("kind",))
    assert found.notes == (
        "a row is a step: 'who' tells sequences apart, steps in the order in which they stand, channels 'v'",
        "not used: 'u', 'at'",
    )


def test_a_channel_that_was_asked_for_is_no_clock(tmp_path: Path) -> None:
    source = written(tmp_path, "id,label,t,x\n1,a,5,1\n1,a,5,2\n2,b,5,3\n", "t.csv")
    found = read(source, Config(channels=("t", "x")))
    assert lists(found) == [[[5, 1], [5, 2]], [[5, 3]]]
    assert found.table == Table(series="id", others=("label",))
    assert refusal(source) == (
        "t.csv: row 3, column 't': repeats the time 5 of row 2 of sequence '1'; leave one row for each time"
    )


def test_a_wide_table_is_what_nothing_tells_apart(tmp_path: Path) -> None:
    text = "id,class,a,b,c,note\n7,x,1,2,3,p\n8,y,4,,,q\n"
    found = read(written(tmp_path, text, "t.csv"), Config())
    assert lists(found) == [[[1], [2], [3]], [[4]]]
    assert found.channels == ("value",)
    assert found.table == Table(steps=True, series="id", others=("class", "note"))
    assert found.notes == ("a row is a sequence of one channel: 3 steps, columns 'a' to 'c'", "not used: 'note'")
    assert found.config == Config(label="class", decimal=".")
    assert {r.column: r.role for r in found.understood} == {
        "id": "sequence", "class": "label", "a": "step", "b": "step", "c": "step", "note": "left out",
    }  # fmt: skip


def waves(names: str, others: str) -> str:
    """A table with a row for each of 12 sequences: steps of these names, after other columns."""
    random = np.random.default_rng(0)
    rows = [
        f"{50 + i},{'ab'[i % 2]},{others.split('=')[1]},{','.join(f'{v:.3f}' for v in random.normal(size=8))}"
        for i in range(12)
    ]
    return f"customer,label,{others.split('=')[0]},{names}\n" + "\n".join(rows) + "\n"


def test_ids_and_columns_of_another_kind_are_no_steps(tmp_path: Path) -> None:
    numbered = ",".join(f"s{k}" for k in range(8))
    found = read(written(tmp_path, waves(numbered, "age=40"), "t.csv"), Config())
    assert [len(item) for item in found.examples.items] == [8] * 12
    assert {r.column: (r.role, r.odd) for r in found.understood if r.role == "left out"} == {
        "customer": ("left out", "is not numbered like 's0'"), "age": ("left out", "is not numbered like 's0'"),
    }  # fmt: skip
    unnumbered = ",".join("abcdefgh")
    found = read(written(tmp_path, waves(unnumbered, "income=250000"), "t.csv"), Config())
    assert [len(item) for item in found.examples.items] == [8] * 12
    odd = {r.column: r.odd for r in found.understood if r.role == "left out"}
    assert odd["customer"] == "counts the rows, from 50 on"
    assert (odd["income"] or "").startswith("is of another size than the other columns (about 2.5e+05")
    mixed = ",".join(f"s{k}" for k in (0, 1, 10, 11, 2, 3, 4, 5)).replace("10", "6").replace("11", "7")
    found = read(written(tmp_path, waves(mixed, "age=40"), "t.csv"), Config())
    assert "steps are taken in the order of their numbers, 's0' to 's7'" in found.notes


def test_names_that_begin_anew_are_told_apart_by_both_columns(tmp_path: Path) -> None:
    rows = [f"p{s},{t},{k},{'ab'[s % 2]}" for s in range(4) for t in range(3) for k in range(5)]
    text = "subject,trial,x,label\n" + "\n".join(rows) + "\n"
    assert "12 recordings have 3 names in 'trial', which begins anew with each 'subject'" in refusal(
        written(tmp_path, text, "t.csv")
    )


def test_archives_without_a_header_are_read(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = ["\t".join([str(1 + i % 2), *(f"{v:.4f}" for v in random.normal(size=6)), "NaN"]) for i in range(12)]
    found = read(written(tmp_path, "\n".join(rows) + "\n", "t.tsv"), Config())
    assert (len(found.examples), found.examples.labels[:2]) == (12, ["1", "2"])
    assert [len(item) for item in found.examples.items] == [6] * 12
    assert found.config is not None
    assert found.config.header == ("label", *map(str, range(7)))


def test_the_steps_of_a_wide_table_can_be_chosen(tmp_path: Path) -> None:
    source = written(tmp_path, "label,a,b,c,d\nx,1,2,3,4\ny,5,6,7,8\n", "train.csv")
    written(tmp_path, "label,a,b,c,d\ny,5,6,7,9\n", "test.csv")
    found = read(source, Config(channels=("b", "c", "d")))
    assert lists(found) == [[[2], [3], [4]], [[6], [7], [8]], [[6], [7], [9]]]
    assert found.table == Table(steps=True, others=("label", "a"))
    assert found.parts == ("train", "train", "test")


def test_a_column_may_say_the_part(tmp_path: Path) -> None:
    text = "label,split,a,b,c\nx,train,1,2,3\ny,Test,4,5,6\nx,dev,4,5,6\n"
    found = read(written(tmp_path, text, "t.csv"), Config())
    assert found.parts == ("train", "test", "validation")
    assert found.notes[0] == "column 'split' says which part an example belongs to"
    assert found.config == Config(label="label", decimal=".")
    long = "id,label,part,a\n1,x,train,1\n1,x,train,1\n2,y,test,3\n"
    assert read(written(tmp_path, long, "l.csv"), Config(split="part")).parts == ("train", "test")


@pytest.mark.parametrize("text, options, said", [
    ("a,b,c,d\n1,2,3,4\n", {},
     "no column is called label, class, target or category; name the one that holds the class with --label; there is: "
     "a, b, c, d"),
    ("a,b,c,d\n1,2,3,4\n", {"label": "e"}, "there is no column 'e' (from --label); there is: a, b, c, d"),
    ("label,a,b,c\nx,1,2,3\n", {"channels": ("a", "label"), "label": "label"},
     "column 'label' is asked for by --label and --channels; it can be one"),
    ("label,a,b\nx,1,2\n", {},
     "found no texts, and no more than 2 columns of numbers beside 'label'; name the column of texts with --text, or, "
     "if each row is a step, the one that tells sequences apart with --sequence"),
    ("label,time,a,b,c\nx,1,2,3,4\ny,2,2,3,4\n", {},
     "column 'time' orders steps, and nothing tells which sequence a row belongs to; name that column with --sequence; "
     "one long recording is cut into windows with --windows 100 (rows) or --windows 4s"),
    ("id,label,a\n1,x,up\n1,x,up\n", {},
     "no column of numbers is left to learn from; column 'a' holds names ('up'): give a column for each name, with 1 "
     "and 0, in its place"),
    ("id,label,a\n1,x,1\n1,y,2\n", {},
     "row 3, column 'label': found 'y', and rows of sequence '1' before it have 'x'; it must be the same in all rows "
     "of a sequence: cut long recordings into windows with --windows 100 (rows) or --windows 4s"),
    ("id,label,a\n1,,1\n1,,2\n2,x,1\n", {},
     "row 2, column 'label': the class is missing; fill it in, delete the row, or " + SKIP),
    ("label,a,b,c\nx,1,2,3\n,1,2,3\n,1,2,3\n", {},
     "row 3, column 'label': the class is missing (and in 1 more); fill it in, delete the row, or " + SKIP),
    ("label,g,a,b,c\nx,p,1,2,3\ny,,1,2,3\n", {"group": "g"},
     "row 3, column 'g': the group is missing; fill it in or delete the row"),
    ("label,a,b,c\nx,1,2,3\ny,,,\n", {},
     "row 3: has no value in the columns 'a' to 'c', and a sequence needs one step at least; fill them in, or delete "
     "the row"),
    ("label,part,a,b,c\nx,train,1,2,3\ny,later,1,2,3\n", {"split": "part"},
     "row 3, column 'part': found 'later' as the part of the data, and it must say train, validation or test"),
    ("label,a,b,c\nx,1,2,3\ny,1,two,3\ny,1,2,3\n", {},
     "row 3, column 'b': found 'two' where a number is needed; correct it, or leave the cell empty if the value is not "
     "known"),
])  # fmt: skip
def test_tables_of_sequences_are_refused(tmp_path: Path, text: str, options: Any, said: str) -> None:
    assert refusal(written(tmp_path, text, "t.csv"), **options).removeprefix("t.csv: ") == said


# .npz files


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "x.npz", **{name: np.asarray(a) for name, a in arrays.items()})
    return folder / "x.npz"


def test_npz_files_hold_arrays_by_name(tmp_path: Path) -> None:
    source = npz(
        tmp_path, values=np.arange(12).reshape(2, 3, 2), lengths=[2, 3], labels=[1.0, 2.0], who=["p", "q"],
        test_values=np.ones((1, 1, 2)), test_labels=[b"2"], test_who=["r"],
        validation_values=np.zeros((1, 2, 2)), validation_labels=[1], validation_who=["s"], channels=["u", "v"],
    )  # fmt: skip
    found = read(source, Config(group="who"))
    assert lists(found) == [[[0, 1], [2, 3]], [[6, 7], [8, 9], [10, 11]], [[0, 0], [0, 0]], [[1, 1]]]
    assert found.examples.labels == ["1", "2", "1", "2"]
    assert found.examples.groups == ["p", "q", "s", "r"]
    assert found.examples.places[3] == f"{source}: test_values[0]"
    assert found.parts == ("train", "train", "validation", "test")
    assert found.channels == ("u", "v")


def test_npz_files_of_one_channel_need_no_axis_for_it(tmp_path: Path) -> None:
    found = read(npz(tmp_path, values=[[1.0, np.inf], [3, 4]], labels=["a", "b"]), Config())
    assert found.examples.items[0].shape == (2, 1)  # type: ignore[union-attr]
    assert np.isnan(found.examples.items[0][1, 0])  # type: ignore[index]
    assert (found.channels, found.parts) == (("value",), None)


@pytest.mark.parametrize("arrays, options, said", [
    ({"labels": ["a"]}, {}, "has no array 'values'; there is: labels"),
    ({"values": [[1, 2]]}, {}, "has no array 'labels'; there is: values"),
    ({"values": [1, 2], "labels": ["a", "b"]}, {},
     "'values' is int64 (2,), and must be numbers of shape (example, time, channel)"),
    ({"values": [["1"]], "labels": ["a"]}, {},
     "'values' is <U1 (1, 1), and must be numbers of shape (example, time, channel)"),
    ({"values": np.ones((2, 0, 3)), "labels": ["a", "b"]}, {},
     "'values' has the shape (2, 0, 3); give one example, step and channel at least"),
    ({"values": np.ones((2, 2)), "labels": ["a"]}, {},
     "'labels' is <U1 (1,), and must be text or numbers of shape (2,)"),
    ({"values": np.ones((2, 2)), "labels": ["a", ""]}, {},
     "labels[1] is empty; fill it in, or leave the example out"),
    ({"values": np.ones((2, 2)), "labels": ["a", "b"], "lengths": [2.0, 1.0]}, {},
     "'lengths' is float64 (2,), and must be whole numbers of shape (2,)"),
    ({"values": np.ones((3, 2)), "labels": ["a", "b", "b"], "lengths": [2, 0, 3]}, {},
     "lengths[1] is 0 (and 1 more are out of bounds), and a length must be from 1 to 2; correct it, or leave the "
     "example out"),
    ({"values": np.ones((1, 2, 2)), "labels": ["a"], "test_values": np.ones((1, 2, 3)), "test_labels": ["a"]}, {},
     "test_values[0]: has 3 channels, and 'values' has 2; give all the same"),
    ({"values": np.ones((1, 2, 2)), "labels": ["a"], "channels": ["u"]}, {},
     "'channels' has 1 names for 2 channels; name each once"),
    ({"values": np.ones((1, 2, 2)), "labels": ["a"]}, {"group": "who"},
     "has no array 'who'; there is: values, labels"),
    ({"values": np.ones((1, 2, 2)), "labels": ["a"]}, {"split": "part"},
     "has no columns, so there is none for --split; give the test examples as 'test_values' and 'test_labels'"),
])  # fmt: skip
def test_npz_files_are_refused(tmp_path: Path, arrays: Any, options: Any, said: str) -> None:
    assert refusal(npz(tmp_path, **arrays), **options).removeprefix("x.npz: ") == said


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    source = npz(tmp_path, values=np.array([{"a": 1}], dtype=object), labels=["a"])
    assert refusal(source).startswith("x.npz: is no .npz file of plain arrays (Object arrays cannot be loaded")


# texts


@pytest.mark.parametrize("name, text", [
    ("t.csv", 'id,words,label\n1,"a fine, old film",good\n2,so very bad,bad\n'),
    ("t.tsv", "id\twords\tlabel\n1\ta fine, old film\tgood\n2\tso very bad\tbad\n"),
    ("t.jsonl", '{"words": "a fine, old film", "label": "good"}\n{"words": "so very bad", "label": "bad"}\n'),
    ("t.json", '[{"words": "a fine, old film", "label": "good"}, {"words": "so very bad", "label": "bad"}]'),
])  # fmt: skip
def test_texts_of_a_table_are_found(tmp_path: Path, name: str, text: str) -> None:
    found = read(written(tmp_path, text, name), Config())
    assert lists(found) == ["a fine, old film", "so very bad"]
    assert found.examples.labels == ["good", "bad"]
    assert (found.column, found.channels, found.table) == ("words", (), Table(others=("label",)))
    assert found.notes == ("texts of column 'words', classes of column 'label'",)
    assert found.config == Config(label="label", text="words")


def test_a_column_called_text_is_it_however_short(tmp_path: Path) -> None:
    found = read(written(tmp_path, "Text,title of it,label\nfine,an old one,1\nbad,a new one,0\n", "t.csv"), Config())
    assert lists(found) == ["fine", "bad"]


def test_options_decide_between_columns(tmp_path: Path) -> None:
    text = "a,b,stars,who,part\none two,three four,5,p,train\nfive six,seven eight,1,q,test\n"
    options = {"text": "b", "label": "stars", "group": "who", "split": "part"}
    found = read(written(tmp_path, text, "t.csv"), Config(**options))
    assert lists(found) == ["three four", "seven eight"]
    assert found.examples.labels == ["5", "1"]
    assert found.examples.groups == ["p", "q"]
    assert found.parts == ("train", "test")
    assert found.table == Table(others=("stars", "who", "part"))


def test_texts_in_other_encodings(tmp_path: Path) -> None:
    source = written(tmp_path, "text,label\ncafé au lait,x\n".encode("latin-1"), "t.csv")
    assert lists(read(source, Config(encoding="latin-1"))) == ["café au lait"]
    wide = written(tmp_path, "text,label\ncafé au lait,x\n".encode("utf-16"), "u.csv")
    assert lists(read(wide, Config(encoding="utf-16"))) == ["café au lait"]
    marked = written(tmp_path, b"\xef\xbb\xbftext,label\nfine,x\n", "m.csv")
    assert lists(read(marked, Config())) == ["fine"]
    assert refusal(source) == (
        "t.csv: row 2: is not UTF-8 text (found the byte 0xe9); give the encoding that it has with "
        "--encoding, such as latin-1, or save it as UTF-8"
    )
    assert refusal(source, encoding="latin1000") == (
        "--encoding 'latin1000' is not known; give one such as utf-8, latin-1 or cp1252"
    )
    broken = written(tmp_path, "text,label\ncafé,x,y\n".encode("latin-1"), "b.csv")
    assert refusal(broken, encoding="latin-1").startswith("b.csv: row 2: has 3 cells where the header has 2")


@pytest.mark.parametrize("text, options, said", [
    ("a,b,label\none two,three four,x\n", {}, "the columns 'a' and 'b' hold texts; choose one with --text"),
    ("words,a,b,c,label\none two,1,2,3,x\n", {},
     "column 'words' holds texts, and 3 columns hold numbers; to classify the texts give --text 'words', to classify "
     "the numbers leave that column out"),
    ("text,label\nfine,x\n  ,y\n,y\n", {},
     "row 3, column 'text': the text is empty (and in 1 more rows); fill it in, delete the row, or " + SKIP),
    ("text,label\nfine,\n", {}, "row 2, column 'label': the class is missing; fill it in, delete the row, or " + SKIP),
    ("text,label\nfine,x\n", {"text": "txt"}, "there is no column 'txt' (from --text); did you mean 'text'?"),
    ("text,label\nfine,x\n", {"group": "who"}, "there is no column 'who' (from --group); there is: label, text"),
])  # fmt: skip
def test_tables_of_texts_are_refused(tmp_path: Path, text: str, options: Any, said: str) -> None:
    assert refusal(written(tmp_path, text, "t.csv"), **options).removeprefix("t.csv: ") == said


def test_cells_must_not_be_lists(tmp_path: Path) -> None:
    lists_as_labels = written(tmp_path, '{"text": "some words", "label": ["a", "b"]}', "t.jsonl")
    assert refusal(lists_as_labels) == (
        "t.jsonl: row 1, column 'label': a list of 2 labels, and one label (class) is needed for each example; leave "
        "the others out"
    )
    none = written(tmp_path, '{"text": "some words", "label": []}', "v.jsonl")
    assert refusal(none).startswith("v.jsonl: row 1, column 'label': the class is missing; fill it in")
    lists_as_texts = written(tmp_path, '{"text": ["some words"], "label": "a"}', "u.jsonl")
    assert refusal(lists_as_texts, text="text") == (
        "u.jsonl: column 'text' holds a list in each cell, where text is needed; choose another"
    )


# folders


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for name, text in (("good/1.txt", "fine"), ("good/deep/2.txt", "nice"), ("bad/1.txt", "poor"), ("bad/x.md", "")):
        written(folder, text, name)
    found = read(folder, Config())
    assert lists(found) == ["poor", "fine", "nice"]
    assert found.examples.labels == ["bad", "good", "good"]
    assert found.examples.places[0] == str(folder / "bad" / "1.txt")
    assert (found.parts, found.table, found.column, found.named) == (None, None, "text", ("bad", "good"))
    assert found.notes == ("passed over 1 files that do not end in .txt",)


def test_train_and_test_may_stand_above_the_classes(tmp_path: Path) -> None:
    for name in ("train/a/1.txt", "train/b/2.txt", "test/a/3.txt", "valid/a/4.txt"):
        written(tmp_path / "set", name, name)
    found = read(tmp_path / "set", Config())
    assert sorted(zip(found.parts or (), lists(found), strict=True)) == [
        ("test", "test/a/3.txt"),
        ("train", "train/a/1.txt"),
        ("train", "train/b/2.txt"),
        ("validation", "valid/a/4.txt"),
    ]
    assert found.named == ("a", "b")


@pytest.mark.parametrize("files, options, said", [
    ({"a/1.txt": " "}, {}, "set/a/1.txt: is empty; write the text into it, or delete the file"),
    ({"a/1.txt": "caf\udce9"}, {},
     "set/a/1.txt: row 1: is not UTF-8 text (found the byte 0xe9); give the encoding that it has with "
     "--encoding, such as latin-1, or save it as UTF-8"),
    ({"1.txt": "x"}, {}, "set: holds no folder with .txt files; give a folder for each class, or a file"),
    ({"train/a/1.txt": "x", "other/a/1.txt": "x"}, {},
     "set/other: stands beside train; move it, as it is no part of the data"),
    ({"a/1.txt": "x"}, {"group": "who"},
     "set: is a folder and has no columns, so there is none for --group; leave it out"),
])  # fmt: skip
def test_folders_are_refused(tmp_path: Path, files: Any, options: Any, said: str) -> None:
    for name, text in files.items():
        written(tmp_path / "set", text.encode("utf-8", "surrogateescape"), name)
    assert refusal(tmp_path / "set", **options) == said


def test_the_test_examples_of_a_folder_are_a_folder(tmp_path: Path) -> None:
    written(tmp_path / "set", "fine words", "a/1.txt")
    written(tmp_path / "other", "more words", "a/1.txt")
    written(tmp_path, "x", "t.txt")
    found = read(tmp_path / "set", Config(test_file="other"))
    assert (lists(found), found.parts) == (["fine words", "more words"], ("train", "test"))
    assert refusal(tmp_path / "set", test_file="t.txt") == (
        "t.txt: is a file (from --test-file), and set is a folder; give both alike"
    )


def test_what_is_not_there_or_not_read_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "x", "table.csv")
    assert refusal(tmp_path / "tabel.csv") == "tabel.csv: no such file or folder; did you mean 'table.csv'?"
    assert refusal(written(tmp_path, "x", "t.xlsx")) == (
        "t.xlsx: files of type '.xlsx' are not read; use one of .ts, .npz, .csv, .tsv, .txt, .parquet, .pq, .jsonl, "
        ".ndjson, .json, .arff"
    )


def test_test_examples_come_from_one_place(tmp_path: Path) -> None:
    text = "label,split,a,b,c\nx,train,1,2,3\ny,test,4,5,6\n"
    source = written(tmp_path, text, "train.csv")
    written(tmp_path, text, "test.csv")
    assert read(source, Config()).parts == ("train", "test")
    assert refusal(source, test_file="test.csv") == (
        "train.csv: has test examples of its own, and --test-file gives others; leave one out"
    )
