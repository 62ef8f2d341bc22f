"""Our optimizer changes weights as `torch.optim` does, to the last bit, and goes on from what it kept."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lstm_onnx.training.adam import Adam


def _learn(model: nn.LSTM, unused: bool = False) -> None:
    x = torch.arange(60.0).reshape(5, 4, 3).sin()
    for weight in model.parameters():
        weight.grad = None
    model(x)[0].square().sum().backward()
    if unused:
        model.bias_hh_l0.grad = None


def _weights(model: nn.Module) -> list[Tensor]:
    return [weight.detach().clone() for weight in model.parameters()]


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weights_are_those_of_torch(decoupled: bool, decay: float) -> None:
    torch.manual_seed(0)
    mine, its = nn.LSTM(3, 20), nn.LSTM(3, 20)
    its.load_state_dict(mine.state_dict())
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    other, optimizer = kind(its.parameters(), weight_decay=decay, fused=True), Adam(mine.parameters(), decay, decoupled)
    before = _weights(mine)
    for step in range(6):
        _learn(mine, unused=step < 2)
        _learn(its, unused=step < 2)
        other.param_groups[0]["lr"] = rate = 0.01 * (step + 1)
        optimizer.step(rate)
        other.step()
    for a, b, first in zip(_weights(mine), _weights(its), before, strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, first)
    assert [float(state["step"]) for _, state in sorted(optimizer.state.items())] == [6, 6, 6, 4]


def test_it_goes_on_from_what_torch_kept() -> None:
    torch.manual_seed(0)
    mine, its = nn.LSTM(3, 20), nn.LSTM(3, 20)
    other, optimizer = (
        torch.optim.AdamW(its.parameters(), lr=0.01, weight_decay=0.0, fused=True),
        Adam(mine.parameters()),
    )
    _learn(its)
    other.step()
    mine.load_state_dict(its.state_dict())
    optimizer.load(other.state_dict()["state"])
    for _ in range(2):
        _learn(mine)
        _learn(its)
        optimizer.step(0.01)
        other.step()
    assert all(torch.equal(a, b) for a, b in zip(_weights(mine), _weights(its), strict=True))


def test_gradients_are_forgotten() -> None:
    model = nn.LSTM(3, 2)
    optimizer = Adam(model.parameters())
    _learn(model, unused=True)
    assert len(optimizer.gradients()) == 3
    optimizer.forget_gradients()
    assert not optimizer.gradients()


def test_weights_of_two_types_learn_together() -> None:
    model = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2, dtype=torch.float64)])
    optimizer, before = Adam(model.parameters()), _weights(model)
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step(0.01)
    assert not any(torch.equal(a, b) for a, b in zip(before, _weights(model), strict=True))


def test_averages_follow_the_weights_and_stand_in_for_them() -> None:
    torch.manual_seed(0)
    plain, model = nn.LSTM(3, 20), nn.LSTM(3, 20)
    model.load_state_dict(plain.state_dict())
    one, optimizer = Adam(plain.parameters()), Adam(model.parameters())
    wanted: list[Tensor] = []
    for _ in range(5):
        _learn(plain)
        _learn(model)
        one.step(0.01)
        optimizer.step(0.01, 0.75)
        weights = _weights(model)
        assert all(torch.equal(a, b) for a, b in zip(weights, _weights(plain), strict=True))  # learnt as without them
        wanted = [0.75 * a + 0.25 * b for a, b in zip(wanted or weights, weights, strict=True)]
    with pytest.raises(ValueError, match="stopped"), optimizer.averaged():
        for found, mean, weight in zip(_weights(model), wanted, weights, strict=True):
            torch.testing.assert_close(found, mean)
            assert not torch.equal(found, weight)
        raise ValueError("stopped")
    assert all(torch.equal(a, b) for a, b in zip(_weights(model), weights, strict=True))


def test_without_averages_the_weights_stay() -> None:
    model = nn.LSTM(3, 4)
    optimizer, before = Adam(model.parameters()), _weights(model)
    with optimizer.averaged():
        assert all(torch.equal(a, b) for a, b in zip(_weights(model), before, strict=True))


def test_what_the_model_changes_itself_is_averaged_with_its_weights() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    buffers = [model[1].running_mean, model[1].running_var]
    optimizer = Adam(model.parameters(), followed=buffers)
    means = []
    for step in range(3):
        optimizer.forget_gradients()
        model(torch.arange(15.0).reshape(5, 3).sin() + step).square().sum().backward()
        optimizer.step(0.01, 0.5)
        means.append(buffers[0].clone())
    again = Adam(model.parameters(), followed=buffers)
    again.load(optimizer.state)  # as a checkpoint keeps it
    with again.averaged():
        torch.testing.assert_close(model[1].running_mean, 0.25 * means[0] + 0.25 * means[1] + 0.5 * means[2])
    assert torch.equal(model[1].running_mean, means[2])
