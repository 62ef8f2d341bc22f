"""The letters of the likeliest path, and of the likeliest text, against all paths that there are."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import torch
from torch import Tensor

from lstm_onnx.nn.ctc import ctc_letters, ctc_search, ctc_text


def likeliest(log_p: Tensor) -> tuple[tuple[int, ...], float]:
    """Add up every path of every text."""
    steps, letters = log_p.shape
    sums: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(letters), repeat=steps):
        text = tuple(k for k, _ in itertools.groupby(path) if k)
        sums[text] += math.exp(sum(float(log_p[t, k]) for t, k in enumerate(path)))
    best = max(sums, key=lambda text: sums[text])
    return best, math.log(sums[best])


def test_a_wide_search_finds_the_likeliest_text_and_its_probability() -> None:
    torch.manual_seed(0)
    for _ in range(15):
        log_p = torch.log_softmax(torch.randn(2, 5, 4) * 1.5, dim=2)
        found = ctc_search(log_p, torch.tensor([5, 3]), width=400, longest=6)
        for example, steps in ((0, 5), (1, 3)):
            text, score = likeliest(log_p[example, :steps])
            count = int(found.lengths[example])
            assert tuple(found.tokens[example, :count].tolist()) == text
            assert not found.tokens[example, count:].any()
            assert abs(float(found.score[example]) - score) < 1e-4


def test_a_text_of_many_paths_beats_the_likeliest_path() -> None:
    """Blank is likeliest at each step, yet the paths of one letter together are likelier (Graves and others 2006)."""
    log_p = torch.log(torch.tensor([[[0.6, 0.4], [0.6, 0.4]]]))
    assert not ctc_letters(log_p, None, None).any()
    found = ctc_search(log_p, torch.tensor([2]), width=3, longest=3)
    assert found.tokens[0].tolist() == [1, 0, 0]
    assert abs(math.exp(float(found.score)) - 0.64) < 1e-5


def test_equal_neighbours_are_joined_also_across_pieces_and_padding_says_nothing() -> None:
    best = torch.tensor([[1, 1, 0, 1, 2, 2], [3, 3, 0, 3, 3, 0]])
    scores = torch.nn.functional.one_hot(best, 4).float()
    whole = ctc_letters(scores, None, None)
    assert whole.tolist() == [[1, 0, 0, 1, 2, 0], [3, 0, 0, 3, 0, 0]]
    for cut in range(1, 6):
        pieces = [ctc_letters(scores[:, :cut], None, None), ctc_letters(scores[:, cut:], None, best[:, cut - 1])]
        assert torch.cat(pieces, dim=1).tolist() == whole.tolist()
    assert ctc_letters(scores, torch.tensor([3, 6]), None)[0].tolist() == [1, 0, 0, 0, 0, 0]
    tokens, counts = ctc_text(whole, 2)
    assert (tokens.tolist(), counts.tolist()) == ([[1, 1], [3, 3]], [2, 2])


def test_a_text_grows_no_longer_than_it_may() -> None:
    log_p = torch.log_softmax(torch.tensor([[[0.0, 9, 0], [9.0, 0, 0], [0, 0, 9.0], [9, 0, 0], [0, 9, 0]]]), dim=2)
    assert ctc_search(log_p, torch.tensor([5]), width=4, longest=3).tokens.tolist() == [[1, 2, 1]]
    assert ctc_search(log_p, torch.tensor([5]), width=4, longest=2).lengths.tolist() == [2]
