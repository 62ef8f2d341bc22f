"""The chain of labels: its likelihood and its best path are those of trying every path."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from lstm_onnx.nn.crf import LinearChainCRF

LABELS = 3
LENGTHS = (5, 3, 1, 4)


@pytest.fixture(scope="module")
def chain() -> LinearChainCRF:
    torch.manual_seed(0)
    made = LinearChainCRF(LABELS)
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    return made.requires_grad_(False)


@pytest.fixture(scope="module")
def scores() -> Tensor:
    return torch.randn(len(LENGTHS), max(LENGTHS), LABELS, generator=torch.Generator().manual_seed(1))


def score_of(chain: LinearChainCRF, scores: Tensor, path: Sequence[int]) -> float:
    total = chain.first[path[0]] + chain.last[path[-1]]
    total = total + sum(scores[step, label] for step, label in enumerate(path))
    return float(total + sum(chain.transitions[a, b] for a, b in itertools.pairwise(path)))


@pytest.mark.parametrize("row", range(len(LENGTHS)))
def test_the_best_path_is_the_best_of_all(chain: LinearChainCRF, scores: Tensor, row: int) -> None:
    length = LENGTHS[row]
    paths = list(itertools.product(range(LABELS), repeat=length))
    found = chain.best(scores, torch.tensor(LENGTHS))[row, :length]
    best = max(paths, key=lambda path: score_of(chain, scores[row], path))
    assert found.argmax(dim=1).tolist() == list(best)
    for step in range(length):  # each is the best of the paths through it, up to what all have in common
        through = [max(score_of(chain, scores[row], p) for p in paths if p[step] == k) for k in range(LABELS)]
        there = found[step].tolist()
        assert [v - max(there) for v in there] == pytest.approx([v - max(through) for v in through], abs=1e-4)


def test_the_loss_is_the_share_of_the_right_path(chain: LinearChainCRF, scores: Tensor) -> None:
    random = torch.Generator().manual_seed(2)
    right = torch.randint(0, LABELS, scores.shape[:2], generator=random)
    wanted = 0.0
    for row, length in enumerate(LENGTHS):
        paths = itertools.product(range(LABELS), repeat=length)
        total = torch.logsumexp(torch.tensor([score_of(chain, scores[row], p) for p in paths]), dim=0)
        wanted += float(total) - score_of(chain, scores[row], right[row, :length].tolist())
        right[row, length:] = -100  # what stands in the padding does not count
    found = chain.loss(scores, right, torch.tensor(LENGTHS))
    assert float(found) == pytest.approx(wanted / sum(LENGTHS), rel=1e-5)
