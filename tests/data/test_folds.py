"""Every example is tested in exactly one fold, classes evenly, groups whole, of series what came later unseen."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_onnx.data.folds import Fold, current_fold, deal, folding
from lstm_onnx.errors import UserError


def dealt(count: int, labels: list[str], groups: list[str] | None = None) -> list[np.ndarray]:
    return [deal(Fold(k, count), labels, groups, np.random.default_rng(7)) for k in range(1, count + 1)]


def test_folds_part_the_examples_and_each_class_evenly() -> None:
    labels = ["a"] * 53 + ["b"] * 20 + ["c"] * 5
    folds = dealt(5, labels)
    assert sorted(np.concatenate(folds).tolist()) == list(range(78))
    for name in "abc":
        counts = [sum(labels[i] == name for i in fold) for fold in folds]
        assert max(counts) - min(counts) <= 1


def test_a_group_is_in_one_fold_and_folds_are_of_like_size() -> None:
    random = np.random.default_rng(0)
    groups = [f"g{random.integers(20)}" for _ in range(400)]
    labels = [str(random.integers(3)) for _ in range(400)]
    folds = dealt(4, labels, groups)
    where = [{groups[i] for i in fold} for fold in folds]
    assert sum(map(len, where)) == len(set(groups))
    assert max(map(len, folds)) - min(map(len, folds)) <= 30


def test_another_seed_deals_otherwise() -> None:
    labels = ["a"] * 40
    other = deal(Fold(1, 4), labels, None, np.random.default_rng(8))
    assert other.tolist() != dealt(4, labels)[0].tolist()


def test_too_few_for_so_many_folds() -> None:
    with pytest.raises(UserError, match="only 2 groups"):
        dealt(3, ["a"] * 9, ["x", "y", "x"] * 3)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/1", "a/b", "3"])
def test_what_is_no_fold(text: str) -> None:
    with pytest.raises(UserError, match="expected NUMBER/COUNT"):
        Fold.of(text)


def test_a_fold_that_nobody_cuts_by_is_an_error() -> None:
    with folding("1/2", "mine"):
        assert current_fold() is not None
    with pytest.raises(UserError, match="'mine' cutting the data"), folding("1/2", "mine"):
        pass
    assert current_fold() is None
