"""How many characters, words or pieces the texts of a batch have, whether these stand there as strings or as bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features.pieces import cut, numbered
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.task import Arrays

Counter = Callable[[Arrays], Array]
"""From a batch to how many units each text has, its end among them, (batch,) int64."""


def count_units(sentence: Sentence) -> Counter:
    """Return what counts the units of the text that a sentence continues."""
    text = sentence.continues
    assert text is not None, "it continues no text"
    if sentence.characters:
        return count_characters(text)
    if not sentence.pieces:
        return lambda batch: np.array([len(str(words).split()) + 1 for words in batch[text]])
    numbers = numbered(sentence.words or ())

    def pieces(batch: Arrays) -> Array:
        rows = zip(batch[text], batch["byte_count"], strict=True)
        return np.array([len(cut(bytes(row[:count]), numbers)) + 1 for row, count in rows])

    return pieces


def count_characters(text: str) -> Counter:
    """Return what counts the characters of a text by its name."""

    def characters(batch: Arrays) -> Array:
        texts = batch[text]
        if texts.dtype == object:
            return np.array([len(one) for one in texts]) + 1
        counts = np.arange(texts.shape[1]) < batch["byte_count"][:, None]
        return np.array((((texts & 0xC0) != 0x80) & counts).sum(axis=1) + 1)

    return characters
