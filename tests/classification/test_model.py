"""The network: padding has no say, missing values are what they should be, calibration finds what was hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from lstm_onnx_classification.convolution import ConvolutionBranch, MaskedBatchNorm
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.pooling import Pooling
from torch import nn
from torch.nn import functional

from lstm_onnx.features.category import Category
from lstm_onnx.features.coding import fit_temperature
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.module import FeatureModel
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.text import Text
from lstm_onnx.features.words import Words
from lstm_onnx.plugins.registry import load_task

TASK = load_task("classification").task
LABEL = Category(name="label", scores="probabilities", calibrated=True)
SERIES = Learnt(
    inputs=(Rows(name="values", columns=("x", "y"), center=(1, 2), spread=(2, 0.5), tolerant=True),),
    outputs=(LABEL.model_copy(update={"levels": ("a", "b", "c"), "shares": (0.5, 0.3, 0.2)}),),
)
TEXTS = Learnt(
    inputs=(Text(name="text", words=Words(column="text", known=tuple(map(str, range(50))))),),
    outputs=(LABEL.model_copy(update={"levels": ("a", "b"), "shares": (0.5, 0.5)}),),
)
CONFIGS: dict[str, dict[str, Any]] = {
    "usual": {},
    "all at once": {"pooling": ("last", "mean", "max", "attention"), "convolutions": (6, 5, 4), "layers": 2},
    "one direction": {"bidirectional": False, "pooling": ("last",)},
    "patches": {"patch": 3, "convolutions": (6, 5, 4)},
    "scaled by sequence": {"scaling": "sequence", "convolutions": (4,)},
    "scaled in both ways": {"scaling": "both", "random_convolutions": 168, "convolutions": (4,)},
    "random convolutions": {"random_convolutions": 168, "convolutions": (4,)},
    "n-grams": {"ngrams": (1, 2, 3)},
    "linear": {"tf_idf": (1, 2)},
    "linear, of few places": {"tf_idf": (1, 2, 3), "tf_idf_places": 7},
}


def build(config: Config, learnt: Learnt, **changes: Any) -> FeatureModel:
    """Make a classifier, perhaps of an input that learnt something else."""
    given = learnt.inputs[0].model_copy(update=changes)
    return TASK.build_model(config, learnt.model_copy(update={"inputs": (given,)}))  # type: ignore[return-value]


def fit_random(model: FeatureModel) -> None:
    """Fit random convolutions, and let them have a say."""
    random = model.network.random
    if random is not None:
        columns = random.features.get_buffer("kernels_0").shape[1] - 1
        random.features.fit(torch.randn(20, 12, columns), torch.full((20,), 12))
        nn.init.normal_(random.head.weight)


def probabilities(model: FeatureModel, x: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    name = "values" if x.is_floating_point() else "tokens"
    with torch.no_grad():
        asked = model.run({name: x, "lengths": torch.tensor(lengths)})
        return model.decode(asked)["probabilities"]


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("info", [SERIES, TEXTS], ids=["series", "texts"])
def test_padding_has_no_say(name: str, info: Learnt) -> None:
    torch.manual_seed(0)
    config = Config(hidden=6, embedding=5, **CONFIGS[name])
    model = build(config, info, **({"scaling": config.scaling} if config.scaling else {})).eval()
    fit_random(model)
    lengths = [9, 1, 4, 7]
    full = torch.randn(4, 9, 2) if info is SERIES else torch.randint(1, 52, (4, 9))
    alone = torch.cat([probabilities(model, full[i : i + 1, :n], [n]) for i, n in enumerate(lengths)])
    torch.testing.assert_close(probabilities(model, full, lengths), alone, atol=1e-6, rtol=0)
    padded = torch.cat([full, torch.full_like(full, 7)], dim=1)
    torch.testing.assert_close(probabilities(model, padded, lengths), alone, atol=1e-6, rtol=0)


def test_a_text_without_words_is_answered() -> None:
    model = build(Config(hidden=6, embedding=5, pooling=("last", "mean", "max", "attention"), ngrams=(1, 2)), TEXTS)
    found = probabilities(model.eval(), torch.zeros(1, 1, dtype=torch.int64), [0])
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found[0], torch.softmax(model.network.head.bias.detach(), dim=0))


@pytest.mark.parametrize("scaling", ["columns", "sequence"])
def test_units_make_no_difference(scaling: Any) -> None:
    """What is scaled by its own mean and spread is the same in metres and in feet."""
    torch.manual_seed(0)
    metres = build(Config(hidden=6), SERIES, scaling=scaling).eval()
    feet = build(Config(hidden=6), SERIES, scaling=scaling, center=(1 * 3.28, 2), spread=(2 * 3.28, 0.5)).eval()
    feet.network.load_state_dict(metres.network.state_dict())
    x = torch.randn(3, 9, 2) * 4
    other = x * torch.tensor([3.28, 1.0])
    torch.testing.assert_close(probabilities(metres, x, [9, 5, 2]), probabilities(feet, other, [9, 5, 2]))


def test_the_second_way_is_each_sequence_by_itself_to_the_last_bit() -> None:
    """Whatever the padding, the batch and the level: random convolutions count on it."""
    torch.manual_seed(0)
    given = SERIES.inputs[0].model_copy(update={"scaling": "both", "gaps": True})
    encoder, x, lengths = given.encoder(), torch.randn(3, 50, 2) + 2, torch.tensor([50, 7, 31])
    x[0, 4, 0] = float("nan")
    found = encoder(values=x, lengths=lengths)["values"]
    assert given.ways == ((0, 1, 2, 3), (4, 5, 2, 3)) and found.shape == (3, 50, given.size) == (3, 50, 6)
    for k, n in enumerate(lengths.tolist()):
        alone = encoder(values=x[k : k + 1, :n], lengths=lengths[k : k + 1])["values"]
        assert torch.equal(found[k : k + 1, :n], alone)
        assert not found[k, n:].any()
        own = alone[0, :, 4:]
        torch.testing.assert_close(own[:, 1].mean(), torch.tensor(0.0), atol=1e-3, rtol=0)
        torch.testing.assert_close(own[:, 1].abs().mean() * 1.2533, torch.tensor(1.0), atol=1e-2, rtol=0)
    quieter = encoder(values=x / 4 + 1, lengths=lengths)["values"]
    torch.testing.assert_close(quieter[:, :, 4:], found[:, :, 4:], atol=5e-3, rtol=0)
    shuffled = torch.randperm(31)  # sums in another order
    moved = encoder(values=x[2:, shuffled], lengths=lengths[2:])["values"]
    assert torch.equal(moved[0, :, 4:], found[2, shuffled, 4:])


def test_missing_values_are_the_mean_and_are_seen() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 9, 2)
    holes, infinite, mean = x.clone(), x.clone(), x.clone()
    holes[0, 3, 0], infinite[0, 3, 0], mean[0, 3, 0] = float("nan"), float("inf"), 1.0  # the centre
    blind = build(Config(hidden=6), SERIES).eval()
    torch.testing.assert_close(probabilities(blind, holes, [9]), probabilities(blind, mean, [9]))
    torch.testing.assert_close(probabilities(blind, infinite, [9]), probabilities(blind, mean, [9]))
    seeing = build(Config(hidden=6), SERIES, gaps=True).eval()
    apart = (probabilities(seeing, holes, [9]) - probabilities(seeing, mean, [9])).abs().max()
    assert apart > 1e-4


def test_batch_norm_is_torchs_where_nothing_is_padded() -> None:
    torch.manual_seed(0)
    ours, theirs = MaskedBatchNorm(5), nn.BatchNorm1d(5)
    for _ in range(3):
        x = torch.randn(4, 5, 7) * 3 + 1
        torch.testing.assert_close(ours(x, torch.ones(4, 1, 7)), theirs(x))
    torch.testing.assert_close(ours.mean, theirs.running_mean)
    torch.testing.assert_close(ours.variance, theirs.running_var)
    x = torch.randn(2, 5, 3)
    torch.testing.assert_close(ours.eval()(x, torch.ones(2, 1, 3)), theirs.eval()(x))


def test_batch_norm_leaves_padding_out_in_training() -> None:
    torch.manual_seed(0)
    x, valid = torch.randn(3, 2, 6), torch.ones(3, 1, 6)
    valid[1, 0, 2:] = 0
    spoilt = torch.where(valid.bool(), x, torch.tensor(1e6))
    one, other = MaskedBatchNorm(2), MaskedBatchNorm(2)
    seen = valid.bool().expand_as(x)
    torch.testing.assert_close(one(x * valid, valid)[seen], other(spoilt, valid)[seen])
    torch.testing.assert_close(one.mean, other.mean)


def test_convolutions_are_torchs_same_padding() -> None:
    torch.manual_seed(0)
    branch = ConvolutionBranch(3, (4, 5), (8, 5, 3)).eval()
    x = torch.randn(2, 11, 3)
    y = x.transpose(1, 2)
    for layer, kernel in zip(branch.layers, (8, 5), strict=True):
        padded = functional.pad(y, ((kernel - 1) // 2, kernel // 2))
        fresh_norm = np.sqrt(1 + 1e-5)
        y = functional.relu(functional.conv1d(padded, layer.weight, layer.bias) / fresh_norm)
    torch.testing.assert_close(branch(x, torch.tensor([11, 11])), y.mean(dim=2), atol=1e-5, rtol=1e-4)


def test_attention_is_a_weighted_mean() -> None:
    torch.manual_seed(0)
    pooling = Pooling(("attention",), 4)
    states, last = torch.randn(2, 5, 4), torch.randn(2, 4)
    assert pooling.attend is not None
    weights = torch.softmax(pooling.attend(states[:1, :3]), dim=1)
    found = pooling(states, last, torch.tensor([3, 5]))
    torch.testing.assert_close(found[0], (weights * states[:1, :3]).sum(dim=1)[0])


def test_temperature_finds_what_was_hidden() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 4, generator=generator) * 2
    target = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator).squeeze(1)
    for hidden in (0.5, 1.0, 3.0):
        assert fit_temperature(logits * hidden, target) == pytest.approx(hidden, rel=0.05)


def test_few_examples_that_are_all_right_do_not_make_sure() -> None:
    logits = torch.eye(3).repeat(4, 1) * 3
    assert fit_temperature(logits, torch.arange(3).repeat(4)) > 0.3


def test_rare_classes_weigh_more_if_wished() -> None:
    label = SERIES.outputs[0].model_copy(update={"balance": "weights"})
    logits, batch = torch.zeros(2, 3), {"label_number": torch.tensor([0, 2])}
    weights = 1 / (3 * torch.tensor([0.5, 0.3, 0.2]))
    wanted = functional.cross_entropy(logits, batch["label_number"], weights)
    torch.testing.assert_close(label.loss(logits, batch), wanted)


def test_random_convolutions_and_the_lstm_are_each_taught_what_is_theirs() -> None:
    """The linear layer learns as if it were alone, and the LSTM what is missing then."""
    torch.manual_seed(0)
    model = build(Config(hidden=6, random_convolutions=84), SERIES)
    batch = {"values": torch.randn(8, 20, 2), "lengths": torch.full((8,), 20), "label_number": torch.arange(8) % 3}
    ready = model.ready(batch)
    model.train()
    model.loss({**batch, **ready}).backward()  # type: ignore[no-untyped-call]
    alone = nn.Linear(84, 3)
    with torch.no_grad():
        nn.init.zeros_(alone.weight), nn.init.zeros_(alone.bias)
    functional.cross_entropy(alone(next(iter(ready.values()))), batch["label_number"]).backward()
    torch.testing.assert_close(model.network.random.head.weight.grad, alone.weight.grad)
    assert model.network.head.weight.grad.abs().max() > 0
    before = [tensor.clone() for tensor in model.network.random.features.buffers()]
    model.ready({name: tensor[:4] for name, tensor in batch.items()})  # fitted once
    assert all(torch.equal(a, b) for a, b in zip(before, model.network.random.features.buffers(), strict=True))


def test_what_was_prepared_is_what_would_be_computed() -> None:
    torch.manual_seed(0)
    model = build(Config(hidden=6, random_convolutions=84, dropout=0), SERIES)
    batch = {
        "values": torch.randn(4, 20, 2),
        "lengths": torch.tensor([20, 5, 9, 20]),
        "label_number": torch.arange(4) % 3,
    }
    ready = model.ready(batch)
    assert torch.equal(model.loss({**batch, **ready}), model.loss(batch))
