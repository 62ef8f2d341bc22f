"""Batches of sequences of differing length."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_onnx.data.splits import RaggedSplit


def ragged(count: int = 500) -> RaggedSplit:
    random = np.random.default_rng(0)
    rows = [np.full((int(n), 2), i, dtype=np.float32) for i, n in enumerate(random.integers(1, 60, size=count))]
    return RaggedSplit({"values": rows}, {"number": np.arange(count)})


def test_every_example_comes_once_with_its_length_and_zeros_behind() -> None:
    split = ragged()
    for shuffle in (None, np.random.default_rng(1)):
        seen = []
        for batch in split.batches(16, shuffle):
            assert batch["values"].shape[1] == batch["lengths"].max()
            for values, length, number in zip(batch["values"], batch["lengths"], batch["number"], strict=True):
                assert (values[:length] == number).all()
                assert not values[length:].any()
                seen.append(int(number))
        assert sorted(seen) == list(range(500))
        assert (seen == list(range(500))) == (shuffle is None)


def test_like_lengths_come_together_when_shuffled() -> None:
    split = ragged(3200)
    padded = sum(b["values"].shape[0] * b["values"].shape[1] for b in split.batches(16, np.random.default_rng(0)))
    assert padded < 1.05 * split.lengths.sum()


def test_epochs_differ_and_the_same_generator_gives_the_same() -> None:
    split = ragged()
    orders = [[b["number"].tolist() for b in split.batches(16, np.random.default_rng(s))] for s in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_weights_show_rare_examples_more_often() -> None:
    rows = [np.zeros((3, 1), np.float32)] * 100
    rare = np.arange(100) < 10
    split = RaggedSplit({"values": rows}, {"rare": rare}, weights=np.where(rare, 9.0, 1.0))
    share = np.mean(np.concatenate([b["rare"] for b in split.batches(10, np.random.default_rng(0))]))
    assert 0.35 < share < 0.65
    assert sum(b["rare"].sum() for b in split.batches(10)) == 10


def test_sequences_that_do_not_fit_together_are_refused() -> None:
    one, two = [np.zeros((2, 1))], [np.zeros((3, 1))]
    with pytest.raises(ValueError, match="'b' has other lengths than 'a'"):
        RaggedSplit({"a": one, "b": two})
    with pytest.raises(ValueError, match="'c' has 2 rows for 1 sequences"):
        RaggedSplit({"a": one}, {"c": np.zeros(2)})
