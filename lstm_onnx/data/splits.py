"""Batches of examples of differing length, padded as little as possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from lstm_onnx.contract import Array

_CELLS = 2**17
"""Steps that are padded to together at most, where a batch has more than one example: memory grows with them."""
_POOL = 50
"""Batches that are sorted by length together: enough for little padding, few enough to stay random."""
_POOLED = 1 << 16


def alike(order: Array, lengths: Array, size: int, shuffle: np.random.Generator) -> Iterator[Array]:
    """Cut examples in random order into batches of like length, the batches shuffled.

    Args:
        order: numbers of the examples, drawn at random.
        lengths: of all examples.
        size: of a batch.
        shuffle: decides the order of batches.
    """
    for i in range(0, len(order), size * _POOL):
        pool = order[i : i + size * _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        for begin in shuffle.permutation(np.arange(0, len(pool), size)):
            yield pool[begin : begin + size]


def in_order(lengths: Array, size: int) -> Iterator[Array]:
    """Cut examples into batches as they stand: `size` at a time, or fewer where long ones would make all long.

    Args:
        lengths: of all examples.
        size: of a batch, at most.
    """
    begin, longest = 0, 0
    each = (length for k in range(0, len(lengths), _POOLED) for length in lengths[k : k + _POOLED].tolist())
    for i, length in enumerate(each):
        longest = max(longest, length)
        if i > begin and (i - begin == size or (i + 1 - begin) * longest > _CELLS):
            yield np.arange(begin, i)
            begin, longest = i, length
    if begin < len(lengths):
        yield np.arange(begin, len(lengths))


def drawn(count: int, weights: Array | None, shuffle: np.random.Generator, some: int | None = None) -> Array:
    """Return the numbers of `count` examples in random order; with weights, which sum to 1, some come more often.

    Of more than an epoch is to show it returns `some`, drawn anew each time, so that one may come twice.
    """
    if some is not None:
        return shuffle.integers(count, size=some) if weights is None else shuffle.choice(count, size=some, p=weights)
    if weights is None:
        return shuffle.permutation(count)
    return shuffle.choice(count, size=count, p=weights)


class RaggedSplit:
    """A split whose examples are sequences of differing length, beside arrays with a row for each example.

    A batch holds each of `sequences` padded to its longest with zeros, or empty strings, `lengths`, and the rows of the
    arrays. Shuffled, examples of like length come together: a pool of batches is drawn at random, sorted by length,
    cut, and its batches shuffled; that costs no randomness from one epoch to the next but saves most of the padding.

    Args:
        sequences: by name, arrays of shape (time, …), whose lengths agree between names.
        arrays: by name, with a row for each example.
        lengths: name under which a batch says how many steps of each sequence count.
        weights: how often an example is drawn in a shuffled epoch, relative to others; None shows each once.
    """

    def __init__(
        self,
        sequences: Mapping[str, Sequence[Array]],
        arrays: Mapping[str, Array] | None = None,
        lengths: str = "lengths",
        weights: Array | None = None,
    ) -> None:
        self.sequences, self.arrays, self.name = sequences, dict(arrays or {}), lengths
        first = next(iter(sequences.values()))
        self.lengths = np.array([len(a) for a in first], dtype=np.int64)
        for name, others in sequences.items():
            if [len(a) for a in others] != self.lengths.tolist():
                raise ValueError(f"'{name}' has other lengths than '{next(iter(sequences))}'")
        for name, array in self.arrays.items():
            if len(array) != len(self.lengths):
                raise ValueError(f"'{name}' has {len(array)} rows for {len(self.lengths)} sequences")
        self.weights = None if weights is None else weights / weights.sum()

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.lengths)

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[dict[str, Array]]:
        """Yield the examples, `size` at a time, as they stand or shuffled."""
        if shuffle is None:
            for chosen in in_order(self.lengths, size):
                yield self.gather(chosen)
            return
        for chosen in alike(drawn(len(self), self.weights, shuffle), self.lengths, size, shuffle):
            yield self.gather(chosen)

    def gather(self, chosen: Array) -> dict[str, Array]:
        """Return a batch of the examples with these numbers."""
        lengths = self.lengths[chosen]
        batch: dict[str, Array] = {}
        for name, all_of_them in self.sequences.items():
            picked = [all_of_them[int(i)] for i in chosen]
            shape = (len(picked), int(lengths.max()), *picked[0].shape[1:])
            kind = np.result_type(*{one.dtype for one in picked})
            padded = np.full(shape, "", dtype=object) if kind.kind in "OSU" else np.zeros(shape, dtype=kind)
            for row, one in zip(padded, picked, strict=True):
                row[: len(one)] = one
            batch[name] = padded
        return batch | {self.name: lengths} | {name: a[chosen] for name, a in self.arrays.items()}


class Split(Protocol):
    """The examples of one split, handed out in batches of NumPy arrays."""

    def __len__(self) -> int:
        """Return the number of examples."""
        ...

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[dict[str, Array]]:
        """Yield every example once, `size` at a time, in the order drawn from `shuffle` or, without it, as they stand.

        A batch holds the inputs of the task's first graph under their names, raw, and whatever `loss` and `metrics`
        need beside them. The same generator state must give the same batches.
        """
        ...


class ArraySplit:
    """A split whose examples are the rows of a few arrays: all that most plugins need."""

    def __init__(self, **arrays: Array) -> None:
        sizes = {name: len(a) for name, a in arrays.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"arrays of different lengths: {sizes}")
        self.arrays = arrays

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.arrays.values())))

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[dict[str, Array]]:
        """Yield the rows, `size` at a time."""
        order = np.arange(len(self)) if shuffle is None else shuffle.permutation(len(self))
        for i in range(0, len(order), size):
            yield {name: a[order[i : i + size]] for name, a in self.arrays.items()}
