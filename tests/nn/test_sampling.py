"""Sampling: noise looks drawn, tokens come as often as they should, and the same seed draws the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lstm_onnx.nn.sampling import Choice, draw, sample, uniform_noise

SHARES = torch.tensor([0.5, 0.3, 0.15, 0.05])


def choice(count: int, **other: float) -> Choice:
    usual = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "longest": 6, "stop": -1, "begin": 0} | other
    made = {name: torch.full((count,), value) for name, value in usual.items()}
    return Choice(**{"seed": torch.arange(count), **made})


def test_noise_is_even_and_knows_no_neighbour() -> None:
    seeds = torch.arange(400)
    noise = torch.stack([uniform_noise(seeds, torch.full((400,), k), 30) for k in range(30)], dim=1).double().numpy()
    assert 0 < noise.min() and noise.max() < 1
    expected = noise.size / 100
    counts = np.histogram(noise, bins=100, range=(0, 1))[0]
    assert np.square(counts - expected).sum() / expected < 150  # chi-square of 99 degrees: more once in 1,600 times
    for axis in range(3):  # seed, place, token
        moved = np.moveaxis(noise, axis, 0)
        assert abs(np.corrcoef(moved[:-1].ravel(), moved[1:].ravel())[0, 1]) < 4 / np.sqrt(noise.size)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, [0.5, 0.3, 0.15, 0.05]),
        ({"top_k": 2}, [0.625, 0.375, 0, 0]),
        ({"top_p": 0.7}, [0.625, 0.375, 0, 0]),
        ({"top_p": 0.0}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, [0.685, 0.247, 0.062, 0.007]),
        ({"temperature": 0.0}, [1, 0, 0, 0]),
    ],
)
def test_tokens_come_as_often_as_they_should(other: dict[str, float], expected: list[float]) -> None:
    count = 20_000
    drawn = draw(SHARES.log().expand(count, -1), torch.tensor(0), choice(count, **other))
    found = torch.bincount(drawn, minlength=4).double() / count
    assert found.tolist() == pytest.approx(expected, abs=0.015)


def drawn(chosen: Choice, state: torch.Tensor) -> list[list[int]]:
    """Draw with scores that depend on all tokens before: `state` is their sum, token 0 ends."""
    table = torch.randn(50, 12, generator=torch.Generator().manual_seed(0))

    def step(token, now):
        after = (now[0] + token) % 50
        return table[after], (after,), None

    found = sample(step, table[state], (state,), chosen, end=0, longest=6)
    assert found.score.tolist() == pytest.approx(found.log_probabilities.sum(dim=1).tolist())
    return found.tokens.tolist()


def test_what_else_is_in_the_batch_changes_nothing() -> None:
    whole = drawn(choice(40), torch.arange(40) % 7)
    assert len({tuple(row) for row in whole}) > 30
    some = Choice(*(option[[3, 17]] for option in choice(40)))
    assert drawn(some, torch.tensor([3, 17]) % 7) == [whole[3], whole[17]]


def test_pieces_are_the_whole() -> None:
    state = torch.zeros(20, dtype=torch.int64)
    whole = drawn(choice(20), state)
    first = drawn(choice(20, longest=2), state)
    assert all(row[2:] == [0] * 4 for row in first)
    second = drawn(choice(20, begin=2, longest=4), torch.tensor(first).sum(dim=1))
    for all_, one, two in zip(whole, first, second, strict=True):
        if 0 not in one[:2]:
            assert one[:2] + two[:4] == all_


def test_it_ends_where_it_is_told_to() -> None:
    state = torch.zeros(30, dtype=torch.int64)
    for row in drawn(choice(30, stop=5), state):
        assert 5 not in row or set(row[row.index(5) + 1 :]) <= {0}
    assert drawn(choice(3, longest=0), state[:3]) == [[0] * 6] * 3
