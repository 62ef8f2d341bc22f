"""The letters of words: asked of strings in a graph, as in Python, and a vector for each word out of them."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import helper

from lstm_onnx.features.letters import known_letters, letter_numbers, numbered
from lstm_onnx.nn.letters import LetterFilters
from lstm_onnx.plugin import Text

TEXTS = ["Ann  mét\tB^]b-\n", "", "x\\y", " \r\n ", "a😀z ÇokDahaUzunBirSözcük"]


def test_letters_are_asked_in_the_graph_as_in_python() -> None:
    text = Text(name="text", least=1, letters=6).fit([*TEXTS, "Ann"])
    stage = text.stage()
    model = helper.make_model(
        stage.build(), opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    )
    model.ir_version = 10
    session = onnxruntime.InferenceSession(model.SerializeToString())
    strange = [*TEXTS, "mét?? 漢字 Ann", "Ann\x00 \u2028b"]
    for rows in (strange, [""], [" "], strange[:1]):
        names = [t.name for t in stage.outputs]
        found = dict(zip(names, session.run(names, {"text": np.array(rows, dtype=object)}), strict=True))
        wanted = stage.reference({"text": np.array(rows, dtype=object)})
        for name in names:
            np.testing.assert_array_equal(found[name], wanted[name])
        made = text.collate(text.prepare(rows))  # what training sees
        np.testing.assert_array_equal(found["letters"], made["letters"])
    assert found["letters"].shape == (1, 3, 6)


def test_a_letter_has_a_number_and_other_ones_are_alike() -> None:
    assert known_letters(["aab bb", "c"]) == "ba"
    assert known_letters(["ab"]) == "ab"  # of so few texts, all
    assert letter_numbers(["bac", "", "abab"], numbered("ba"), 3).tolist() == [[2, 3, 1], [0, 0, 0], [3, 2, 3]]


def test_a_vector_tells_endings_and_not_what_pads() -> None:
    torch.manual_seed(0)
    filters = LetterFilters(alphabet=9, filters=5, size=4)
    words = torch.tensor([[[2, 3, 4, 0, 0], [2, 3, 0, 0, 0], [0, 0, 0, 0, 0]]])
    found = filters(words)
    assert found.shape == (1, 3, 5)
    assert not torch.equal(found[0, 0], found[0, 1])
    torch.testing.assert_close(filters(words[:, :, :4]), found)


def test_letters_are_those_of_strings() -> None:
    with pytest.raises(ValueError, match="letters are those of words of strings"):
        Text(name="text", letters=5, as_bytes=True)
