"""Several runs that find one text together: one search over the mean of their probabilities, proved like any file."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.nn.beam_search import NEVER, SearchState
from lstm_onnx.nn.joint_search import Search, log_mean, settled_together
from lstm_onnx.training.several import Several

START, END, LONGEST, WORDS = 1, 0, 4, 5


def test_the_mean_is_that_of_probabilities_even_where_one_has_none() -> None:
    some = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.0, 0.9]], dtype=torch.float64))
    never = torch.full((1, 3), NEVER, dtype=torch.float64)
    found = log_mean([torch.cat([some[:1], never]), torch.cat([some[1:], never])])
    np.testing.assert_allclose(found[0].exp(), [0.3, 0.125, 0.575])
    assert torch.equal(found[1:], never)  # what no model can say stays so, and is no NaN
    small = torch.tensor([-300.0])  # its probability is 0 in float32
    np.testing.assert_allclose(log_mean([small, small - 1]), -300 + math.log((1 + math.exp(-1)) / 2), rtol=1e-6)


def table(seed: int) -> Tensor:
    """Log-probabilities of the next word after each: (last, word); the end is not likely."""
    scores = torch.randn(WORDS, WORDS, generator=torch.Generator().manual_seed(seed))
    return torch.log_softmax(scores - 4 * torch.eye(WORDS)[END], dim=1)


def search(seed: int, width: int = WORDS**LONGEST) -> Search:
    """A model whose state is how often it was asked, so that states that are mixed up are found out."""

    def step(token: Tensor, state: SearchState) -> tuple[Tensor, SearchState, Tensor | None]:
        asked = state[0]
        own = torch.stack([table(seed + 10 * k) for k in range(LONGEST)])  # another table at each step
        return own[asked[:, 0].to(torch.int64), token], (asked + 1,), asked * seed

    state = (torch.zeros(2, 1),)
    return Search(step, state, START, END, width, LONGEST, answers=lambda found: (seed, found), noted=1)


def test_it_finds_what_is_likeliest_by_all_together() -> None:
    """Held against every sequence there is."""
    seeds = (1, 2, 3)
    answers = settled_together([search(s) for s in seeds])
    assert [seed for seed, _ in answers] == [1, 2, 3]
    found = answers[0][1]
    assert all(other is found for _, other in answers)
    mean = [torch.stack([table(s + 10 * k).exp() for s in seeds]).mean(dim=0).log() for k in range(LONGEST)]

    def total(words: tuple[int, ...]) -> float:
        return float(sum(mean[k][a, b] for k, (a, b) in enumerate(pairwise((START, *words)))))

    everything = {(END,): total((END,))}
    begun: list[tuple[int, ...]] = [()]
    for k in range(LONGEST):
        begun = [(*b, w) for b in begun for w in range(1, WORDS)]
        everything |= {(*b, END) if k + 1 < LONGEST else b: total((*b, END) if k + 1 < LONGEST else b) for b in begun}
    best = max(everything, key=lambda words: everything[words])
    said = [w for w in best if w != END]
    assert found.tokens[0].tolist() == said + [END] * (LONGEST - len(said))
    np.testing.assert_allclose(found.score, [everything[best]] * 2, rtol=1e-5)
    np.testing.assert_allclose(found.notes[0, 1], 2.0)  # the mean of 1, 2 and 3, at the second step


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Several:
    runs, small = tmp_path_factory.mktemp("runs"), {"hidden": 8, "embedding": 6, "beam": 2, "count": 120}
    return lo.train_several("translate", seeds=2, **small, epochs=2, threads=1, runs=runs, name="two")


@pytest.fixture(scope="module")
def files(seeds: Several, tmp_path_factory: pytest.TempPathFactory) -> list[lo.Exported]:
    to = tmp_path_factory.mktemp("exported") / "two.onnx"
    return lo.export(seeds, to, variant=["fp32", "fp16"], max_drop=100)


def test_a_file_of_several_translators_is_proved(seeds: Several, files: list[lo.Exported]) -> None:
    whole, half = files
    assert whole.report.passed and half.report.passed
    assert whole.verify(seeds).passed
    assert [t.name for t in whole.contract.outputs if not t.internal] == ["target", "target_score"]
    assert whole.contract.scores is not None and whole.contract.scores.model.keys() == {"error_rate", "exact"}


def test_what_searches_otherwise_is_refused(seeds: Several, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("others")
    one = seeds.runs[0]
    kept = {"epochs": 1, "threads": 1, "hidden": 8, "embedding": 6, "count": 120, "runs": folder}
    wider = lo.train("translate", seed=0, **kept, beam=3, name="wider")
    with pytest.raises(UserError, match="wider: cannot answer together with .*seed-0: it searches with a width of 3, and not 2"):
        lo.export([one, wider], folder / "x.onnx")
    few = lo.train("translate", seed=0, **{**kept, "min_count": 60}, beam=2, name="few")
    with pytest.raises(UserError, match="few: cannot answer together with .*seed-0: its 'target_tokens' lacks '"):
        lo.export([one, few], folder / "x.onnx")
