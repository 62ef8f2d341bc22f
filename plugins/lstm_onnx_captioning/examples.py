"""Pictures with captions: as they were found or drawn, and as batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Array
from lstm_onnx.data.parts import Part
from lstm_onnx.features.sentence_graph import END, SPECIAL
from lstm_onnx.plugin import RaggedSplit
from lstm_onnx_captioning.captions import encode

Pixels = NDArray[np.uint8]
Take = Callable[[Array], dict[str, Array]]
"""From the numbers of pictures to what a batch holds of them."""


@dataclass(frozen=True)
class Examples:
    """Pictures of one size with their captions.

    Attributes:
        images: (picture, size, size, 3), red, green and blue.
        captions: of each picture, normalised, one at least.
        parts: where each picture belongs; None where that is not said.
    """

    images: Pixels
    captions: Sequence[tuple[str, ...]]
    parts: Sequence[Part] | None = None

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.captions)


class CaptionSplit(RaggedSplit):
    """Captions as word ids with END, and what there is of their pictures, taken when a batch is made.

    A batch holds `tokens` (n, steps), padded with END, `lengths` (n), where END counts, the rows of `arrays`, and what
    `take` gives.
    """

    def __init__(
        self, tokens: Sequence[Array], pictures: Array, take: Take, arrays: Mapping[str, Array] | None = None
    ) -> None:
        super().__init__({"tokens": tokens}, {"picture": pictures, **(arrays or {})})
        self.take = take

    def gather(self, chosen: Array) -> dict[str, Array]:
        """Return a batch of the examples with these numbers."""
        batch = super().gather(chosen)
        return self.take(batch.pop("picture")) | batch


def pair_split(examples: Examples, chosen: Array, words: Sequence[str], max_words: int, take: Take) -> CaptionSplit:
    """Return every caption of the chosen pictures as an example of its own, to learn from."""
    ids = word_ids(words)
    pairs = [(int(i), text) for i in chosen for text in examples.captions[i]]
    tokens = [_ended(encode(text, ids, max_words)) for _, text in pairs]
    return CaptionSplit(tokens, np.array([i for i, _ in pairs], dtype=np.int64), take)


def picture_split(examples: Examples, chosen: Array, words: Sequence[str], max_words: int, take: Take) -> CaptionSplit:
    """Return each chosen picture as an example, with its first caption as tokens and all of them as `references`."""
    ids = word_ids(words)
    captions = [examples.captions[i] for i in chosen]
    tokens = [_ended(encode(texts[0], ids, max_words)) for texts in captions]
    references = np.array(["\n".join(texts) for texts in captions], dtype=object)
    return CaptionSplit(tokens, chosen.astype(np.int64), take, {"references": references})


def word_ids(words: Sequence[str]) -> dict[str, int]:
    """Return the id of each known word."""
    return {word: i for i, word in enumerate(words, start=len(SPECIAL))}


def _ended(ids: list[int]) -> Array:
    return np.array([*ids, END], dtype=np.int64)
