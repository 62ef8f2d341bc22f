"""What counts as a word, and which words are known."""

from __future__ import annotations

import pytest
from lstm_onnx_captioning.captions import build_words, normalise


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
