"""Shares of an answer, on functions whose shares are known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from lstm_onnx.explaining.shapley import Floats, Kept, occlusion, shares


def pair_and_sum(kept: Kept) -> Floats:
    """Return 3 for the first part, and 2 where the second and third are there together."""
    return 3.0 * kept[:, 0] + 2.0 * (kept[:, 1] & kept[:, 2]) + 1.0


def by_definition(parts: int) -> Floats:
    found = np.zeros(parts)
    orders = list(permutations(range(parts)))
    for order in orders:
        kept = np.zeros((1, parts), dtype=np.bool_)
        for part in order:
            before = pair_and_sum(kept)[0]
            kept[0, part] = True
            found[part] += pair_and_sum(kept)[0] - before
    return found / len(orders)


def test_few_parts_are_shared_out_exactly() -> None:
    found = shares(pair_and_sum, 5, orders=2, random=np.random.default_rng(0))
    np.testing.assert_allclose(found.shapley, by_definition(5), atol=1e-12)
    np.testing.assert_allclose(found.shapley, [3, 1, 1, 0, 0], atol=1e-12)
    assert (found.value, found.hidden) == (6.0, 1.0)


def test_many_parts_are_shared_out_by_orders() -> None:
    found = shares(pair_and_sum, 12, orders=64, random=np.random.default_rng(0))
    assert found.shapley.sum() == pytest.approx(found.value - found.hidden)
    np.testing.assert_allclose(found.shapley[[0, *range(3, 12)]], [3, *[0] * 9], atol=1e-12)
    np.testing.assert_allclose(found.shapley[1:3], [1, 1], atol=1e-12)  # an order and its reverse: no noise of a pair


def test_the_error_says_how_far_off_it_is() -> None:
    def three(kept: Kept) -> Floats:
        return 6.0 * kept[:, :3].all(axis=1)

    off = []
    for seed in range(30):
        found = shares(three, 10, orders=64, random=np.random.default_rng(seed))
        off.append((found.shapley[:3] - 2) / found.error[:3])
    assert 0.7 < np.std(off) < 1.5


def test_occlusion_hides_one_at_a_time() -> None:
    np.testing.assert_allclose(occlusion(pair_and_sum, 4), [3, 2, 2, 0])
