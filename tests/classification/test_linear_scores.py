"""The linear model beside the LSTM: it is logistic regression on TF-IDF, chosen by the data, kept, and in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from lstm_onnx_classification import regression
from lstm_onnx_classification.linear_scores import LinearScores
from lstm_onnx_classification.regression import Bags, solve
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.training.tensor_files import load_tensors

SMALL = {"hidden": 4, "embedding": 4, "epochs": 1, "threads": 1, "device": "cpu"}


def drawn(count: int, seed: int = 0) -> tuple[list[list[int]], list[int]]:
    """Return texts of words 2 to 21, each word once, and classes that single words tell apart."""
    random = np.random.default_rng(seed)
    texts = [list(random.permutation(20)[:6] + 2) for _ in range(count)]
    return texts, [int(2 in t or 3 in t) + int(4 in t and 2 not in t) for t in texts]


def padded(texts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.nn.utils.rnn.pad_sequence([torch.tensor(t) for t in texts], batch_first=True)
    return rows, torch.tensor([len(t) for t in texts])


def test_the_solution_is_that_of_logistic_regression() -> None:
    texts, right = drawn(120)
    words = TfidfVectorizer(analyzer=lambda t: [str(w) for w in t])
    expected = LogisticRegression(C=5.0, max_iter=5000, tol=1e-8).fit(words.fit_transform(texts), right)
    tokens, counts = padded(texts)
    codes = tokens.flatten().int()
    bags = Bags(codes, counts, 22)
    bags.weigh(torch.log((1 + len(texts)) / (1 + bags.documents)) + 1)
    found = solve(bags, torch.tensor(right), torch.ones(len(right)), 3, 5.0)
    scores = bags.times(found.weights) + found.bias
    given = torch.softmax(scores, dim=1).numpy()
    np.testing.assert_allclose(given, expected.predict_proba(words.transform(texts)), atol=2e-3)


def test_bags_are_the_same_in_pieces_and_count_a_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    counts = torch.from_numpy(random.integers(0, 9, size=50))
    codes = torch.from_numpy(random.integers(0, 12, size=int(counts.sum()), dtype=np.int32))
    table = torch.zeros(50, 12)
    for text, own in enumerate(codes.split(counts.tolist())):
        table[text] = own.bincount(minlength=12)
    monkeypatch.setattr(regression, "PIECE", 20)
    bags = Bags(codes, counts, 12)
    assert bags.documents.tolist() == (table > 0).sum(dim=0).tolist()
    idf = torch.rand(12, generator=torch.Generator().manual_seed(0))
    bags.weigh(idf)
    scaled = table * idf / (table * idf.square()).sum(dim=1, keepdim=True).clamp(min=1e-12).sqrt()
    weights, errors = torch.randn(12, 3), torch.randn(50, 3)
    torch.testing.assert_close(bags.times(weights), scaled @ weights)
    torch.testing.assert_close(bags.gathered(errors), scaled.T @ errors)


def test_a_fit_forgets_the_one_before_and_takes_texts_without_a_word() -> None:
    texts, right = drawn(60)
    tokens, lengths = padded(texts)
    model = LinearScores(22, (1, 2), 3)
    model.fit([(tokens, lengths, torch.tensor(right))], torch.ones(3))
    assert model.weights.abs().sum() > 0
    model.fit([(tokens, torch.zeros_like(lengths), torch.tensor(right))], torch.ones(3))
    assert not model.weights.any()
    torch.testing.assert_close(model.bias.softmax(dim=0), torch.tensor(right).bincount() / 60, atol=2e-3, rtol=0)


def test_what_is_fitted_is_what_forward_scores() -> None:
    texts, right = drawn(300)
    model = LinearScores(22, (1, 2), 3)
    tokens, lengths = padded(texts)
    model.fit([(tokens, lengths, torch.tensor(right))], torch.ones(3))
    asked, truth = drawn(200, seed=1)
    rows, lengths = padded(asked)
    scores = model(rows, lengths)
    assert (scores.argmax(dim=1) == torch.tensor(truth)).float().mean() > 0.85
    longer = functional.pad(rows, (0, 5))
    torch.testing.assert_close(model(longer, lengths), scores)  # padding has no say
    unknown = model(torch.ones(1, 3, dtype=torch.long), torch.tensor([1]))
    torch.testing.assert_close(unknown[0], model.bias)
    assert torch.isfinite(model(torch.zeros(1, 0, dtype=torch.long), torch.tensor([0]))).all()


def test_rare_classes_weigh_more_where_that_is_wished() -> None:
    texts, _ = drawn(300)
    right = torch.tensor([int(t[0] == 2) for t in texts])  # which nothing tells: 1 of 20
    tokens, lengths = padded(texts)
    shares = {}
    for name, weights in {"plain": torch.ones(2), "even": 1 / right.bincount().float()}.items():
        model = LinearScores(22, (1,), 2)
        model.fit([(tokens, lengths, right)], weights)
        shares[name] = float((model(tokens, lengths).argmax(dim=1) == 1).float().mean())
    assert shares["plain"] < 0.05 < shares["even"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts, right = drawn(90)
    frame = pl.DataFrame({"text": [" ".join(f"w{w}" for w in t) for t in texts], "label": [f"c{k}" for k in right]})
    path: Path = tmp_path_factory.mktemp("texts") / "texts.csv"
    frame.write_csv(path)
    return path


@pytest.fixture(scope="module")
def run(table: Path, tmp_path_factory: pytest.TempPathFactory) -> lo.Run:
    return lo.train("classification", table, runs=tmp_path_factory.mktemp("runs"), **SMALL)


def test_texts_have_it_by_default_and_no_step_changes_it(run: lo.Run, table: Path, tmp_path: Path) -> None:
    assert run.record.config["tf_idf"] == [1]
    weights = load_tensors(run.weights)[0]
    kept = weights["network.linear.weights"]
    assert kept.abs().sum() > 0
    longer = lo.train("classification", table, runs=tmp_path, **{**SMALL, "epochs": 3})
    torch.testing.assert_close(load_tensors(longer.weights)[0]["network.linear.weights"], kept, rtol=0, atol=0)


def test_the_file_answers_alike_also_in_int8(run: lo.Run, tmp_path: Path) -> None:
    whole = lo.export(run, tmp_path / "texts.onnx")
    lo.verify(whole)
    small = lo.export(run, tmp_path / "small.onnx", variant="int8")
    asked = {"text": ["w2 w5 w9", "w7 w8", ""]}
    exact, rounded = (lo.load(f).predict(asked) for f in (whole, small))
    np.testing.assert_allclose(exact.outputs["probabilities"], rounded.outputs["probabilities"], atol=0.05)


def test_it_is_left_out_where_it_is_not_wished_or_cannot_be(table: Path, tmp_path: Path) -> None:
    without = lo.train("classification", table, runs=tmp_path, tf_idf=(0,), **SMALL)
    assert "network.linear.weights" not in load_tensors(without.weights)[0]
    with pytest.raises(UserError, match="no words"):
        lo.train("classification", None, runs=tmp_path, tf_idf=(1,), **SMALL)
    with pytest.raises(UserError, match="1 to 5 words"):
        lo.train("classification", table, runs=tmp_path, tf_idf=(6,), **SMALL)
