"""Splits of labelled examples: who goes where, what is noted, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.data import bundled
from lstm_onnx_classification.labels import label_notes
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading import files_of

from lstm_onnx.data.parts import cut
from lstm_onnx.errors import UserError
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.remarks import in_order
from lstm_onnx.features.split import FeatureSplit
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import TaskData

TASK = load_task("classification").task


def table(folder: Path, rows: list[tuple[Any, ...]], columns: str = "label text", name: str = "t.csv") -> Path:
    path = folder / name
    pl.DataFrame(rows, schema=columns.split(), orient="row").write_csv(path)
    return path


def texts(folder: Path, counts: dict[str, int], name: str = "t.csv") -> Path:
    rows = [(label, f"{label} number {i}") for label, count in counts.items() for i in range(count)]
    return table(folder, rows, name=name)


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        load(source, Config(**options))
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{source.parent}/", "")


def load(source: Path | None, config: Config, seed: int = 0) -> TaskData[Learnt]:
    return TASK.load_data(source, config, seed)


def items(part: Any) -> list[Any]:
    """Texts, or sequences."""
    assert isinstance(part, FeatureSplit)
    return [row[0] if isinstance(row, tuple) else row for row in part.inputs[0][1]]


def labels(part: Any) -> list[str]:
    assert isinstance(part, FeatureSplit)
    feature, rows = part.outputs[0]
    return [feature.levels[k] for k in rows]  # type: ignore[attr-defined]


def parts(data: TaskData[Learnt]) -> list[Any]:
    return [part for part in (data.train, data.validation, data.test) if part is not None]


def notes(data: TaskData[Learnt]) -> tuple[str, ...]:
    """All but what is said where a baseline is left out, for which something may not be installed."""
    return tuple(note for note in data.notes if "baseline" not in note)


def test_every_example_is_in_one_part(tmp_path: Path) -> None:
    data = load(texts(tmp_path, {"a": 50, "b": 30, "c": 20}), Config(validation_share=0.15))
    assert [len(part) for part in parts(data)] == [68, 12, 20]
    assert len({text for part in parts(data) for text in items(part)}) == 100
    assert data.summary == (
        "100 texts of 3 classes: 68 to learn from, 12 to validate, 20 to test (test and validation drawn)"
    )
    chosen = {
        "convolutions": (),
        "random_convolutions": 0,
        "patch": 1,
        "smoothing": 0.0,
        "scaling": "global",
        "tf_idf": (1,),
        "tf_idf_places": 2**18,
        "validation_share": 0.15,
    }
    assert data.config == Config(label="label", text="text", classes=("a", "b", "c"), cut="words", **chosen)
    assert data.info.names == ("text", "label")
    for part in parts(data):
        for text, label in zip(items(part), labels(part), strict=True):
            assert text.startswith(f"{label} number")


def test_splits_are_stratified(tmp_path: Path) -> None:
    loaded = load(texts(tmp_path, {"a": 50, "b": 30, "c": 20}), Config(validation_share=0.15), 0)
    assert Counter(labels(loaded.test)) == {"a": 10, "b": 6, "c": 4}
    assert loaded.validation is not None
    assert Counter(labels(loaded.validation)) == {"a": 6, "b": 4, "c": 2}


def test_splits_follow_the_seed_alone(tmp_path: Path) -> None:
    source = texts(tmp_path, {"a": 50, "b": 30})
    first, again, other = (load(source, Config(), seed) for seed in (3, 3, 4))
    assert items(first.test) == items(again.test)
    assert items(first.train) == items(again.train)
    assert items(first.test) != items(other.test)


def test_shares_can_be_chosen(tmp_path: Path) -> None:
    source = texts(tmp_path, {"a": 50, "b": 50})
    loaded = load(source, Config(test_share=0.5, validation_share=0), 0)
    assert loaded.validation is None
    assert (len(loaded.train), len(loaded.test)) == (50, 50)


def test_small_classes_keep_an_example_to_learn_from(tmp_path: Path) -> None:
    loaded = load(texts(tmp_path, {"a": 40, "rare": 3, "rarer": 2, "rarest": 1}), Config(validation_share=0.15), 0)
    assert [Counter(labels(part))["rare"] for part in parts(loaded)] == [2, 0, 1]
    assert [Counter(labels(part))["rarer"] for part in parts(loaded)] == [2, 0, 0]
    assert [Counter(labels(part))["rarest"] for part in parts(loaded)] == [1, 0, 0]
    assert notes(loaded)[1].startswith("class 'rarest' is rare, 1 of 46 examples: ")
    assert notes(loaded)[2:] == (
        "no example in the validation part: label 'rare', 'rarer', 'rarest'",
        "no example in the test part: label 'rarer', 'rarest'",
        "one example alone to learn from: label 'rarest'",
    )


def test_the_cut_holds_its_share_whatever_the_classes() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        labels = [str(k) for k in random.integers(0, random.integers(2, 9), size=random.integers(20, 200))]
        share = float(random.uniform(0.05, 0.5))
        kept, off = cut(labels, None, share, random)
        assert sorted([*kept, *off]) == list(range(len(labels)))
        assert abs(len(off) - share * len(labels)) <= 1 + len(set(labels))
        assert {labels[i] for i in kept} == set(labels)


def test_groups_stay_together_and_classes_balanced() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        labels = [str(k) for k in random.choice(3, size=600, p=[0.6, 0.3, 0.1])]
        groups = [str(k) for k in random.integers(0, 60, size=600)]
        kept, off = cut(labels, groups, 0.2, random)
        assert not {groups[i] for i in kept} & {groups[i] for i in off}
        assert abs(len(off) - 120) < 20
        shares = Counter(labels[i] for i in off)
        assert abs(shares["0"] / len(off) - 0.6) < 0.06
        assert abs(shares["2"] / len(off) - 0.1) < 0.05


def test_groups_that_make_a_class_alone_leave_one_to_learn_from() -> None:
    labels = ["a"] * 10 + ["b"] * 10
    for seed in range(20):
        groups = [*("p" * 5), *("q" * 5), *("r" * 10)]
        kept, off = cut(labels, groups, 0.4, np.random.default_rng(seed))
        assert {labels[i] for i in kept} == {"a", "b"}
        assert len({groups[i] for i in off}) == 1


def test_no_group_is_on_both_sides(tmp_path: Path) -> None:
    rows = [("ab"[i % 2], f"some words {i}", f"patient {i % 25}") for i in range(200)]
    loaded = load(table(tmp_path, rows, "label text who"), Config(group="who"), 0)
    seen = [{int(text.rpartition(" ")[2]) % 25 for text in items(part)} for part in parts(loaded)]
    assert len(seen) == 3
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
    assert len(loaded.train) > len(loaded.test) > 20


def test_the_parts_that_the_data_names_are_kept(tmp_path: Path) -> None:
    rows = [("ab"[i % 2], f"some words {i}", ("train", "test", "dev")[i % 3], f"p{i % 9}") for i in range(30)]
    source = table(tmp_path, rows, "label text split who")
    loaded = load(source, Config(group="who"), 0)
    assert [len(part) for part in parts(loaded)] == [10, 10, 10]
    assert items(loaded.test)[0] == "some words 1"
    shared = [("ab"[i % 2], f"some words {i}", ("train", "test")[i // 15], f"p{i % 3}") for i in range(30)]
    loaded = load(table(tmp_path, shared, "label text split who"), Config(group="who", validation_share=0), 0)
    assert notes(loaded)[-1] == "on both sides of the split that the data brings: group 'p0', 'p1', 'p2'"


def test_classes_are_in_natural_order() -> None:
    assert in_order(["10", "9", "-1", "1.5", "1e3"]) == ["-1", "1.5", "9", "10", "1e3"]
    assert in_order(["class 10", "Class 9", "alpha", "3"]) == ["3", "alpha", "Class 9", "class 10"]


def test_texts_that_repeat_are_counted(tmp_path: Path) -> None:
    rows = [("ab"[i % 2], f"some words {i // 2}", "train") for i in range(8)]
    rows += [("a", "some words 0", "test"), ("b", "some words 1", "test"), ("b", "other words", "test")]
    loaded = load(table(tmp_path, rows, "label text split"), Config(validation_share=0), 0)
    assert notes(loaded)[-2:] == (
        "4 examples stand more than once in the training part, with different answers",
        "2 test examples are in the training part, too: scores are too good by them",
    )


def test_sequences_that_repeat_are_counted(tmp_path: Path) -> None:
    rows = [("a", "train", 1, 2, 3), ("b", "train", 4, 5, 6), ("b", "test", 4, 5, 6), ("a", "test", 1, 2, None)]
    loaded = load(table(tmp_path, rows, "label split x y z"), Config(validation_share=0), 0)
    assert notes(loaded)[-1] == "1 test example is in the training part, too: scores are too good by them"
    assert loaded.summary == (
        "4 sequences of 1 channel and 2 to 3 steps, 2 classes: 2 to learn from, 0 to validate, 2 to test "
        "(as the data says)"
    )


def test_sequences_without_a_value_are_noted(tmp_path: Path) -> None:
    rows = [(f"s{i}", "ab"[i % 2], None if i in (3, 5) else 1.0 * i) for i in range(20)] * 2
    loaded = load(table(tmp_path, rows, "id label x"), Config(), 0)
    assert f"{tmp_path / 't.csv'}: row 5 and 1 more have no value that is known" in notes(loaded)


HEAD = "@univariate true\n@classLabel true a b c\n@data\n"


def test_a_class_without_a_test_example_is_noted_and_without_any_refused(tmp_path: Path) -> None:
    (tmp_path / "X_TRAIN.ts").write_text(HEAD + "1:a\n2:b\n3:c\n")
    (tmp_path / "X_TEST.ts").write_text(HEAD + "4:a\n5:b\n")
    loaded = load(tmp_path, Config(validation_share=0), 0)
    assert loaded.info["label"].levels == ("a", "b", "c")  # type: ignore[union-attr]
    assert "no example in the test part: label 'c'" in notes(loaded)
    (tmp_path / "X_TRAIN.ts").write_text(HEAD + "1:a\n2:b\n")
    assert refusal(tmp_path / "X_TRAIN.ts") == (
        "X_TRAIN.ts: the class 'c' is named, and has no example to learn from; add some, or take the name out"
    )


def test_a_label_seen_in_the_test_alone_is_refused(tmp_path: Path) -> None:
    source = texts(tmp_path, {"a": 9, "b": 9}, "train.csv")
    texts(tmp_path, {"a": 1, "c": 2}, "test.csv")
    assert refusal(source) == (
        "test.csv: row 3: the class 'c' is in the test examples alone (and 1 more), so nothing can be learnt of it; "
        "add examples of it to the training part, or leave such out with --on-unseen skip"
    )
    loaded = load(source, Config(on_unseen="skip"), 0)
    assert (loaded.info.outputs[0].levels, labels(loaded.test)) == (("a", "b"), ["a"])  # type: ignore[union-attr]
    assert "left out, of a class that is in the test examples alone: 2, 'c'" in loaded.notes


def test_rows_without_a_label_or_a_text_are_left_out_where_that_is_wished(tmp_path: Path) -> None:
    source = texts(tmp_path, {"a": 9, "b": 9})
    source.write_text(source.read_text() + ",some text\na,\nnan,more text\n")
    assert "row 21, column 'text': the text is empty; fill it in, delete the row, or leave such rows out" in refusal(
        source
    )
    loaded = load(source, Config(on_missing="skip"), 0)
    assert sum(map(len, parts(loaded))) == 18
    assert "left out, without a text or a label: 3, the first row 20" in loaded.notes


def test_a_file_beside_that_has_no_classes_is_no_test_part(tmp_path: Path) -> None:
    source = texts(tmp_path, {"a": 9, "b": 9}, "train.csv")
    (tmp_path / "test.csv").write_text("text\nwithout a class\n")
    loaded = load(source, Config(), 0)
    assert "test.csv beside it has no column 'label', so it is no test part" in loaded.notes
    assert files_of(source, cast(Config, loaded.config)) == (source,)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["good"] * 9 + ["bad"] * 9 + ["good|long"] * 2, "2 examples have several labels in one cell, joined by '|'"),
        (["a|b", "a|c", "b|c"] * 4 + ["d"] * 2, "several labels in one cell"),
        ([str(k / 2) for k in range(40)] * 3, "the 40 classes, 0 to 19.5, look like numbers to predict"),
        ([str(k) for k in range(40)] * 3, "the 40 classes, 0 to 39, look like numbers to predict"),
        ([str(k) for k in range(43)] * 12, None),
        (["R&D", "sales"] * 9, None),
        (["yes"] * 2 + ["no"] * 98, "class 'yes' is rare, 2 of 100 examples"),
        (["yes"] * 9 + ["no"] * 91, "class 'yes' is rare, 9 of 100 examples"),
        (["yes"] * 10 + ["no"] * 90, None),
        (["low", "high", "none"] * 5, "'none' is taken as a class of its own (5 examples)"),
        (["none", "some"] * 5, None),
        (["Yes"] * 5 + ["yes"] * 6 + ["no"] * 7, "the classes 'Yes' (5) and 'yes' (6) differ in capitals or spaces"),
        (["a b", "a  b", "C", "c c"] * 5, "'a  b' (5) and 'a b' (5) differ in capitals or spaces alone: each"),
        (["A", "a", "B", "b"] * 9, None),  # as classes of letters
    ],
)
def test_odd_classes_are_told_of(names: list[str], said: str | None) -> None:
    found = label_notes(names, False)
    assert [note for note in found if said is None or said not in note] == []
    assert bool(found) == (said is not None)


@pytest.mark.parametrize("rows, columns, options, said", [
    ([("a", "some words")] * 5, "label text", {},
     "all 5 examples are of the class 'a'; add examples of another, as there is nothing to tell apart"),
    ([("a", "some words"), ("b", "more words")], "label text", {},
     "2 examples of 2 classes are too few to learn from some and test on others; add examples, or give others to test "
     "on"),
    ([("a", "some words", "p"), ("b", "more words", "p")] * 9, "label text who", {"group": "who"},
     "1 group cannot be parted into some to learn from, with every class among them, and some to test; add groups, or "
     "let examples be parted whatever their group"),
    ([("a", "some words", "p"), ("b", "more words", "q")] * 9, "label text who", {"group": "who"},
     "2 groups cannot be parted into some to learn from, with every class among them, and some to test; add groups, or "
     "let examples be parted whatever their group"),
    ([("a", "some words", "test"), ("b", "more words", "dev")], "label text part", {"split": "part"},
     "no example is for training; mark some as train"),
])  # fmt: skip
def test_data_that_cannot_be_split_is_refused(tmp_path: Path, rows: Any, columns: str, options: Any, said: str) -> None:
    assert refusal(table(tmp_path, rows, columns), **options) == f"t.csv: {said}"


def test_too_few_for_a_validation_part_is_noted(tmp_path: Path) -> None:
    loaded = load(texts(tmp_path, {"a": 2, "b": 3}), Config(validation_share=0.15), 0)
    assert loaded.validation is None
    assert "too few examples for a validation part: training does not know when to stop" in notes(loaded)


def test_what_was_found_reads_the_same_data_again(tmp_path: Path) -> None:
    rows = [(f"s{i}", k, "ab"[i % 2], i * k) for i in range(30) for k in range(1 + i % 4)]
    source = table(tmp_path, rows, "id step label x")
    first = load(source, Config(), 5)
    again = load(source, first.config, 5)  # type: ignore[arg-type]
    assert again.config == first.config
    np.testing.assert_equal(items(again.test), items(first.test))
    assert first.config.sequence == ("id",)  # type: ignore[union-attr]
    assert first.info["values"].columns == ("x",)  # type: ignore[union-attr]


def test_the_bundled_data_are_japanese_vowels() -> None:
    loaded = load(None, Config(validation_share=0.15), 0)
    assert loaded.summary == (
        "640 sequences of 12 channels and 7 to 29 steps, 9 classes: 230 to learn from, 40 to validate, 370 to test "
        "(validation drawn)"
    )
    assert loaded.info["label"].levels == tuple("123456789")  # type: ignore[union-attr]
    assert loaded.info["values"].columns == tuple(  # type: ignore[union-attr]
        f"cepstrum {i + 1}" for i in range(12)
    )
    assert [Counter(labels(loaded.test))[c] for c in "123456789"] == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert Counter(labels(loaded.train)) == {c: 30 - Counter(labels(loaded.validation))[c] for c in "123456789"}
    assert notes(loaded) == ()
    # the first steps of the first utterance, as they stand in the published file
    first = items(load(bundled(), Config(validation_share=0)).train)[0]
    np.testing.assert_allclose(first[:3, 0], [1.860936, 1.891651, 1.939205], rtol=1e-6)


def test_the_bundled_file_is_small_and_can_be_made_again(tmp_path: Path) -> None:
    assert bundled().stat().st_size < 500_000
    with np.load(bundled(), allow_pickle=False) as arrays:
        parts = {"TRAIN": "", "TEST": "test_"}
        for part, prefix in parts.items():
            values, lengths = arrays[f"{prefix}values"], arrays[f"{prefix}lengths"]
            cases = [
                ":".join([*(",".join(str(v) for v in channel) for channel in row[:length].T), label])
                for row, length, label in zip(values, lengths, arrays[f"{prefix}labels"], strict=True)
            ]
            header = "@univariate false\n@classLabel true 1 2 3 4 5 6 7 8 9\n@data\n"
            (tmp_path / f"JapaneseVowels_{part}.ts").write_text(header + "\n".join(cases))
    script = bundled().with_name("make_japanese_vowels.py")
    code = f"import runpy, pathlib; runpy.run_path({str(script)!r})['main'](pathlib.Path({str(tmp_path)!r}), 'x.npz')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    with np.load(bundled()) as old, np.load(tmp_path / "x.npz") as new:
        assert old.files == new.files
        for name in old.files:
            np.testing.assert_array_equal(old[name], new[name])


def test_a_pair_without_header_lines_is_read_as_one_set(tmp_path: Path) -> None:
    for part, rows in (("TRAIN", 12), ("TEST", 6)):
        lines = [f"{1 + k % 2}\t{k}.5\t{k}.25\t{k}.75\t1.5" for k in range(rows)]
        (tmp_path / f"P_{part}.tsv").write_text("\n".join(lines) + "\n")
    found = load(tmp_path / "P_TRAIN.tsv", Config(validation_share=0))
    assert (len(found.train), len(found.test)) == (12, 6)
