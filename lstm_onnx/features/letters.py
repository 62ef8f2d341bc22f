"""The letters of words, as numbers; the ONNX graph that does the same to strings is in `letter_graphs`.

A word that training never showed has no number of its own, and its letters still say much: how it ends, whether it is
written with a capital or in digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features.words import FIRST, PADDING, UNKNOWN, chunks

MOST = 254
"""Letters to know at most: with those of no letter and of any other one, their numbers have eight digits in binary."""
_LEAST = 2
"""How often a letter must occur in training to be known."""


def known_letters(texts: Iterable[str]) -> str:
    """Learn the characters of words as they stand, the most frequent first; of few texts those that occur once, too."""
    counts = Counter(sign for text in texts for chunk in chunks(text) for sign in chunk)
    ranked = sorted(counts, key=lambda sign: (-counts[sign], sign))
    frequent = [sign for sign in ranked if counts[sign] >= _LEAST] or ranked
    return "".join(frequent[:MOST])


def numbered(alphabet: str) -> dict[str, int]:
    """Return each known letter with its number."""
    return {sign: number for number, sign in enumerate(alphabet, start=FIRST)}


def letter_numbers(words: Sequence[str], numbers: dict[str, int], count: int) -> Array:
    """Return the numbers of the first letters of words.

    Args:
        words: as they stand.
        numbers: of the known letters.
        count: letters of a word that are read.

    Returns:
        (word, letter) int64: 1 for a letter that is not known, and 0 behind the last one.
    """
    found = np.full((len(words), count), PADDING, dtype=np.int64)
    for place, word in zip(found, words, strict=True):
        told = [numbers.get(sign, UNKNOWN) for sign in word[:count]]
        place[: len(told)] = told
    return found


def pad_words(rows: Sequence[Array], slots: int, count: int) -> Array:
    """Put the letters of texts, each (word, letter), into one array (text, slots, count); 0 where no word is."""
    padded = np.full((len(rows), slots, count), PADDING, dtype=np.int64)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row[:slots]
    return padded
