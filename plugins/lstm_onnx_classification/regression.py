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


class Bags:
    """Texts as bags of n-grams, each weighed, and scaled to a length of 1.

    Args:
        codes: the n-grams of all texts, one behind the other, int32.
        counts: how many each text has, int64.
        idf: weight of each n-gram.

    Attributes:
        documents: in how many texts each n-gram is.
    """

    def __init__(self, codes: Tensor, counts: Tensor, idf: Tensor) -> None:
        self._codes = codes
        self._texts = torch.repeat_interleave(torch.arange(len(counts), dtype=torch.int32), counts)
        places = self._texts.long() * len(idf) + codes
        both, self._times = torch.unique(places, return_counts=True)  # an n-gram of a text once
        self.text, self.code = (both // len(idf)).int(), (both % len(idf)).int()
        self.starts = _starts(self.text, len(counts))
        self._order = self.code.argsort(stable=True)
        self.text_of = self.text[self._order]
        self.starts_of = _starts(self.code, len(idf))
        self.documents = torch.bincount(self.code, minlength=len(idf))
        self.weigh(idf)

    def weigh(self, idf: Tensor) -> None:
        """Weigh the n-grams otherwise."""
        norm = torch.zeros(len(self.starts)).index_add_(0, self._texts, idf[self._codes].square()).sqrt()
        self.value = self._times * idf[self.code] / norm.clamp(min=1e-6)[self.text]
        self.value_of = self.value[self._order]

    def times(self, weights: Tensor) -> Tensor:
        """Return the sum of the weights of each text's n-grams, (text, class), from those of all, (n-gram, class)."""
        return _bag(self.code, weights, self.starts, self.value)

    def gathered(self, errors: Tensor) -> Tensor:
        """Return the sum of the errors of the texts that have an n-gram, (n-gram, class), from (text, class)."""
        return _bag(self.text_of, errors, self.starts_of, self.value_of)


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
        each: weight of each in the loss.
        classes: how many.
        strength: inverse of the weight decay.
        start: where to begin; at 0 without it.
    """
    weights = torch.zeros(len(bags.documents), classes) if start is None else start.weights.clone()
    bias = torch.zeros(classes) if start is None else start.bias.clone()
    share, decay = (each / each.sum()).unsqueeze(1), 1 / (strength * len(right))
    target = functional.one_hot(right, classes).float()
    method = torch.optim.LBFGS(
        [weights, bias],
        max_iter=MOST_STEPS,
        history_size=8,
        tolerance_grad=1e-5,
        tolerance_change=1e-7,
        line_search_fn="strong_wolfe",
    )

    def loss() -> float:
        log = (bags.times(weights) + bias).log_softmax(dim=1)
        error = (log.exp() - target) * share
        weights.grad, bias.grad = bags.gathered(error).add_(weights, alpha=decay), error.sum(dim=0)
        return float(-(log * target * share).sum() + decay / 2 * weights.square().sum())

    with torch.no_grad():
        method.step(loss)
    weights.grad = bias.grad = None
    return Solved(weights, bias)


def chosen_strength(codes: Tensor, counts: Tensor, idf: Tensor, right: Tensor, each: Tensor, classes: int) -> float:
    """Return the strength with the least cross-entropy of texts that were held back.

    Args:
        codes: as `Bags` takes them, with `counts` and `idf`.
        counts: n-grams of each text.
        idf: weight of each n-gram.
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
        known = Bags(*_taken(codes, counts, part != fold), idf)
        asked = Bags(*_taken(codes, counts, part == fold), idf)
        found = None
        for strength in STRENGTHS:
            found = solve(known, right[part != fold], each[part != fold], classes, strength, found)
            scores = asked.times(found.weights) + found.bias
            own = each[part == fold]
            lost = functional.cross_entropy(scores, right[part == fold], reduction="none")
            before = min(losses.values(), default=float("inf"))
            losses[strength] = losses.get(strength, 0.0) + float((lost * own).sum())
            if once and losses[strength] > before:
                break  # it only gets worse
    return min(losses, key=losses.__getitem__)


def _taken(codes: Tensor, counts: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    return codes[torch.repeat_interleave(kept, counts)], counts[kept]


def _starts(sorted_by: Tensor, size: int) -> Tensor:
    counts = torch.bincount(sorted_by, minlength=size)
    return (counts.cumsum(0) - counts).int()


def _bag(chosen: Tensor, table: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    found = functional.embedding_bag(chosen, table, starts, mode="sum", per_sample_weights=weights)
    return found
