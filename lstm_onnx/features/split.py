"""A part of the examples, as batches of the arrays that features make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Protocol, runtime_checkable

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.data.splits import alike, drawn, in_order
from lstm_onnx.data.stored_rows import StoredRows
from lstm_onnx.features.feature import InputFeature, OutputFeature
from lstm_onnx.features.labels import Labels
from lstm_onnx.features.steps import Steps
from lstm_onnx.features.stored import SHOWN, lies_in_files, prepared, spread_rows
from lstm_onnx.features.tags import Tags


@runtime_checkable
class TakesRows(Protocol):
    """A column of examples that picks rows without making a list of them."""

    def take(self, chosen: Array | range) -> Sequence[Any]:
        """Return the rows with these numbers."""
        ...


@runtime_checkable
class GathersRows(Protocol):
    """Prepared rows that make a batch at once, instead of row by row."""

    def gather(self, chosen: Array) -> dict[str, Array]:
        """Return the arrays of the rows with these numbers."""
        ...


class FeatureSplit:
    """Examples whose rows are prepared, and collated batch by batch: sequences are padded as little as possible.

    Args:
        inputs: features with their prepared rows.
        outputs: features with their prepared truth.
        weights: how often an example is drawn in a shuffled epoch, relative to others; None shows each once.
        shown: how many an epoch shows, drawn at random, where they are more than a list of all should be made of.
    """

    def __init__(
        self,
        inputs: Sequence[tuple[InputFeature, Sequence[Any]]],
        outputs: Sequence[tuple[OutputFeature, Sequence[Any]]],
        weights: Array | None = None,
        shown: int | None = None,
    ) -> None:
        self.shown = shown
        self.inputs, self.outputs = inputs, outputs
        self.weights = None if weights is None else weights / weights.sum()
        self.count = len(inputs[0][1])
        ragged = [(f, rows) for f, rows in inputs if not isinstance(rows, GathersRows)]
        counted = [_counted(f.length, rows, type(f).length is InputFeature.length) for f, rows in ragged]
        counted += [
            _counted(f.steps_of, rows, type(f).steps_of is OutputFeature.steps_of)
            for f, rows in outputs
            if not isinstance(rows, GathersRows)
        ]
        self.lengths = reduce(np.maximum, counted) if counted else None

    @classmethod
    def of(
        cls,
        inputs: Sequence[InputFeature],
        outputs: Sequence[OutputFeature],
        columns: Mapping[str, Sequence[Any]],
        chosen: Array | range,
        to_learn: bool = False,
    ) -> FeatureSplit:
        """Prepare the examples with these numbers.

        Those `to_learn` from may be cut, repeated for each of several right answers, and some drawn more often.
        """
        outputs = [f for f in outputs if f.is_supervised]
        rows = {f.name: taken(columns[f.name], chosen) for f in (*inputs, *outputs)}
        given = [(f, prepared(f.prepare, rows[f.name], f.weight)) for f in inputs]
        if to_learn and not any(isinstance(column, GathersRows) for column in rows.values()):
            for f in outputs:
                if type(f).each is OutputFeature.each:
                    continue  # of each row itself
                counts = np.fromiter((len(f.each(row)) for row in rows[f.name]), np.int64, len(rows[f.name]))
                if (counts == 1).all() and lies_in_files(rows.values()):
                    continue
                spread = np.repeat(np.arange(len(counts)), counts)
                given = [(other, taken(found, spread)) for other, found in given]
                each = spread_rows(f.each, rows[f.name])
                rows = {o.name: each if o is f else taken(rows[o.name], spread) for o in outputs}
        right = [(f, prepared(f.prepare_truth, rows[f.name])) for f in outputs]
        if not to_learn:
            return cls.checked(given, right)
        _check(given, right)
        wished = [w for f, truth in right if (w := f.draw(truth)) is not None]
        cut = [(f, _to_learn(f, p)) for f, p in given]
        shown = next((n for _, p in cut if (n := getattr(p, "shown", None)) is not None), None)
        if shown is None and lies_in_files(p for _, p in cut) and len(cut[0][1]) > SHOWN:
            shown = SHOWN
        return cls(cut, right, np.prod(wished, axis=0) if wished else None, shown)

    @classmethod
    def checked(
        cls,
        given: Sequence[tuple[InputFeature, Sequence[Any]]],
        right: Sequence[tuple[OutputFeature, Sequence[Any]]],
    ) -> FeatureSplit:
        """Join prepared rows; refuses labels of steps that are not as many as the steps."""
        _check(given, right)
        return cls(given, right)

    def __len__(self) -> int:
        """Return the number of examples of an epoch."""
        return self.count if self.shown is None else self.shown

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[dict[str, Array]]:
        """Yield the examples, `size` at a time, as they stand or shuffled; shuffled ones of like length together."""
        if shuffle is None:
            for chosen in _as_they_stand(self.count, size) if self.lengths is None else in_order(self.lengths, size):
                yield self.gather(chosen)
            return
        order = drawn(self.count, self.weights, shuffle, self.shown)
        if self.lengths is None:
            for i in range(0, len(order), size):
                yield self.gather(order[i : i + size])
            return
        for chosen in alike(order, self.lengths, size, shuffle):
            yield self.gather(chosen)

    def gather(self, chosen: Array) -> dict[str, Array]:
        """Return a batch of the examples with these numbers."""
        batch: dict[str, Array] = {}
        for given, rows in self.inputs:
            batch |= _collated(rows, given.collate, chosen)
        for answered, rows in self.outputs:
            batch |= _collated(rows, answered.collate_truth, chosen)
        return batch


def _check(
    given: Sequence[tuple[InputFeature, Sequence[Any]]], right: Sequence[tuple[OutputFeature, Sequence[Any]]]
) -> None:
    """Refuse labels of steps that are not as many as the steps."""
    for labels, rows in given:
        if isinstance(labels, Labels):
            beside = next((f, found) for f, found in given if f.name == labels.along)
            labels.check_lengths([beside[0].length(row) for row in beside[1]], rows)
    for feature, truth in right:
        if isinstance(feature, Tags | Steps):
            along = next((f, found) for f, found in given if f.name == feature.along)
            feature.check_lengths([along[0].length(row) for row in along[1]], truth)


def _counted(count: Callable[[Any], int], rows: Sequence[Any], is_one: bool) -> Array:
    """Return how many steps each row has; it is not looked at where a row has none of its own."""
    return np.ones(len(rows), np.int64) if is_one else np.fromiter(map(count, rows), np.int64, len(rows))


def _as_they_stand(count: int, size: int) -> Iterator[Array]:
    for begin in range(0, count, size):
        yield np.arange(begin, min(begin + size, count))


def _to_learn(feature: InputFeature, rows: Sequence[Any]) -> Sequence[Any]:
    if isinstance(rows, StoredRows):
        return rows.each(feature.to_learn)
    return rows if isinstance(rows, GathersRows) else [feature.to_learn(row) for row in rows]


def taken(column: Sequence[Any], chosen: Array | range) -> Sequence[Any]:
    """Return the rows with these numbers; by the column's own `take`, if it has one."""
    if isinstance(column, TakesRows):
        return column.take(chosen)
    return [column[int(i)] for i in chosen]


def _collated(
    rows: Sequence[Any], collate: Callable[[Sequence[Any]], dict[str, Array]], chosen: Array
) -> dict[str, Array]:
    if isinstance(rows, GathersRows):
        return rows.gather(chosen)
    return collate([rows[int(i)] for i in chosen])
