"""Logistic regression on sparse features, solved by L-BFGS in PyTorch: it needs no library that trainings lack."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Inverse weight decays to choose from, weakest first, as they are counted where the loss is a sum over examples."""
USUAL = 10.0
"""Of too few texts to choose by."""
LEAST = 20
"""Texts to choose a strength by."""
SEVERAL = 4000
"""With fewer texts than these, each is held back once of `FOLDS` times; of more, one of five is."""
FOLDS = 3
MOST_STEPS = 60
"""Of L-BFGS, each with one pass or two."""
PIECE = 2**18
"""n-grams that are sorted at a time."""


class Bags:
    """Texts as bags of n-grams, each weighed, and scaled to a length of 1. They take 8 bytes for each n-gram.

    Args:
        codes: the n-grams of all texts, one behind the other, int32.
        counts: how many each text has, int64.
        size: how many n-grams there are.

    Attributes:
        documents: in how many texts each n-gram is.
    """

    def __init__(self, codes: Tensor, counts: Tensor, size: int) -> None:
        self._codes, self._starts = codes, _starts(counts)
        many = torch.bincount(codes, minlength=size)
        self._starts_of = _starts(many)
        self._texts, self.documents = _turned(codes, counts, many)
        self.weigh(torch.ones(size))

    def weigh(self, idf: Tensor) -> None:
        """Weigh the n-grams otherwise."""
        self._idf = idf.unsqueeze(1)
        self._norm = _bag(self._codes, self._idf.square(), self._starts).sqrt_().clamp_(min=1e-6)

    def times(self, weights: Tensor) -> Tensor:
        """Return the sum of the weights of each text's n-grams, (text, class), from those of all, (n-gram, class)."""
        return _bag(self._codes, weights * self._idf, self._starts).div_(self._norm)

    def gathered(self, errors: Tensor) -> Tensor:
        """Return the sum of the errors of the texts that have an n-gram, (n-gram, class), from (text, class)."""
        return _bag(self._texts, errors / self._norm, self._starts_of).mul_(self._idf)


class Solved(NamedTuple):
    """Weights (n-gram, class) and bias (class,) of a linear model."""

    weights: Tensor
    bias: Tensor


def solve(
    bags: Bags, right: Tensor, each: Tensor, classes: int, strength: float, start: Solved | None = None
) -> Solved:
    """Minimize the mean cross-entropy and the squares of the weights over twice `strength` times the texts.

    Args:
        bags: the texts.
        right: class of each, int64.
        each: weight of each in the loss, 0 of one that is held back.
        classes: how many.
        strength: inverse of the weight decay.
        start: where to begin; at 0 without it.
    """
    weights = torch.zeros(len(bags.documents), classes) if start is None else start.weights.clone()
    bias = torch.zeros(classes) if start is None else start.bias.clone()
    share, decay = (each / each.sum()).unsqueeze(1), 1 / (strength * int(each.count_nonzero()))
    places = right.unsqueeze(1)
    method = torch.optim.LBFGS(
        [weights, bias],
        max_iter=MOST_STEPS,
        history_size=8,
        tolerance_grad=1e-5,
        tolerance_change=1e-7,
        line_search_fn="strong_wolfe",
    )

    def loss() -> float:
        log = bags.times(weights).add_(bias).log_softmax(dim=1)
        lost = -(log.gather(1, places) * share).sum()
        error = log.exp_().mul_(share).scatter_add_(1, places, -share)
        weights.grad, bias.grad = bags.gathered(error).add_(weights, alpha=decay), error.sum(dim=0)
        return float(lost + decay / 2 * weights.square().sum())

    with torch.no_grad():
        method.step(loss)
    weights.grad = bias.grad = None
    return Solved(weights, bias)


def chosen_strength(bags: Bags, right: Tensor, each: Tensor, classes: int) -> float:
    """Return the strength with the least cross-entropy of texts that were held back.

    Args:
        bags: the texts.
        right: class of each text.
        each: weight of each text.
        classes: how many.
    """
    if len(right) < LEAST:
        return USUAL
    once = len(right) >= SEVERAL
    part = torch.from_numpy(np.random.default_rng(0).permutation(len(right)) % (5 if once else FOLDS))
    losses = dict[float, float]()
    for fold in range(1 if once else FOLDS):
        held = part == fold
        found = None
        for strength in STRENGTHS:
            found = solve(bags, right, each.masked_fill(held, 0), classes, strength, found)
            scores = bags.times(found.weights).add_(found.bias)
            lost = functional.cross_entropy(scores, right, reduction="none").mul_(each)[held]
            before = min(losses.values(), default=float("inf"))
            losses[strength] = losses.get(strength, 0.0) + float(lost.sum())
            if once and losses[strength] > before:
                break  # it only gets worse
    return min(losses, key=losses.__getitem__)


def _turned(codes: Tensor, counts: Tensor, many: Tensor) -> tuple[Tensor, Tensor]:
    """Return the texts of each n-gram, those of one behind those of the other, and in how many texts each is.

    It sorts by counting, some texts at a time, so that it needs little memory besides what it returns.
    """
    texts, free, documents = torch.empty_like(codes), many.cumsum(0) - many, torch.zeros_like(many)
    pieces = (counts.cumsum(0) // PIECE).unique_consecutive(return_counts=True)[1].tolist()
    begin = number = 0
    for some in counts.split(pieces):
        own, order = codes[begin : begin + int(some.sum())].sort(stable=True)
        text = torch.repeat_interleave(torch.arange(number, number + len(some), dtype=torch.int32), some)[order]
        others = torch.ones(len(own), dtype=torch.bool)
        others[1:] = (own[1:] != own[:-1]) | (text[1:] != text[:-1])
        documents += torch.bincount(own[others], minlength=len(many))
        here = torch.bincount(own, minlength=len(many))
        texts[torch.arange(len(own)) + (free - (here.cumsum(0) - here))[own]] = text
        free += here
        begin, number = begin + len(own), number + len(some)
    return texts, documents


def _starts(counts: Tensor) -> Tensor:
    return (counts.cumsum(0) - counts).int()


def _bag(chosen: Tensor, table: Tensor, starts: Tensor) -> Tensor:
    found: Tensor = functional.embedding_bag(chosen, table, starts, mode="sum")
    return found
