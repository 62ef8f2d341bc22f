"""The captioner: what it learns from, and what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lstm_onnx_captioning.model import Narrow
from lstm_onnx_captioning.task import Captioning

from lstm_onnx.features.module import FeatureModel
from lstm_onnx.features.resizing import to_unit
from lstm_onnx.features.sentence_graph import END, START, UNKNOWN
from lstm_onnx.nn.joint_search import Searcher
from tests.captioning.tiny import WORDS, captioner, config, learnt, network

DECODERS = ["attend", "tell"]


def batch(count: int = 8, steps: int = 5, seed: int = 0) -> dict[str, torch.Tensor]:
    """Make pictures of one colour each, with words of any length."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, steps + 1, count)
    lengths[0] = steps
    tokens = random.integers(3, 3 + len(WORDS), (count, steps))
    tokens[np.arange(steps) >= lengths[:, None] - 1] = END
    colours = random.integers(0, 256, (count, 1, 1, 3)).repeat(16, 1).repeat(16, 2)
    arrays = {"image_pixels": to_unit(colours.astype(np.uint8)), "tokens": tokens, "lengths": lengths}
    return {name: torch.from_numpy(a) for name, a in arrays.items()}


def said(model: FeatureModel, given: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        found = Searcher()(network(model.eval())(given["image_pixels"]))
    told = found["caption"]
    first = (told.tokens, told.lengths, told.score, told.log_probabilities)
    return (*first, found["attention"]) if "attention" in found else first


def taught(model: FeatureModel, tokens: torch.Tensor, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        found: dict[str, torch.Tensor] = network(model)(pixels, tokens)
    return found


@pytest.mark.parametrize("decoder", DECODERS)
def test_it_learns_captions_by_heart(decoder: str) -> None:
    torch.manual_seed(0)
    chosen = config(decoder=decoder, dropout=0)
    model = Captioning().build_model(chosen, learnt(chosen))
    assert isinstance(model, FeatureModel)
    given = batch()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(120):
        loss = model.loss(given)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens, lengths, *_ = said(model, given)
    assert tokens[:, : given["tokens"].shape[1]].tolist() == given["tokens"].tolist()
    assert lengths.tolist() == (given["lengths"] - 1).tolist()


@pytest.mark.parametrize("decoder", DECODERS)
def test_padding_does_not_count(decoder: str) -> None:
    model, given = captioner(config(decoder=decoder)), batch()
    network(model).dropout.p = network(model).decoder.dropout.p = 0
    for training in (True, False):
        model.train(training)
        network(model).encoder.eval()
        padding = torch.arange(5) >= given["lengths"].unsqueeze(1)
        other = torch.where(padding, torch.tensor(UNKNOWN), given["tokens"])
        longer = torch.cat([other, other], dim=1)
        for tokens in (other, longer):
            torch.testing.assert_close(model.loss(given), model.loss({**given, "tokens": tokens}))


@pytest.mark.parametrize("decoder", DECODERS)
def test_search_says_what_teaching_would_score(decoder: str) -> None:
    """The same words fed as in training have the log-probabilities that the search gives them, and the attention."""
    model, given = captioner(config(decoder=decoder, beam=3)), batch(6)
    tokens, lengths, score, log_p, *attention = said(model, given)
    assert model.training is False
    found = taught(model, tokens, given["image_pixels"])
    scores, looked = found["caption"], found.get("attention")
    scores[:, :, [START, UNKNOWN]] = float("-inf")
    scores[:, 0, END] = float("-inf")
    wanted = torch.log_softmax(scores, dim=2).gather(2, tokens.unsqueeze(2)).squeeze(2)
    counts = torch.arange(tokens.shape[1]) <= lengths.unsqueeze(1)
    torch.testing.assert_close(log_p, torch.where(counts, wanted, 0), rtol=0, atol=1e-5)
    torch.testing.assert_close(score, log_p.sum(dim=1), rtol=0, atol=1e-5)
    if looked is not None:
        shares = torch.where(counts.unsqueeze(2), looked, 0)
        torch.testing.assert_close(attention[0].flatten(2), shares, rtol=0, atol=1e-6)
        torch.testing.assert_close(attention[0].sum(dim=(2, 3)), counts.to(torch.float32))
    else:
        assert attention == []


@pytest.mark.parametrize("beam", [1, 4])
def test_only_words_are_said_and_one_at_least(beam: int) -> None:
    model = captioner(config(beam=beam))
    with torch.no_grad():
        for favourite in (START, UNKNOWN, END):
            network(model).decoder.scores.bias.zero_()
            network(model).decoder.scores.bias[favourite] = 100
            tokens, lengths, *_ = said(model, batch(12))
            assert not torch.isin(tokens, torch.tensor([START, UNKNOWN])).any()
            assert (lengths >= 1).all()
            if favourite == END:
                assert lengths.tolist() == [1] * 12


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_caption_depends_on_where_things_are(decoder: str) -> None:
    model = captioner(config(decoder=decoder, dropout=0))
    torch.nn.init.normal_(network(model).position)
    left = torch.zeros(1, 3, 16, 16)
    left[:, :, :, :8] = 1
    scores = []
    for image in (left, left.flip(3)):
        scores.append(taught(model, torch.tensor([[5, 6, END]]), image)["caption"])
    assert (scores[0] - scores[1]).abs().max() > 1e-3


def test_options_of_the_loss_do_something_in_training_alone() -> None:
    given = batch()
    plain = config(dropout=0, attention_weight=0)
    losses = {}
    for training in (True, False):
        for name, change in (
            ("plain", {}),
            ("smoothing", {"smoothing": 0.2}),
            ("attention", {"attention_weight": 2.0}),
            ("sampling", {"sampling": 0.9}),
        ):
            model = captioner(plain).train(training)
            network(model).config = plain.model_copy(update=change)
            network(model).encoder.eval()
            torch.manual_seed(0)
            losses[name, training] = model.loss(given).item()
    assert len({losses[name, False] for name in ("plain", "smoothing", "attention", "sampling")}) == 1
    assert len({losses[name, True] for name in ("plain", "smoothing", "attention", "sampling")}) == 4
    assert losses["attention", True] > losses["plain", True]


def test_channels_of_a_frozen_encoder_drop_whole_and_in_training_alone() -> None:
    narrow = Narrow(40, config(feature_dropout=0.5))
    with torch.no_grad():
        narrow.narrow.weight.fill_(1)
        narrow.narrow.bias.zero_()  # type: ignore[union-attr]
        sums = [narrow.train(training)(torch.ones(8, 40, 4, 4)) for training in (True, False)]
    assert torch.all(sums[1] == 40)
    assert sums[0].unique().numel() > 1
    assert torch.all(sums[0] == sums[0][:, :, :1, :1])  # alike in all places


def test_a_map_that_the_stages_do_not_divide_is_rounded_up() -> None:
    model = captioner(config(size=19))
    assert network(model).grid == (5, 5)
    image = torch.zeros(2, 3, 19, 19)
    assert said(model, {"image_pixels": image})[-1].shape == (2, 6, 5, 5)
