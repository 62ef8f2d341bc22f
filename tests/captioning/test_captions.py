"""What counts as a word, which words are known, and their numbers."""

from __future__ import annotations

import pytest
from lstm_onnx_captioning.captions import build_words, encode, normalise

from lstm_onnx.features.sentence_graph import UNKNOWN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A man, in a T-shirt.", "a man in a t shirt"),
        ("the dog's ball", "the dogs ball"),
        ("the dogs\u2019 ball", "the dogs ball"),
        ("'quoted' words", "quoted words"),
        ("  two\t3-legged \n cats!!  ", "two 3 legged cats"),
        ("Ein Grüner BÄR", "ein grüner bär"),
        ("cafe\u0301 = caf\u00e9", "café café"),
        ("\ufb01ne \uff12", "fine 2"),
        ("हिन्दी भाषा", "हिन्दी भाषा"),
        ("Bade\u00adwanne", "badewanne"),
        ("snake_case & 100%", "snake case 100"),
        ("... !? ❤️", ""),
        ("", ""),
    ],
)
def test_normalise_keeps_words_alone(text: str, words: str) -> None:
    assert normalise(text) == words
    assert normalise(words) == words


def test_words_are_counted_and_ranked() -> None:
    captions = ["b a", "a b c", "b d c"]
    assert build_words(captions, 1) == ("b", "a", "c", "d")
    assert build_words(captions, 2) == ("b", "a", "c")
    assert build_words(reversed(captions), 2) == ("b", "a", "c")
    assert build_words(captions, 4) == ()


def test_encode_cuts_and_knows_no_other_words() -> None:
    ids = {"a": 3, "dog": 4}
    assert encode("a dog runs", ids, 9) == [3, 4, UNKNOWN]
    assert encode("a dog runs", ids, 2) == [3, 4]
    assert encode("", ids, 2) == []
