"""Random convolutions: what they are by definition, blind to padding, exact in any batch, and deterministic."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lstm_onnx.nn.dilations import SPAN, dilations
from lstm_onnx.nn.random_convolutions import KERNELS, RandomConvolutions


def fitted(columns: int = 1, count: int = 300, steps: int = 40, seed: int = 3) -> RandomConvolutions:
    made = RandomConvolutions(columns, count, steps, seed)
    torch.manual_seed(0)
    made.fit(torch.randn(6, steps, columns), torch.full((6,), steps))
    return made


def by_definition(made: RandomConvolutions, x: torch.Tensor) -> np.ndarray:
    """Count with loops, of one sequence (time, column)."""
    cut = np.trunc(x.double().numpy() * made.grid) / made.grid
    found = []
    for k, (dilation, each) in enumerate(made.spread):
        kernels, thresholds = (made.get_buffer(f"{name}_{k}").double().numpy() for name in ("kernels", "thresholds"))
        for kernel in range(KERNELS):
            given = []
            for centre in range(len(cut)):
                places = centre + (np.arange(SPAN) - SPAN // 2) * dilation
                inside = (places >= 0) & (places < len(cut))
                if inside.all() or (kernel + k) % 2 == 0:
                    given.append((kernels[kernel][:-1, inside].T * cut[places[inside]]).sum())
            lifted = made.lift * (1 + (kernel + k) % 2)
            found += [sum(g > t - lifted for g in given) / max(1, len(given)) for t in thresholds[kernel][:each]]
    return np.array(found)


@pytest.mark.parametrize(("columns", "steps"), [(1, 40), (3, 40), (1, 5)])
def test_they_are_what_they_are_by_definition(columns: int, steps: int) -> None:
    made = fitted(columns)
    x = torch.randn(1, steps, columns)
    found = made.shares(x, torch.tensor([steps]))[0].numpy()
    np.testing.assert_allclose(found, by_definition(made, x[0]), atol=1e-6)
    assert steps < SPAN or 0.3 < found.mean() < 0.7


def test_kernels_are_those_of_minirocket() -> None:
    kernels = RandomConvolutions(1, 84, 100, 0).get_buffer("kernels_0")[:, 0]
    assert len({tuple(k.tolist()) for k in kernels}) == KERNELS == 84
    assert ((kernels == 2).sum(dim=1) == 3).all() and ((kernels == -1).sum(dim=1) == 6).all()


def test_a_kernel_reads_columns_of_one_way() -> None:
    ways = ((0, 1, 4), (2, 3, 4))
    made = RandomConvolutions(5, 840, 100, 0, ways)
    read = [
        frozenset(row.any(dim=1).nonzero()[:, 0].tolist())
        for k in range(len(made.spread))
        for row in made.get_buffer(f"kernels_{k}")[:, :-1]
    ]
    assert all(any(one <= set(way) for way in ways) for one in read)
    assert {min(one) for one in read} >= {0, 2} and max(map(len, read)) == 3


def test_padding_and_the_batch_have_no_say_to_the_last_bit() -> None:
    made, lengths = fitted(2), [40, 3, 17]
    full = torch.randn(3, 40, 2)
    x = torch.stack([torch.nn.functional.pad(row[:n], (0, 0, 0, 60 - n)) for row, n in zip(full, lengths, strict=True)])
    together = made(x, torch.tensor(lengths))
    for k, n in enumerate(lengths):
        assert torch.equal(made(full[k : k + 1, :n], torch.tensor([n])), together[k : k + 1])
    assert torch.isfinite(made(torch.zeros(1, 4, 2), torch.tensor([0]))).all()


@pytest.mark.parametrize("longest", [30, 8])
def test_sequences_that_no_kernel_fits_into_break_nothing(longest: int) -> None:
    """Neither among those that thresholds are taken from, nor later."""
    torch.manual_seed(0)
    made, lengths = RandomConvolutions(1, 420, 30, 0), torch.tensor([2, 5, longest, 8, 1, 3])
    x = torch.randn(6, 30, 1) * (torch.arange(30) < lengths[:, None])[:, :, None]
    made.fit(x, lengths)
    shares = made.shares(x, lengths)
    assert shares.min() >= 0 and shares.max() <= 1
    for k, n in enumerate(lengths.tolist()):
        np.testing.assert_allclose(shares[k], by_definition(made, x[k, :n]), atol=1e-6)


def test_rounding_decides_nothing() -> None:
    """Thresholds are quantiles of what kernels give, so plateaus lie on them; half of a grid step away, they do not."""
    x = torch.randint(-2, 3, (5, 50, 1)) * 0.3
    made = RandomConvolutions(1, 840, 50, 1)
    made.fit(x, torch.full((5,), 50))
    before, lengths = made.shares(x, torch.full((5,), 50)), torch.full((5,), 50)
    for k in range(len(made.spread)):
        thresholds = made.get_buffer(f"thresholds_{k}")
        assert torch.equal(thresholds * made.grid % 1, torch.full_like(thresholds, 0.5))
        thresholds += 0.25 / made.grid
    assert torch.equal(made.shares(x, lengths), before)


def test_they_are_standardised_over_what_was_learnt_from() -> None:
    made = RandomConvolutions(1, 252, 40, 0)
    torch.manual_seed(0)
    x, lengths = torch.randn(50, 40, 1), torch.full((50,), 40)
    before = made.is_fitted
    made.fit(x, lengths)
    found = made(x, lengths) * made.size**0.5
    assert (before, made.is_fitted, made.size) == (False, True, 252)
    torch.testing.assert_close(found.mean(dim=0), torch.zeros(252), atol=1e-4, rtol=0)
    torch.testing.assert_close(found.std(dim=0, correction=0), torch.ones(252), atol=1e-3, rtol=0)


def test_what_is_kept_is_what_is_computed_and_forgotten_with_other_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    made, other = fitted(seed=3), fitted(seed=4)
    x, lengths = torch.randn(4, 40, 1), torch.tensor([40, 9, 40, 30])
    x[2] = x[0]
    first = made.kept(x, lengths)
    assert torch.equal(first, made(x, lengths))
    with monkeypatch.context() as patched:
        patched.setattr(made, "shares", None)  # asked, it would fail
        assert torch.equal(made.kept(x[[3, 0]], lengths[[3, 0]]), first[[3, 0]])
    made.load_state_dict(other.state_dict())
    assert torch.equal(made.kept(x, lengths), other(x, lengths))


def test_the_seed_says_everything() -> None:
    one, same, other = fitted(4, seed=1), fitted(4, seed=1), fitted(4, seed=2)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True))
    assert not torch.equal(one.get_buffer("kernels_0"), other.get_buffer("kernels_0"))


@pytest.mark.parametrize(("steps", "each"), [(1, 1), (9, 30), (150, 30), (150, 3), (2000, 119)])
def test_dilations_reach_as_far_as_a_kernel_fits(steps: int, each: int) -> None:
    found = dilations(steps, each)
    assert sum(count for _, count in found) == each
    assert all(count > 0 for _, count in found)
    assert all(1 <= d and (SPAN - 1) * d <= max(steps - 1, SPAN - 1) for d, _ in found)
    assert [d for d, _ in found] == sorted({d for d, _ in found})
