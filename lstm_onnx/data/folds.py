"""Folds: data that is parted several times over, so that a score does not hang on which examples were kept.

Which fold is asked for is known within `folding`; whoever cuts parts asks `current_fold`, and cuts off that fold for
the test. Examples are dealt out once, by a seed that all folds share, so that each is in the test part of exactly one;
of series, the newest rows are tested in the last fold, those before them in the one before (rolling origins).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.errors import UserError

Whole = NDArray[np.int64]


@dataclass
class Fold:
    """One of several folds.

    Attributes:
        number: which, from 1.
        count: of how many.
        used: whether somebody has cut by it.
    """

    number: int
    count: int
    used: bool = False

    @classmethod
    def of(cls, text: str) -> Fold:
        """Read `2/5`.

        Raises:
            UserError: it is not written so, or there is no such fold.
        """
        number, _, count = text.partition("/")
        if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count) and int(count) >= 2):
            raise UserError(f"--fold {text}: expected NUMBER/COUNT, such as 2/5")
        return cls(int(number), int(count))

    @property
    def after(self) -> int:
        """How many folds come after it: of series, so many test parts are not there yet."""
        return self.count - self.number


HELD_OUT = 0.15
"""Share of what is learnt from that is held out to validate where it has to be, and a task would keep none."""

_current: ContextVar[Fold | None] = ContextVar("_current", default=None)
_held_out: ContextVar[bool] = ContextVar("_held_out", default=False)


@contextmanager
def folding(text: str | None, task: str, hold_out: bool = False) -> Iterator[None]:
    """Cut data by a fold, such as `2/5`, within; as ever where it is None.

    Args:
        text: the fold.
        task: whose data it is, for errors.
        hold_out: keep a part to validate even where the task would keep none.

    Raises:
        UserError: no data was cut by it: then all folds would be the same.
    """
    fold = Fold.of(text) if text is not None else None
    token, held = _current.set(fold), _held_out.set(hold_out)
    try:
        yield
    finally:
        _current.reset(token)
        _held_out.reset(held)
    if fold is not None and not fold.used:
        raise UserError(
            f"--fold {text}: the test part does not come of '{task}' cutting the data: the data names it, or the task "
            f"draws it; leave the column or file out that names it, or do without folds"
        )


def current_fold() -> Fold | None:
    """Return the fold to cut off for the test, if there is one; whoever asks cuts by it."""
    fold = _current.get()
    if fold is not None:
        fold.used = True
    return fold


def must_validate() -> bool:
    """Whether a part to validate has to be kept, even where a task would do without."""
    return _held_out.get()


def deal(fold: Fold, labels: Sequence[str], groups: Sequence[str] | None, random: np.random.Generator) -> Whole:
    """Return the numbers of the examples of a fold: every class has its share in each, and no group is in two.

    Args:
        fold: which.
        labels: class of each example.
        groups: group of each; None for none.
        random: in the same state for every fold.

    Raises:
        UserError: there are fewer examples, or groups, than folds.
    """
    names, code = np.unique(np.array(labels, dtype=object), return_inverse=True)
    found = np.unique(np.array(groups, dtype=object), return_inverse=True)[1] if groups is not None else None
    unit = np.arange(len(code)) if found is None else found
    if (there := len(np.unique(unit))) < fold.count:
        what = "groups" if groups is not None else "examples"
        raise UserError(f"--folds {fold.count}: there are only {there} {what}, and each fold needs one")
    counts = np.zeros((int(unit.max()) + 1, len(names)), dtype=np.int64)  # (unit, class)
    np.add.at(counts, (unit, code), 1)
    order = random.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    whole = counts.sum(axis=0)
    filled = np.zeros((fold.count, len(names)))
    of = np.zeros(len(counts), dtype=np.int64)
    for k in order:  # the largest first, each to where its classes are rarest, and then to the smallest
        share = (filled * counts[k] / np.square(whole)).sum(axis=1)
        of[k] = int(np.lexsort((filled.sum(axis=1), share.round(12)))[0])
        filled[of[k]] += counts[k]
    return np.flatnonzero(of[unit] == fold.number - 1)
