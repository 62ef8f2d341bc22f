"""The LSTM layer against the textbook, against `torch.nn.LSTM`, and against its own promises.

Each axis (layers, directions, lengths, state, dtype, size) is varied where something depends on it, not times every
other: `tools/mutants tests/nn/test_lstm.py` breaks the layer in some fifty ways, and says if any goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstm_onnx.nn.lstm import LSTM, State, onnx_weights
from tests.nn import textbook
from tests.nn.lstm_cases import (
    HIDDEN,
    INPUT,
    SHAPES,
    Shape,
    make_input,
    make_lengths,
    make_lstm,
    make_state,
    spoil_padding,
    textbook_answer,
    textbook_weights,
)

NEAR = {torch.float32: 1e-6, torch.float64: 1e-12}
ONE, BOTH, DEEP = Shape(), Shape(bidirectional=True), Shape(layers=2, bidirectional=True)
RAGGED = torch.tensor([3, 6, 0, 1, 5])

shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
dtypes = pytest.mark.parametrize("dtype", NEAR, ids=["float32", "float64"])
with_and_without_lengths = pytest.mark.parametrize("kind", ["none", "ragged"])
with_and_without_state = pytest.mark.parametrize("given", [False, True], ids=["zeros", "state"])


@dataclass(frozen=True)
class Case:
    """One way to call the layer."""

    shape: Shape = DEEP
    kind: str = "ragged"
    given: bool = True
    dtype: torch.dtype = torch.float32
    batch: int = 5
    time: int = 6

    def __str__(self) -> str:
        state, number = "state" if self.given else "zeros", str(self.dtype).removeprefix("torch.")
        return f"{self.shape}-{self.kind}-{state}-{number}-{self.batch}x{self.time}"


CASES = [
    *(Case(shape, kind, given) for shape in SHAPES for kind in ("none", "ragged") for given in (False, True)),
    *(Case(kind=kind) for kind in ("zeros", "ones", "full")),
    *(Case(shape, kind, dtype=torch.float64) for shape in (ONE, DEEP) for kind in ("none", "ragged")),
    *(Case(batch=batch, time=time) for batch, time in [(1, 6), (5, 1), (1, 1)]),
]


def assert_near(found: Tensor, wanted: Tensor | textbook.Array, near: float) -> None:
    """Compare within `near`, absolutely up to a size of 1 and relatively beyond."""
    torch.testing.assert_close(found.detach().double(), torch.as_tensor(wanted).double(), rtol=near, atol=near)


def leaves(*tensors: Tensor) -> tuple[Tensor, ...]:
    return tuple(t.clone().requires_grad_() for t in tensors)


class TestForward:
    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_is_the_textbooks(self, case: Case) -> None:
        lstm, lengths = make_lstm(case.shape, case.dtype), make_lengths(case.kind, case.batch, case.time)
        state = make_state(case.shape, case.batch, case.dtype) if case.given else None
        x = spoil_padding(make_input(case.batch, case.time, case.dtype), lengths)
        output, (h, c) = lstm(x, lengths, state)
        for found, wanted in zip((output, h, c), textbook_answer(lstm, x, lengths, state), strict=True):
            assert found.dtype == case.dtype
            assert_near(found, wanted, NEAR[case.dtype])

    @dtypes
    def test_is_the_textbooks_over_many_steps(self, dtype: torch.dtype) -> None:
        lstm, x, lengths = make_lstm(DEEP, dtype), make_input(4, 200, dtype), torch.tensor([200, 3, 117, 0])
        output, (h, c) = lstm(x, lengths)
        for found, wanted in zip((output, h, c), textbook_answer(lstm, x, lengths, None), strict=True):
            assert_near(found, wanted, NEAR[dtype] * 10)

    def test_cell_survives_thousands_of_steps_of_padding(self) -> None:
        lstm, state = make_lstm(BOTH), make_state(BOTH, 3)
        x, lengths = make_input(3, 5000), torch.tensor([4, 0, 5000])
        _, (h, c) = lstm(x, lengths, state)
        _, wanted_h, wanted_c = textbook_answer(lstm, x[:2, :4], lengths[:2], (state[0][:, :2], state[1][:, :2]))
        assert_near(h[:, :2], wanted_h, 1e-6)
        assert_near(c[:, :2], wanted_c, 1e-6)
        assert torch.equal(c[:, 1], state[1][:, 1])  # no step at all: not even a rounding

    def test_cell_survives_padding_under_saturated_gates(self) -> None:
        lstm, state, x = make_lstm(DEEP), make_state(DEEP, 5), make_input(5, 6)
        with torch.no_grad():
            for p in lstm.parameters():
                p.mul_(200.0)
        output, (h, c) = lstm(x, RAGGED, state)
        for n, steps in enumerate(RAGGED.tolist()):
            alone = (state[0][:, n : n + 1], state[1][:, n : n + 1])
            if steps:
                last, alone = lstm(x[n : n + 1, :steps], None, alone)
                assert_near(output[n, :steps], last[0], 1e-5)
            assert_near(h[:, n], alone[0][:, 0], 1e-5)
            assert_near(c[:, n], alone[1][:, 0], 1e-5)

    @pytest.mark.parametrize("junk", [7.5, float("inf"), float("nan")], ids=str)
    def test_padding_is_never_looked_at(self, junk: float) -> None:
        lstm, x = make_lstm(DEEP), make_input(5, 6)
        output, (h, c) = lstm(x, RAGGED)
        again, (again_h, again_c) = lstm(spoil_padding(x, RAGGED, junk), RAGGED)
        assert torch.equal(output, again) and torch.equal(h, again_h) and torch.equal(c, again_c)
        for n, steps in enumerate(RAGGED.tolist()):
            assert torch.equal(output[n, steps:], torch.zeros_like(output[n, steps:]))

    @shapes
    @with_and_without_lengths
    @with_and_without_state
    def test_hidden_states_are_the_same(self, shape: Shape, kind: str, given: bool) -> None:
        lstm, lengths = make_lstm(shape), make_lengths(kind, 5, 6)
        state = make_state(shape, 5) if given else None
        x = spoil_padding(make_input(5, 6), lengths)
        wanted, (wanted_h, _) = lstm(x, lengths, state)
        output, h = lstm.hidden_states(x, lengths, state)
        assert_near(output, wanted, 1e-6)
        assert_near(h, wanted_h, 1e-6)

    @pytest.mark.parametrize("layers", [1, 2])
    def test_state_carries_on_where_a_sequence_was_cut(self, layers: int) -> None:
        """Only a forward LSTM can be cut in time; each layer's own state must go back to the same layer."""
        lstm, x = make_lstm(Shape(layers)), make_input(5, 9)
        whole, (h, c) = lstm(x)
        first, state = lstm(x[:, :4])
        second, (last_h, last_c) = lstm(x[:, 4:], None, state)
        assert_near(torch.cat([first, second], dim=1), whole, 1e-6)
        assert_near(last_h, h, 1e-6)
        assert_near(last_c, c, 1e-6)


class TestBackward:
    @dtypes
    @with_and_without_lengths
    @pytest.mark.parametrize("method", ["forward", "hidden_states"])
    def test_is_the_textbooks(self, dtype: torch.dtype, kind: str, method: str) -> None:
        """Float32 takes another kernel than float64 on a CPU, and that one is what people train with."""
        batch, time, near = 5, 6, NEAR[dtype] * 10
        lstm, lengths = make_lstm(ONE, dtype), make_lengths(kind, batch, time)
        x, h0, c0 = leaves(spoil_padding(make_input(batch, time, dtype), lengths), *make_state(ONE, batch, dtype))
        random = np.random.default_rng(4)
        d_output, d_h, d_c = (random.normal(size=s) for s in ((batch, time, HIDDEN), (batch, HIDDEN), (batch, HIDDEN)))
        if method == "forward":
            output, (h, c) = lstm(x, lengths, (h0, c0))
            loss = (c[0] * torch.from_numpy(d_c)).sum()
        else:
            output, h = lstm.hidden_states(x, lengths, (h0, c0))
            loss, d_c = torch.zeros(()), np.zeros_like(d_c)
        loss = loss + (output * torch.from_numpy(d_output)).sum() + (h[0] * torch.from_numpy(d_h)).sum()
        loss.backward()

        [[weights]] = textbook_weights(lstm)
        d_weights = {name: 0.0 for name in ("w", "u", "b")}
        for n in range(batch):
            steps = time if lengths is None else int(lengths[n])
            seen, start_h, start_c = (t.detach().double().numpy() for t in (x[n, :steps], h0[0, n], c0[0, n]))
            *_, tape = textbook.sequence(weights, seen, start_h, start_c)
            wanted = textbook.sequence_backward(weights, tape, d_output[n, :steps], d_h[n], d_c[n])
            assert_near(x.grad[n, :steps], wanted.x, near)
            assert torch.equal(x.grad[n, steps:], torch.zeros_like(x[n, steps:]))
            assert_near(h0.grad[0, n], wanted.h0, near)
            assert_near(c0.grad[0, n], wanted.c0, near)
            for name in d_weights:
                part = getattr(wanted.weights, name)
                d_weights[name] = d_weights[name] + np.concatenate([part[k] for k in "ifgo"])
        direction = lstm.layers[0][0]
        assert_near(direction.weight_ih_l0.grad, d_weights["w"], near)
        assert_near(direction.weight_hh_l0.grad, d_weights["u"], near)
        assert_near(direction.bias_ih_l0.grad, d_weights["b"], near)
        assert_near(direction.bias_hh_l0.grad, d_weights["b"], near)

    @pytest.mark.parametrize(
        ("shape", "kind", "method"),
        [
            (ONE, "ragged", "forward"),
            (DEEP, "none", "forward"),
            (DEEP, "ragged", "forward"),
            (DEEP, "ragged", "hidden_states"),
        ],
        ids=str,
    )
    def test_agrees_with_finite_differences(self, shape: Shape, kind: str, method: str) -> None:
        """`gradcheck` moves its inputs in place, the weights among them, so that the function need not take them."""
        lstm, lengths = make_lstm(shape, torch.float64), make_lengths(kind, 3, 4)
        x, h0, c0 = leaves(make_input(3, 4, torch.float64), *make_state(shape, 3, torch.float64))

        def run(*_: Tensor) -> tuple[Tensor, ...]:
            first, rest = getattr(lstm, method)(x, lengths, (h0, c0))
            return (first, *rest) if isinstance(rest, tuple) else (first, rest)

        assert torch.autograd.gradcheck(run, (x, h0, c0, *lstm.parameters()), fast_mode=shape.slots > 1)

    @pytest.mark.parametrize("method", ["forward", "hidden_states"])
    @pytest.mark.parametrize("junk", [float("inf"), float("nan")], ids=str)
    def test_padding_has_no_gradient(self, method: str, junk: float) -> None:
        lstm = make_lstm(DEEP)
        (x,) = leaves(spoil_padding(make_input(5, 6), RAGGED, junk))
        output, last = getattr(lstm, method)(x, RAGGED)
        (output.sum() + sum(t.square().sum() for t in last)).backward()
        for n, steps in enumerate(RAGGED.tolist()):
            assert torch.equal(x.grad[n, steps:], torch.zeros_like(x[n, steps:]))
            assert (x.grad[n, :steps] != 0).all() and x.grad[n, :steps].isfinite().all()
        assert all(p.grad.isfinite().all() and (p.grad != 0).any() for p in lstm.parameters())


def reference(lstm: LSTM, shape: Shape) -> nn.LSTM:
    """Make a `torch.nn.LSTM` with the same weights."""
    other = nn.LSTM(INPUT, HIDDEN, shape.layers, batch_first=True, bidirectional=shape.bidirectional)
    other.to(next(lstm.parameters()).dtype)
    with torch.no_grad():
        for depth, directions in enumerate(lstm.layers):
            for number, direction in enumerate(directions):
                suffix = f"_l{depth}" + ("_reverse" if number else "")
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(other, name + suffix).copy_(getattr(direction, name + "_l0"))
    return other


def packed(other: nn.LSTM, x: Tensor, lengths: Tensor | None, state: State) -> tuple[Tensor, State]:
    if lengths is None:
        return other(x, state)
    output, last = other(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), state)
    return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], last


@dtypes
@pytest.mark.parametrize("shape", [ONE, DEEP], ids=str)
@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 6, 1, 5])], ids=["none", "ragged"])
def test_is_what_torch_makes_of_packed_sequences(shape: Shape, dtype: torch.dtype, lengths: Tensor | None) -> None:
    lstm = make_lstm(shape, dtype)
    other = reference(lstm, shape)
    gradients = []
    answers = []
    for run in (lstm, lambda *args: packed(other, *args)):
        x, h0, c0 = leaves(make_input(4, 6, dtype), *make_state(shape, 4, dtype))
        output, (h, c) = run(x, lengths, (h0, c0))
        (output.square().sum() + h.sum() - c.square().sum()).backward()
        answers.append((output, h, c))
        gradients.append((x.grad, h0.grad, c0.grad))
    for found, wanted in zip(*answers, strict=True):
        assert_near(found, wanted, NEAR[dtype])
    for found, wanted in zip(*gradients, strict=True):
        assert_near(found, wanted, NEAR[dtype] * 10)
    for depth, directions in enumerate(lstm.layers):
        for number, direction in enumerate(directions):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                wanted = getattr(other, f"{name}_l{depth}" + ("_reverse" if number else "")).grad
                assert_near(getattr(direction, name + "_l0").grad, wanted, NEAR[dtype] * 20)


class TestDropout:
    def test_falls_between_layers_in_training(self) -> None:
        """With probability 1 the second layer sees zeros, and the first layer's own state is untouched."""
        lstm, x = make_lstm(Shape(layers=2)), make_input(5, 6)
        [[first], [second]] = textbook_weights(lstm)
        lstm.dropout.p = 1.0
        output, (h, c) = lstm.train()(x)
        zeros = np.zeros((1, 5, HIDDEN))
        _, first_h, first_c = textbook.network([[first]], x.double().numpy(), None, zeros, zeros)
        wanted, second_h, second_c = textbook.network([[second]], np.zeros((5, 6, HIDDEN)), None, zeros, zeros)
        assert_near(output, wanted, 1e-6)
        assert_near(h, np.concatenate([first_h, second_h]), 1e-6)
        assert_near(c, np.concatenate([first_c, second_c]), 1e-6)

    @pytest.mark.parametrize("layers", [1, 2, 3])
    def test_is_drawn_once_for_each_gap(self, layers: int) -> None:
        lstm, drawn = LSTM(INPUT, HIDDEN, layers, dropout=0.5), []
        lstm.dropout.register_forward_hook(lambda module, args, result: drawn.append((args[0], result)))
        lstm.train()(make_input(5, 60))
        assert len(drawn) == layers - 1
        for before, after in drawn:
            kept = after != 0
            assert 0.3 < kept.float().mean() < 0.7
            torch.testing.assert_close(after[kept], before[kept] * 2)

    @pytest.mark.parametrize(("layers", "training"), [(1, True), (3, False)], ids=["one layer", "evaluation"])
    def test_is_absent(self, layers: int, training: bool) -> None:
        lstm, x = make_lstm(Shape(layers)), make_input(5, 6)
        lstm.dropout.p = 1.0
        output, _ = lstm.train(training)(x)
        assert_near(output, textbook_answer(lstm, x, None, None)[0], 1e-6)


def snapshot(module: nn.Module) -> dict[str, Tensor]:
    return {name: t.clone() for name, t in module.state_dict().items()}


def assert_same_state(module: nn.Module, wanted: dict[str, Tensor]) -> None:
    found = module.state_dict()
    assert list(found) == list(wanted)
    assert all(torch.equal(found[name], t) for name, t in wanted.items())


class TestOnnxWeights:
    @shapes
    @with_and_without_lengths
    @with_and_without_state
    @pytest.mark.parametrize("method", ["forward", "hidden_states"])
    def test_give_the_same_numbers(self, shape: Shape, kind: str, given: bool, method: str) -> None:
        lstm, lengths = make_lstm(shape), make_lengths(kind, 5, 6)
        state = make_state(shape, 5) if given else None
        x = spoil_padding(make_input(5, 6), lengths)
        wanted, wanted_last = getattr(lstm, method)(x, lengths, state)
        with onnx_weights(lstm):
            output, last = getattr(lstm, method)(x, lengths, state)
        assert_near(output, wanted, 1e-6)
        for found, expected in zip(last, wanted_last, strict=True):
            assert_near(found, expected, 1e-6)

    def test_are_used(self) -> None:
        """Were the context without effect, every other test of it would pass."""
        lstm, x, calls = make_lstm(DEEP), make_input(5, 6), []

        class Watch(torch.utils._python_dispatch.TorchDispatchMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                calls.append(str(func))
                return func(*args, **(kwargs or {}))

        with torch.no_grad(), Watch():
            lstm(x)
            assert "lstm_onnx.lstm.default" not in calls
            with onnx_weights(lstm):
                lstm(x)
            assert calls.count("lstm_onnx.lstm.default") == DEEP.slots

    def test_lie_as_onnx_documents_them(self) -> None:
        """W (directions, 4 * hidden, input), R (directions, 4 * hidden, hidden), B (directions, 8 * hidden): iofc."""
        lstm = make_lstm(ONE)
        [[wanted]] = textbook_weights(lstm)
        with onnx_weights(lstm):
            d = lstm.layers[0][0]
            assert d.onnx_w.shape == (1, 4 * HIDDEN, INPUT)
            assert d.onnx_r.shape == (1, 4 * HIDDEN, HIDDEN)
            assert d.onnx_b.shape == (1, 8 * HIDDEN)
            biases = d.onnx_b[0].double().reshape(2, 4 * HIDDEN).sum(dim=0)
            found = textbook.Weights.from_stacked("iofg", d.onnx_w[0].numpy(), d.onnx_r[0].numpy(), biases.numpy())
        for gate in textbook.GATES:
            np.testing.assert_array_equal(found.w[gate], wanted.w[gate])
            np.testing.assert_array_equal(found.u[gate], wanted.u[gate])
            np.testing.assert_allclose(found.b[gate], wanted.b[gate], atol=1e-12)

    @pytest.mark.parametrize("fails", [False, True], ids=["quietly", "by exception"])
    def test_are_gone_afterwards_and_never_saved(self, fails: bool) -> None:
        model = nn.Sequential(make_lstm(DEEP), nn.ModuleDict({"inner": make_lstm(ONE)}))
        before, modules = snapshot(model), sorted(name for name, _ in model.named_modules())

        def body() -> None:
            with onnx_weights(model):
                assert len(dict(model.named_buffers())) == 4 * (DEEP.slots + ONE.slots)
                assert_same_state(model, before)
                if fails:
                    raise ZeroDivisionError

        if fails:
            with pytest.raises(ZeroDivisionError):
                body()
        else:
            body()
        assert not dict(model.named_buffers())
        assert not [n for m in model.modules() for n in (*vars(m), *m._non_persistent_buffers_set) if "onnx" in n]
        assert_same_state(model, before)
        assert sorted(name for name, _ in model.named_modules()) == modules

    def test_load_into_a_fresh_layer_from_within(self) -> None:
        lstm, fresh, x = make_lstm(DEEP), make_lstm(DEEP, seed=9), make_input(5, 6)
        with onnx_weights(lstm):
            fresh.load_state_dict(lstm.state_dict())
        assert torch.equal(fresh(x)[0], lstm(x)[0])

    def test_nest(self) -> None:
        lstm, x = make_lstm(DEEP), make_input(5, 6)
        model = nn.Sequential(lstm)
        with onnx_weights(model):
            with onnx_weights(lstm):
                pass
            assert len(dict(model.named_buffers())) == 4 * DEEP.slots
            assert_near(lstm(x)[0], textbook_answer(lstm, x, None, None)[0], 1e-6)
        assert not dict(model.named_buffers())

    def test_follow_the_weights_from_one_use_to_the_next(self) -> None:
        lstm, x = make_lstm(BOTH), make_input(5, 6)
        with onnx_weights(lstm):
            before, _ = lstm(x, RAGGED)
        with torch.no_grad():
            for p in lstm.parameters():
                p.mul_(-0.5)
        with onnx_weights(lstm):
            after, _ = lstm(x, RAGGED)
        assert (after - before).abs().max() > 0.1
        assert_near(after, lstm(x, RAGGED)[0], 1e-6)

    def test_leave_training_as_it_was(self) -> None:
        lstm, x = make_lstm(BOTH), make_input(5, 6)
        with onnx_weights(lstm):
            lstm(x)
        lstm(x)[0].sum().backward()
        assert all((p.grad != 0).any() for p in lstm.parameters())


def lstm_arguments(time: int, batch: int, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Make the weights of a real layer, and an x that is a transposed view, as the layer hands it over."""
    lstm = make_lstm(ONE, dtype)
    with onnx_weights(lstm):
        d = lstm.layers[0][0]
        w, r, b = d.onnx_w, d.onnx_r, d.onnx_b
    return make_input(batch, time, dtype).transpose(0, 1), w, r, b, *make_state(ONE, batch, dtype)


class TestOperators:
    @dtypes
    @pytest.mark.parametrize(("time", "batch"), [(6, 5), (1, 1)])
    def test_lstm_keeps_the_rules(self, time: int, batch: int, dtype: torch.dtype) -> None:
        torch.library.opcheck(torch.ops.lstm_onnx.lstm.default, lstm_arguments(time, batch, dtype))

    @pytest.mark.parametrize("view", [False, True], ids=["contiguous", "transposed"])
    @pytest.mark.parametrize(("time", "batch"), [(6, 5), (1, 1)])
    def test_reverse_sequence_keeps_the_rules(self, time: int, batch: int, view: bool) -> None:
        x = make_input(batch, time).transpose(0, 1)
        lengths = torch.tensor([time, 0, 1, time, 1][:batch])
        torch.library.opcheck(torch.ops.lstm_onnx.reverse_sequence.default, (x if view else x.contiguous(), lengths))

    def test_reverse_sequence_leaves_the_padding_in_place(self) -> None:
        x = torch.arange(1, 5).repeat(5, 1).T.unsqueeze(2)  # (time, batch, 1): steps 1, 2, 3, 4 of each sequence
        found = torch.ops.lstm_onnx.reverse_sequence(x, torch.tensor([0, 1, 2, 3, 4]))
        wanted = [[1, 2, 3, 4], [1, 2, 3, 4], [2, 1, 3, 4], [3, 2, 1, 4], [4, 3, 2, 1]]
        assert found.squeeze(2).T.tolist() == wanted


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda lstm, x: lstm(x[:, :, :2]), "input.size"),
        (lambda lstm, x: lstm(x, None, make_state(ONE, 4)), "hidden"),
        (lambda lstm, x: lstm(x, torch.tensor([7, 1, 1, 1, 1])), "index"),
    ],
    ids=["features", "state's batch", "length beyond the end"],
)
def test_does_not_run_on_what_does_not_fit(call: Callable[[LSTM, Tensor], object], says: str) -> None:
    with pytest.raises((RuntimeError, ValueError), match=f"(?i){says}"):
        call(make_lstm(ONE), make_input(5, 6))
