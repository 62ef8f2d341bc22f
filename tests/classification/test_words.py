"""The look-up of words: what is known, and that graph and Python do the same, whatever the text."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper

from lstm_onnx.features import words
from lstm_onnx.features.word_graphs import byte_stage, string_stage
from lstm_onnx.features.words import Words
from lstm_onnx.task import Stage

TEXTS = [
    "The film is good, really GOOD!",
    "",
    "bad\tbad\nThe\r\n\n ünïcode é  É",
    "…  ",
    "x" * 300 + " good " + "y" * 70,
    "don't stop—now",
    " leading and trailing ",
    "nobody\u00a0knows \U0001f600 this",
]
CHOICES = [TEXTS, TEXTS[1:2], TEXTS[3:4], TEXTS[:1], TEXTS[1:5], ["", ""], [" "]]


def by_onnx_runtime(stage: Stage, inputs: dict[str, Any]) -> dict[str, Any]:
    imports = [helper.make_opsetid("", stage.opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(stage.build(), opset_imports=imports, ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip((o.name for o in session.get_outputs()), session.run(None, inputs), strict=True))


def assert_same(stage: Stage, inputs: dict[str, Any]) -> None:
    found, wanted = by_onnx_runtime(stage, inputs), stage.reference(inputs)
    assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=f"{name} of {inputs}", strict=True)


@pytest.mark.parametrize("texts", CHOICES, ids=range(len(CHOICES)))
def test_the_graph_of_strings_does_as_python(texts: list[str]) -> None:
    known, spellings = words.known_words(TEXTS[:3], 100, 1)
    stage = string_stage(Words(column="text", known=known, spellings=spellings), 5)
    assert_same(stage, {"text": np.array(texts, dtype=object)})


@pytest.mark.parametrize("texts", CHOICES, ids=range(len(CHOICES)))
def test_the_graph_of_bytes_does_as_python(texts: list[str]) -> None:
    stage = byte_stage(Words(column="text", known=words.known_byte_words(TEXTS, 100, 1)), 5)
    padded, lengths = words.to_bytes(texts)
    assert_same(stage, {"bytes": padded, "byte_count": lengths})
    longer = np.pad(padded, ((0, 0), (0, 9)), constant_values=ord("a"))  # what stands behind the end does not count
    assert_same(stage, {"bytes": longer, "byte_count": lengths})
    np.testing.assert_array_equal(
        stage.reference({"bytes": longer, "byte_count": lengths})["tokens"],
        stage.reference({"bytes": padded, "byte_count": lengths})["tokens"],
    )


@pytest.mark.parametrize("texts", [*CHOICES, ["这部电影很好看", "つまらない 映画"]], ids=range(len(CHOICES) + 1))
def test_the_graph_of_characters_does_as_python(texts: list[str]) -> None:
    stage = byte_stage(characters_of([*TEXTS, *texts]), 5)
    padded, lengths = words.to_bytes(texts)
    assert_same(stage, {"bytes": padded, "byte_count": lengths})
    counted = stage.reference({"bytes": padded, "byte_count": lengths})["lengths"].tolist()
    assert counted == [sum(sign not in words.SPACES for sign in text) for text in texts]


def characters_of(texts: list[str]) -> Words:
    return Words(column="text", known=words.known_characters(texts, 1000, 1), units="characters")


def test_each_character_is_known_by_itself() -> None:
    known = words.known_characters(["电影 :)", "Aa电"], 10, 1)
    assert known == ("a", "电", ")", ":", "影")
    table = words.bucket_table(known, "characters")
    found, _ = words.look_up_bytes(*words.to_bytes(["A 影:x"]), table, "characters")
    assert found.tolist() == [[2, 6, 5, words.UNKNOWN]]


def test_signs_and_pictures_are_words() -> None:
    known, spellings = words.known_words(
        ["fine :) day", "nice :)", "love 😍😍", "it😍", "- so-so -", "...", "© me"], 20, 1
    )
    table = words.spelling_table(known, spellings)
    assert {":)", "😍", "-", "...", "so-so", "©"} <= set(known)
    assert table["😍😍"] == table["it😍"] == table["😍"] != words.UNKNOWN
    assert table[":)"] != table["fine"]


@pytest.mark.parametrize("characters", [False, True])
def test_random_bytes_do_not_part_graph_and_python(characters: bool) -> None:
    random = np.random.default_rng(0)
    known = Words(column="text", known=words.known_byte_words(TEXTS, 100, 1))
    stage = byte_stage(characters_of(TEXTS) if characters else known, 5)
    for size in (1, 2, 7, 200):
        data = random.integers(0, 256, size=(9, size), dtype=np.uint8)
        assert_same(stage, {"bytes": data, "byte_count": random.integers(0, size + 1, size=9)})


def test_a_word_is_known_with_its_usual_spellings() -> None:
    known, spellings = words.known_words(["a film, a (film) “film” A"], 10, 2)
    table = words.spelling_table(known, spellings)
    assert known == ("a", "film")
    same = {table.get(s) for s in ("film", "Film", "FILM", "film,", "Film.", "FILM!", "(film)", "“film”")}
    assert same == {words.FIRST + 1}
    assert table.get("(Film)") is None, "seen nowhere, and not usual"


def test_bytes_fold_case_and_cut_at_marks() -> None:
    known = words.known_byte_words(["good film"], 10, 1)
    table = words.bucket_table(known)
    found, lengths = words.look_up_bytes(*words.to_bytes(["GOOD,film!Good (FILM)"]), table)
    assert found.tolist() == [[2 + known.index(w) for w in ("good", "film", "good", "film")]]
    assert lengths.tolist() == [4]


def test_order_of_letters_and_place_count_in_the_hash() -> None:
    table = words.bucket_table(["abc", *(f"word{i}" for i in range(4000))])  # so many that buckets do not clash
    others = ["acb", "bac", "cba", "ab", "bc", "abcd", "aabc", "xabc"]
    found, _ = words.look_up_bytes(*words.to_bytes([" ".join(["abc", *others])]), table)
    assert found.tolist() == [[2] + [words.UNKNOWN] * len(others)]


def test_few_unknown_words_seem_known() -> None:
    vocabulary = [f"word{i}" for i in range(5000)]
    table = words.bucket_table(vocabulary)
    strangers = " ".join(f"stranger{i}" for i in range(4000))
    found, _ = words.look_up_bytes(*words.to_bytes([strangers]), table)
    assert np.mean(found != words.UNKNOWN) < 0.06
    known, _ = words.look_up_bytes(*words.to_bytes([" ".join(vocabulary)]), table)
    assert np.mean(known[0] == np.arange(5000) + words.FIRST) > 0.94


def test_rare_words_and_those_beyond_the_limit_are_not_known() -> None:
    texts = ["one two two three three three"]
    assert words.known_words(texts, 10, 2)[0] == ("three", "two")
    assert words.known_words(texts, 1, 1)[0] == ("three",)
    assert words.known_byte_words(texts, 2, 1) == ("three", "two")
