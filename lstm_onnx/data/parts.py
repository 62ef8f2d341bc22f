"""The parts of a data set, to learn from, to validate and to test: what they are called, and how they are cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.columns import called
from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.errors import UserError

Whole = NDArray[np.int64]
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

PART_NAMES: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "restval": "train",  # Karpathy's word for what COCO calls validation and he adds to training
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""How parts of a data set are called -> what they are called here."""

PART_COLUMNS = ("split", "part", "set", "subset")
"""What a column is called that says which part a row belongs to."""

_SMALLEST = 3
"""A class with so many examples at least gets one cut off, however small the share."""


def part_of(text: object, place: str) -> Part:
    """Translate the name of a part.

    Args:
        text: the name, in any mixture of capitals.
        place: where it stands, for errors: `captions.csv: row 3`.

    Raises:
        UserError: it is none that is known.
    """
    part = PART_NAMES.get(str(text).strip().lower())
    if part is None:
        raise UserError(f"{place}: found '{text}' as the part of the data, and it must say train, validation or test")
    return part


def split_column(frame: pl.DataFrame) -> str | None:
    """Find the column that says which part a row belongs to: called so, and of nothing but names of parts.

    Where all rows are of one part, as in a file of test examples, it says nothing.
    """
    if (piece := shown_piece()) is not None:
        return piece.split if piece.split in frame.columns else None
    column = called(frame, PART_COLUMNS)
    if column is None or frame.get_column(column).dtype != pl.String:
        return None
    found = [PART_NAMES.get(str(v).strip().lower()) for v in frame.get_column(column).unique()]
    return column if None not in found and len(set(found)) > 1 else None


def part_out(parts: Sequence[Part] | None, count: int, cut_off: Callable[[Whole, Part], Whole]) -> dict[Part, Whole]:
    """Return the numbers of the examples of each part, in the order in which they stand.

    Args:
        parts: of each example, where the data says it; None takes all for training.
        count: of examples.
        cut_off: from the numbers of the training examples to those to take for the test, or for validation, where the
            data marks none; it is asked for the test first.
    """
    given = np.array(parts if parts is not None else ("train",) * count, dtype=object)
    chosen = {part: np.flatnonzero(given == part) for part in PARTS}
    lacking: tuple[Part, ...] = ("test", "validation")
    for part in lacking:
        if not len(chosen[part]) and len(chosen["train"]):
            chosen[part] = np.sort(cut_off(chosen["train"], part))
            chosen["train"] = np.setdiff1d(chosen["train"], chosen[part])
    return chosen


def cut(
    labels: Sequence[str], groups: Sequence[str] | None, share: float, random: np.random.Generator, keep: int = 1
) -> tuple[Whole, Whole]:
    """Choose which examples to keep and which to cut off, both in the order in which they stand.

    Every class keeps one example at least. What is cut off may be nothing, where there are too few.

    Args:
        labels: class of each example.
        groups: group of each, all of which goes to one side; None for none.
        share: to cut off, of all examples.
        random: decides which.
        keep: so many examples at least each class keeps, if it has them; with groups it is one.
    """
    names, code = np.unique(np.array(labels, dtype=object), return_inverse=True)
    counts = np.bincount(code, minlength=len(names))
    chosen = (
        _stratified(code, counts, share, random, keep)
        if groups is None
        else _grouped(code, counts, np.unique(np.array(groups, dtype=object), return_inverse=True)[1], share, random)
    )
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _stratified(code: Whole, counts: Whole, share: float, random: np.random.Generator, keep: int) -> NDArray[np.bool_]:
    """Cut the share off each class; what rounding leaves goes to the classes that lost most by it."""
    wished = share * counts
    least = np.where(counts >= _SMALLEST, 1, 0)
    most = np.maximum(counts - keep, 0)
    quota = np.clip(np.floor(wished).astype(np.int64), least, most)
    order = np.lexsort((random.permutation(len(counts)), -(wished - quota)))
    missing = round(share * len(code)) - int(quota.sum())
    for k in order:
        if missing > 0 and wished[k] > quota[k] and quota[k] < most[k]:
            quota[k] += 1
            missing -= 1
    chosen = np.zeros(len(code), dtype=np.bool_)
    for k, number in enumerate(quota):
        chosen[random.permutation(np.flatnonzero(code == k))[:number]] = True
    return chosen


def _grouped(code: Whole, counts: Whole, group: Whole, share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """Deal the groups out, the largest first, each to the side that so far has less of what it wishes for."""
    table = np.zeros((int(group.max()) + 1, len(counts)), dtype=np.int64)  # (group, class)
    np.add.at(table, (group, code), 1)
    order = np.lexsort((random.permutation(len(table)), -table.sum(axis=1)))
    wished = np.stack([(1 - share) * counts, share * counts])  # (side, class); side 1 is cut off
    filled = np.zeros(wished.shape)
    side = np.zeros(len(table), dtype=np.int64)
    for k in order:
        side[k] = int(_gap(filled, wished, 1, table[k]) < _gap(filled, wished, 0, table[k]))
        filled[side[k]] += table[k]
    for k in order[::-1]:  # a class that is cut off altogether comes back with its smallest group
        kept = table[side == 0].sum(axis=0)
        if side[k] and bool(((kept == 0) & (table[k] > 0)).any()):
            side[k] = 0
    if not side.any():
        spare = [k for k in order[::-1] if bool((table.sum(axis=0) > table[k])[table[k] > 0].all())]
        side[spare[:1]] = 1
    chosen: NDArray[np.bool_] = side[group] == 1
    return chosen


def _gap(filled: NDArray[np.float64], wished: NDArray[np.float64], side: int, added: Whole) -> float:
    """How differently full both sides would be with a group more on one: class by class, and altogether."""
    after = filled.copy()
    after[side] += added
    by_class = after / wished
    whole = after.sum(axis=1) / wished.sum(axis=1)
    return float(np.square(by_class[0] - by_class[1]).mean() + np.square(whole[0] - whole[1]))
