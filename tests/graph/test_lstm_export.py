"""The exported LSTM: the same numbers in two other runtimes, at any size, from nodes that every runtime understands."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from lstm_onnx import plugin
from lstm_onnx.graph.torch_export import to_onnx, trace_sizes
from lstm_onnx.nn.lstm import LSTM
from tests.nn.lstm_cases import (
    HIDDEN,
    INPUT,
    Shape,
    make_input,
    make_lstm,
    make_state,
    spoil_padding,
    textbook_answer,
    textbook_weights,
)
from tests.nn.textbook import Array

SIZES = [(batch, time) for batch in (1, 2, 7) for time in (1, 2, 9, 40)]
NEAR = 5e-6  # ONNX Runtime approximates sigmoid and tanh


@dataclass(frozen=True)
class Kind:
    """What is exported: an LSTM, which of its methods, and which of its inputs are inputs of the graph."""

    shape: Shape
    ragged: bool = False
    given: bool = False
    method: Literal["forward", "hidden_states"] = "forward"

    def __str__(self) -> str:
        parts = [str(self.shape), "ragged" if self.ragged else "whole"]
        return "-".join(parts + ["state"] * self.given + ["hidden"] * (self.method == "hidden_states"))

    @property
    def padded(self) -> bool:
        """Whether the column that marks padding is among the LSTM's inputs."""
        return self.ragged and self.method == "forward"


EVERY = [
    Kind(Shape(layers, both), ragged, given)
    for layers in (1, 2)
    for both in (False, True)
    for ragged in (False, True)
    for given in (False, True)
] + [Kind(Shape(2, both), ragged, False, "hidden_states") for both in (False, True) for ragged in (False, True)]
HARDEST = Kind(Shape(2, True), ragged=True, given=True)

every_kind = pytest.mark.parametrize("kind", EVERY, ids=str)


class Wrapper(nn.Module):
    """Takes the inputs that its kind names, and gives back the LSTM's results as one flat tuple."""

    def __init__(self, kind: Kind, lstm: LSTM) -> None:
        super().__init__()
        self.kind, self.lstm = kind, lstm

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, h0: Tensor | None = None, c0: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        state = (h0, c0) if h0 is not None and c0 is not None else None
        if self.kind.method == "hidden_states":
            return self.lstm.hidden_states(x, lengths, state)
        output, (h, c) = self.lstm(x, lengths, state)
        return output, h, c


def graph(kind: Kind, dtype: torch.dtype = torch.float32) -> plugin.GraphSpec:
    number = "float64" if dtype == torch.float64 else "float32"

    def tensor(name: str, *dims: str, dtype: str = number) -> plugin.TensorSpec:
        return plugin.TensorSpec(name=name, dtype=dtype, dims=dims, meaning=name)

    inputs = [tensor("x", "batch", "time", "feature")]
    inputs += [tensor("lengths", "batch", dtype="int64")] * kind.ragged
    inputs += [tensor(name, "slot", "batch", "unit") for name in ("h0", "c0")] * kind.given
    outputs = [tensor("output", "batch", "time", "width"), tensor("h", "slot", "batch", "unit")]
    outputs += [tensor("c", "slot", "batch", "unit")] * (kind.method == "forward")
    return plugin.GraphSpec(
        module=Wrapper(kind, make_lstm(kind.shape, dtype)),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        axes={
            "batch": plugin.Axis(),
            "time": plugin.Axis(),
            "feature": plugin.Axis(size=INPUT),
            "unit": plugin.Axis(size=HIDDEN),
            "slot": plugin.Axis(size=kind.shape.slots),
            "width": plugin.Axis(size=HIDDEN * kind.shape.slots // kind.shape.layers),
        },
        description="An LSTM.",
    )


def feeds(kind: Kind, batch: int, time: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Make inputs, with NaN in the padding; lengths 0, 1 and `time` are among them where there is room."""
    found = {"x": make_input(batch, time, dtype)}
    if kind.ragged:
        found["lengths"] = torch.tensor([time, 0, 1, *range(time)][:batch])
        found["lengths"] = torch.cat([found["lengths"], torch.full((batch - len(found["lengths"]),), time)])
        found["x"] = spoil_padding(found["x"], found["lengths"])
    if kind.given:
        found["h0"], found["c0"] = make_state(kind.shape, batch, dtype)
    return found


def arrays(tensors: dict[str, Tensor]) -> dict[str, Array]:
    return {name: t.numpy() for name, t in tensors.items()}


def export(spec: plugin.GraphSpec, kind: Kind, dtype: torch.dtype = torch.float32) -> onnx.ModelProto:
    sizes = trace_sizes(spec)
    assert (sizes["batch"], sizes["time"]) not in SIZES
    return to_onnx(spec, arrays(feeds(kind, sizes["batch"], sizes["time"], dtype)))


@cache
def exported(kind: Kind, dtype: torch.dtype = torch.float32) -> tuple[LSTM, onnx.ModelProto]:
    spec = graph(kind, dtype)
    return spec.module.lstm, export(spec, kind, dtype)


def run_onnx_runtime(model: onnx.ModelProto, inputs: dict[str, Tensor]) -> list[Array]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, arrays(inputs))


def run_reference(model: onnx.ModelProto, inputs: dict[str, Tensor]) -> list[Array]:
    with np.errstate(over="ignore"):  # its sigmoid is 1 / (1 + exp(-x)), and exp(10000) is rightly infinite
        return ReferenceEvaluator(model).run(None, arrays(inputs))


RUNTIMES = {"onnxruntime": run_onnx_runtime, "reference": run_reference}


def check(kind: Kind, lstm: LSTM, found: list[Array], inputs: dict[str, Tensor], near: float = NEAR) -> None:
    state = (inputs["h0"], inputs["c0"]) if kind.given else None
    wanted = textbook_answer(lstm, inputs["x"], inputs.get("lengths"), state)
    assert len(found) == (3 if kind.method == "forward" else 2)
    for name, a, b in zip(("output", "h", "c"), found, wanted, strict=False):
        assert a.shape == b.shape, name
        np.testing.assert_allclose(a, b, rtol=near, atol=near, err_msg=name)


def initializers(model: onnx.ModelProto) -> dict[str, Array]:
    return {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}


def dims(model: onnx.ModelProto) -> dict[str, list[str | int]]:
    return {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }


class TestNumbers:
    @every_kind
    @pytest.mark.parametrize("runtime", RUNTIMES)
    def test_are_the_textbooks_at_every_size(self, kind: Kind, runtime: str) -> None:
        lstm, model = exported(kind)
        for batch, time in SIZES:
            inputs = feeds(kind, batch, time)
            check(kind, lstm, RUNTIMES[runtime](model, inputs), inputs)

    @pytest.mark.parametrize("kind", [Kind(Shape(2, True)), HARDEST], ids=str)
    def test_are_exact_in_float64(self, kind: Kind) -> None:
        """ONNX Runtime has no float64 LSTM; the reference evaluator has, and shows that nothing is approximate here."""
        lstm, model = exported(kind, torch.float64)
        for batch, time in SIZES:
            inputs = feeds(kind, batch, time, torch.float64)
            check(kind, lstm, run_reference(model, inputs), inputs, 1e-12)

    @pytest.mark.parametrize("runtime", RUNTIMES)
    def test_cell_survives_many_steps_of_padding(self, runtime: str) -> None:
        kind = Kind(Shape(1, True), ragged=True, given=True)
        lstm, model = exported(kind)
        time = 3000 if runtime == "onnxruntime" else 60  # the reference evaluator joins at most 64 steps
        inputs = feeds(kind, 3, time) | {"lengths": torch.tensor([4, 0, 1])}
        inputs["x"] = spoil_padding(inputs["x"].nan_to_num(), inputs["lengths"], float("inf"))
        check(kind, lstm, RUNTIMES[runtime](model, inputs), inputs)

    def test_are_those_of_torch(self) -> None:
        """The chain of reasoning closes: layer = textbook, export = textbook, and export = layer at the same input."""
        lstm, model = exported(HARDEST)
        inputs = feeds(HARDEST, 7, 9)
        with torch.no_grad():
            wanted = Wrapper(HARDEST, lstm)(**inputs)
        for found, expected in zip(run_onnx_runtime(model, inputs), wanted, strict=True):
            np.testing.assert_allclose(found, expected.numpy(), rtol=NEAR, atol=NEAR)


class TestNodes:
    @every_kind
    def test_one_lstm_for_each_layer_and_direction(self, kind: Kind) -> None:
        _, model = exported(kind)
        counted = Counter(n.op_type for n in model.graph.node)
        reversals = 2 * kind.shape.layers if kind.ragged and kind.shape.bidirectional else 0
        assert counted["LSTM"] == kind.shape.slots
        assert counted["ReverseSequence"] == reversals
        assert not {"Loop", "Scan", "If"} & set(counted)
        assert {n.domain for n in model.graph.node} == {""}

    @every_kind
    def test_lstm_uses_nothing_that_runtimes_ignore(self, kind: Kind) -> None:
        _, model = exported(kind)
        for node in (n for n in model.graph.node if n.op_type == "LSTM"):
            inputs = dict(zip("X W R B sequence_lens initial_h initial_c P".split(), node.input, strict=False))
            assert not inputs.get("sequence_lens")
            assert bool(inputs.get("initial_h")) is bool(inputs.get("initial_c")) is kind.given
            assert not inputs.get("P")
            assert {a.name: a.i for a in node.attribute} == {"hidden_size": HIDDEN}

    @every_kind
    def test_weights_go_straight_into_their_node(self, kind: Kind) -> None:
        """W, R and B are initialisers of ONNX's shape and order that no other node touches, and there are no more."""
        lstm, model = exported(kind)
        tensors = initializers(model)
        users: dict[str, list[str]] = {name: [] for name in tensors}
        for node in model.graph.node:
            for name in set(node.input) & set(tensors):
                users[name].append(node.op_type)
        directions = [weights for layer in textbook_weights(lstm) for weights in layer]
        nodes = [n for n in model.graph.node if n.op_type == "LSTM"]
        for node, weights in zip(nodes, directions, strict=True):
            w, r, b = (tensors[name] for name in node.input[1:4])
            wanted_w = np.concatenate([weights.w[gate] for gate in "iofg"])
            assert w.shape == (1, 4 * HIDDEN, wanted_w.shape[1] + kind.padded)
            np.testing.assert_array_equal(w[0, :, : wanted_w.shape[1]], wanted_w)
            np.testing.assert_array_equal(r, [np.concatenate([weights.u[gate] for gate in "iofg"])])
            assert b.shape == (1, 8 * HIDDEN)
            bias = b.astype(np.float64).reshape(2, -1).sum(axis=0)
            np.testing.assert_allclose(bias, np.concatenate([weights.b[gate] for gate in "iofg"]), atol=1e-12)
            assert [users[name] for name in node.input[1:4]] == [["LSTM"]] * 3
        assert sum(t.size > 4 for t in tensors.values()) == 3 * kind.shape.slots

    @every_kind
    def test_file_is_plain(self, kind: Kind) -> None:
        _, model = exported(kind)
        onnx.checker.check_model(model, full_check=True)
        assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
        assert model.ir_version == 8
        assert not model.functions
        assert not model.graph.value_info


class TestAxes:
    @every_kind
    def test_batch_and_time_stay_free(self, kind: Kind) -> None:
        _, model = exported(kind)
        width = HIDDEN * kind.shape.slots // kind.shape.layers
        wanted: dict[str, list[str | int]] = {
            "x": ["batch", "time", INPUT],
            "lengths": ["batch"],
            "output": ["batch", "time", width],
        }
        state: list[str | int] = [kind.shape.slots, "batch", HIDDEN]
        found = dims(model)
        assert found == {name: wanted.get(name, state) for name in found}

    @pytest.mark.parametrize("kind", [Kind(Shape()), HARDEST], ids=str)
    def test_of_every_export_in_one_process(self, kind: Kind) -> None:
        """The exporter has frozen the axes of a bare `nn.LSTM` from the second export on."""
        spec = graph(kind)
        models = [export(spec, kind) for _ in range(2)]
        assert len({m.SerializeToString(deterministic=True) for m in models}) == 1
        for batch, time in ((1, 1), (7, 40)):
            inputs = feeds(kind, batch, time)
            check(kind, spec.module.lstm, run_onnx_runtime(models[-1], inputs), inputs)

    @pytest.mark.parametrize("kind", [Kind(Shape()), HARDEST], ids=str)
    def test_after_eager_use_and_training(self, kind: Kind) -> None:
        """The sizes seen before must leave no trace, and the weights exported are those of now."""
        spec = graph(kind)
        model = export(spec, kind)
        optimizer = torch.optim.SGD(spec.module.parameters(), lr=0.1)
        spec.module.train()
        for batch, time in ((1, 1), (4, 8), (4, 8)):
            optimizer.zero_grad()
            inputs = feeds(kind, batch, time)
            sum(t.square().sum() for t in spec.module(**inputs)).backward()
            optimizer.step()
        again = export(spec, kind)
        for batch, time in SIZES:
            inputs = feeds(kind, batch, time)
            check(kind, spec.module.lstm, run_onnx_runtime(again, inputs), inputs)
        before, after = (run_onnx_runtime(m, inputs)[0] for m in (model, again))
        assert np.abs(before - after).max() > 0.01

    def test_leaves_the_module_trainable_and_bare(self) -> None:
        kind = Kind(Shape(bidirectional=True), ragged=True)
        spec = graph(kind)
        saved = {name: t.clone() for name, t in spec.module.state_dict().items()}
        export(spec, kind)
        assert not dict(spec.module.named_buffers())
        found = spec.module.state_dict()
        assert list(found) == list(saved) and all(torch.equal(found[name], t) for name, t in saved.items())
        spec.module(**feeds(kind, 4, 8))[0].sum().backward()
        assert all((p.grad != 0).any() for p in spec.module.parameters())


class Twice(nn.Module):
    """One LSTM, asked without lengths and with them."""

    def __init__(self, lstm: LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        whole, _ = self.lstm(x)
        output, (h, c) = self.lstm(x, lengths)
        return whole, output, h, c


def test_one_lstm_with_and_without_lengths_keeps_both_of_its_weights() -> None:
    kind = Kind(Shape(1, True), ragged=True)
    spec = graph(kind)
    whole = spec.outputs[0].model_copy(update={"name": "whole"})
    spec = dataclasses.replace(spec, module=Twice(spec.module.lstm), outputs=(whole, *spec.outputs))
    model = export(spec, kind)
    assert len(initializers(model)) == len(model.graph.initializer)
    assert {"lstm.layers.0.0.W", "lstm.layers.0.0.W_padded"} <= set(initializers(model))
    for batch, time in SIZES:
        inputs = feeds(kind, batch, time)
        found = run_onnx_runtime(model, inputs | {"x": inputs["x"].nan_to_num()})
        check(kind, spec.module.lstm, found[1:], inputs)
        wanted = textbook_answer(spec.module.lstm, inputs["x"].nan_to_num(), None, None)
        np.testing.assert_allclose(found[0], wanted[0], rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("kind", [k for k in EVERY if k.shape.layers == 2], ids=str)
def test_a_sequence_without_a_step_keeps_its_state(kind: Kind) -> None:
    spec = graph(kind)
    spec = dataclasses.replace(spec, axes=spec.axes | {"time": plugin.Axis(min=0)})
    model = export(spec, kind)
    for batch, time in [*SIZES, (3, 0)]:
        inputs = feeds(kind, batch, max(time, 1))
        if time == 0:
            inputs["x"] = inputs["x"][:, :0]
            inputs |= {"lengths": torch.zeros_like(inputs["lengths"])} if kind.ragged else {}
        wanted = [t.detach().numpy() for t in spec.module(**inputs)]
        for a, b in zip(run_onnx_runtime(model, inputs), wanted, strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=NEAR, atol=NEAR)
    state = (
        [inputs["h0"], inputs["c0"]] if kind.given else [torch.zeros(4 if kind.shape.bidirectional else 2, 3, HIDDEN)]
    )
    np.testing.assert_array_equal(wanted[1], state[0].numpy())
