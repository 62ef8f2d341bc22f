"""A sentence as an answer: said word by word, or all places at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.metrics import edit_distance
from lstm_onnx.features.saying import Said, word_loss
from lstm_onnx.features.split import FeatureSplit
from lstm_onnx.nn.beam_search import Decoded
from lstm_onnx.plugin import Category, Sentence, metrics
from lstm_onnx.testing import check_task

NUMERALS = Path(__file__).with_name("numerals.py")


@pytest.fixture(scope="module")
def numerals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained for a moment, interrupted, resumed, exported and proved."""
    return check_task("numerals", folder=tmp_path_factory.mktemp("numerals"), plugin_file=NUMERALS).path


def test_words_are_searched_in_the_graph(numerals: Path) -> None:
    contract = lo.load(numerals).require_contract()
    assert [(t.name, t.internal) for t in contract.outputs] == [
        ("words", False),
        ("words_tokens", True),
        ("words_lengths", True),
        ("words_score", False),
        ("words_log_probabilities", True),
    ]
    assert contract.tolerance.decided_by == "words_score"
    assert contract.scores is not None
    assert set(contract.scores.model) == {"exact", "wer", "cer"}
    found = lo.load(numerals).run({"tens": [4, 0], "ones": [2, 9]})
    labels = contract.outputs[1].labels
    assert labels is not None and labels[:3] == ("<end>", "<start>", "<unknown>")
    for text, numbers, length in zip(found["words"], found["words_tokens"], found["words_lengths"], strict=True):
        assert text == " ".join(labels[k] for k in numbers[:length])
        assert not numbers[length:].any()


def test_without_strings_the_numbers_of_words_are_answered_and_scored(numerals: Path, tmp_path: Path) -> None:
    run = next((numerals.parent / "whole").iterdir())
    file = lo.export(run, tmp_path / "numeric.onnx", numeric=True)
    assert file.contract.outputs[0].name == "words_tokens"
    whole, numeric = (lo.evaluate(path, plugin_file=NUMERALS).scores for path in (numerals, file.path))
    assert numeric.model == whole.model


def test_it_learns_to_say_numbers(tmp_path: Path) -> None:
    run = lo.train("numerals", plugin_file=NUMERALS, epochs=25, threads=1, runs=tmp_path)
    assert run.scores is not None
    assert run.scores["wer"] < 0.3


def fitted(**options: object) -> Sentence:
    return Sentence(name="s", **options).fit(["a b b", ("b c", "c"), "b"])  # type: ignore[arg-type]


def test_words_have_numbers_the_most_frequent_first() -> None:
    feature = fitted()
    assert (feature.words, feature.width, feature.frequent) == (("b", "c", "a"), 6, "a b b")
    (numbers, texts), _, (strange, _) = feature.prepare_truth(["a  c", ("b", "c a"), "z b"])
    np.testing.assert_array_equal(numbers, [5, 4, 0])
    np.testing.assert_array_equal(strange, [2, 3, 0])
    assert texts == "a c"
    batch = feature.collate_truth(feature.prepare_truth(["a", ("b", "c a a")]))
    np.testing.assert_array_equal(batch["s_tokens"], [[5, 0], [3, 0]])
    np.testing.assert_array_equal(batch["s_lengths"], [2, 2])
    assert batch["s"].tolist() == ["a", "b\nc a a"]
    assert feature.truth(batch)["s"].tolist() == ["a", "b | c a a"]
    assert Sentence.model_validate_json(feature.model_dump_json()) == feature
    assert fitted(least=2).words == ("b", "c")
    assert len(fitted(longest=1).prepare_truth(["a b c"])[0][0]) == 2


def test_characters_are_put_together_without_spaces() -> None:
    feature = fitted(characters=True)
    assert feature.words == (" ", "b", "c", "a") or set(feature.words or ()) == {" ", "a", "b", "c"}
    numbers = np.array([[feature.words.index(c) + 3 for c in "a b"] + [0]])  # type: ignore[union-attr]
    stage = Sentence(name="s", characters=True, longest=4, words=feature.words).after()
    assert stage.reference({"s_tokens": numbers})["s"].tolist() == ["a b"]


@pytest.mark.parametrize("row", [3, [], ["a", 1], None])
def test_rows_that_are_no_texts_are_refused(row: object) -> None:
    with pytest.raises(UserError, match=r"example 1 of 's' is .*, and must be a str, or a list of them"):
        Sentence(name="s").fit([row])
    with pytest.raises(UserError, match="no word of 's' occurs 3 times in the training part"):
        Sentence(name="s", least=3).fit(["a a"])


def test_each_of_several_right_texts_is_learnt_from_and_all_count_in_the_test() -> None:
    feature, given = fitted(), Category(name="c").fit(["x", "y"])
    columns = {"c": ["x", "y"], "s": ["a", ("b", "c b")]}
    learnt = FeatureSplit.of([given], [feature], columns, np.arange(2), to_learn=True)
    tested = FeatureSplit.of([given], [feature], columns, np.arange(2))
    assert (len(learnt), len(tested)) == (3, 2)
    batch = next(learnt.batches(3))
    assert batch["c"].tolist() == ["x", "y", "y"]
    np.testing.assert_array_equal(batch["s_tokens"], [[5, 0, 0], [3, 0, 0], [4, 3, 0]])
    assert learnt.lengths.tolist() == [2, 2, 3]


def test_all_places_at_once_are_cut_at_the_first_end() -> None:
    scores = torch.full((1, 4, 6), 0.0)
    for place, word in enumerate((4, 3, 0, 5)):
        scores[0, place, word] = 1.0
    scores[0, 0, 1] = scores[0, 1, 2] = 9.0  # what stands for no word is never said
    found = Said("s", "s_", 4, scored=False)(scores)
    np.testing.assert_array_equal(found["s_tokens"], [[4, 3, 0, 0]])
    np.testing.assert_array_equal(found["s_lengths"], [2])
    with pytest.raises(UserError, match=r"words of the shape \(1, 4\); it must be \(batch, 3\), as its `longest` is"):
        Said("s", "s_", 3, scored=False)(scores)
    with pytest.raises(UserError, match="answers 's' with a Tensor; it must be what beam_search gave"):
        Said("s", "s_", 4, scored=True)(scores)
    decoded = Decoded(torch.tensor([[3, 0]]), torch.tensor([1]), torch.zeros(1, 2), torch.zeros(1), None)
    assert set(Said("s", "s_", 2, scored=False)(decoded)) == {"s_tokens", "s_lengths"}


def test_the_loss_ends_with_the_sentence() -> None:
    tokens, lengths = torch.tensor([[3, 0, 0], [4, 5, 0]]), torch.tensor([2, 3])
    scores = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(0))
    wanted = [
        torch.log_softmax(scores[e, p], 0)[w] for e, p, w in ((0, 0, 3), (0, 1, 0), (1, 0, 4), (1, 1, 5), (1, 2, 0))
    ]
    torch.testing.assert_close(word_loss("s", scores, tokens, lengths), -torch.stack(wanted).mean())
    with pytest.raises(UserError, match="give forward a parameter 's', which gets the right ones"):
        word_loss("s", tokens, tokens, lengths)


@pytest.mark.parametrize(("a", "b", "apart"), [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)])
def test_edit_distance(a: str, b: str, apart: int) -> None:
    assert edit_distance(a, b) == edit_distance(b, a) == apart


def test_error_rates_count_against_the_nearest_right_sentence() -> None:
    answers = {"s": np.array(["a dog", "two cats ran"], dtype=object)}
    batch = {"s": np.array(["a dog\none dog", "two cats\nit rained all day"], dtype=object)}
    figures = {
        m.name: m.finish(*m.add(answers, batch)) for m in (metrics.exact("s"), metrics.wer("s"), metrics.cer("s"))
    }
    assert figures == {"exact": 0.5, "wer": pytest.approx(1 / 4), "cer": pytest.approx(4 / 13)}
