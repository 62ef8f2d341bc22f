"""How often words or characters follow each other, to hold a language model against: interpolated Kneser-Ney."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_onnx.contract import Array

_MOST = 2.0**62
"""Whole numbers for runs of tokens stay below it."""


class KneserNey:
    """Probabilities of a token after the `order - 1` before it (Kneser and Ney 1995, interpolated).

    Args:
        texts: numbers of the tokens of each text, from 0 on.
        width: how many numbers there are; two more are used, for what stands before a text and for its end.
        order: tokens that count, the new one among them; less where there are too many kinds of tokens.
    """

    def __init__(self, texts: Sequence[Array], width: int, order: int) -> None:
        self.end, self.start, self.base = width, width + 1, width + 2
        while order > 1 and float(self.base) ** order > _MOST:
            order -= 1
        self.order = order
        grams, counts = np.unique(self._codes(texts), return_counts=True)
        self.tables: list[tuple[Array, ...]] = []
        for k in range(order, 0, -1):
            ones, twos = int((counts == 1).sum()), int((counts == 2).sum())
            discount = ones / (ones + 2 * twos) if ones and twos else 0.5
            contexts, first = np.unique(grams // self.base, return_index=True)
            totals = np.add.reduceat(counts, first)
            kinds = np.diff(np.append(first, len(grams)))
            self.tables.append((grams, np.maximum(counts - discount, 0), contexts, totals, discount * kinds))
            # of shorter runs it counts after how many different tokens they stand
            grams, counts = np.unique(grams % self.base ** (k - 1), return_counts=True)

    def log_probabilities(self, texts: Sequence[Array]) -> Array:
        """Return the natural logarithm of the probability of each text, its end included."""
        codes = self._codes(texts)
        found = np.full(len(codes), 1 / (self.end + 1))
        for k, (grams, kept, contexts, totals, left) in reversed(list(enumerate(self.tables))):
            run = codes % self.base ** (self.order - k)
            at, there = _places(contexts, run // self.base)
            own, seen = _places(grams, run)
            told = (np.where(seen, kept[own], 0) + left[at] * found) / totals[at]
            found = np.where(there, told, found)
        begins = np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1]
        return np.add.reduceat(np.log(found), begins)

    def _codes(self, texts: Sequence[Array]) -> Array:
        """Return a whole number for each token with those before it, text after text, ends included."""
        counts, before = np.array([len(text) for text in texts]), self.order - 1
        begins = np.cumsum(counts + self.order) - (counts + 1)  # of each text, after what stands before it
        whole = np.full(int((counts + self.order).sum()), self.start, dtype=np.int64)
        at = np.repeat(begins - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
        whole[at] = np.concatenate(texts)
        whole[begins + counts] = self.end
        codes = np.zeros(len(whole) - before, dtype=np.int64)
        for k in range(self.order):
            codes = codes * self.base + whole[k : k + len(codes)]
        real: Array = codes[whole[before:] != self.start]
        return real


def _places(table: Array, wanted: Array) -> tuple[Array, Array]:
    """Return where each number stands in a sorted table, and whether it does."""
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return at, table[at] == wanted
