"""Faults planted in a file are named at their place: with PyTorch, with onnx's reference, and by fingerprints alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.graph.torch_export import to_onnx, trace_sizes
from lstm_onnx.task import GraphSpec
from lstm_onnx.verification.divergence import first_difference, first_divergence_from_reference, values_by_onnx_runtime
from lstm_onnx.verification.fingerprints import changed_parts, fingerprints

Edit = Callable[[onnx.ModelProto], None]


def weights(model: onnx.ModelProto, ending: str) -> onnx.TensorProto:
    return next(t for t in model.graph.initializer if t.name.endswith(ending))


def set_weights(tensor: onnx.TensorProto, array: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


@dataclass(frozen=True)
class Sound:
    """A graph, the file that was made of it once, and inputs to hold the two together with."""

    graph: GraphSpec
    content: bytes
    example: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]

    @property
    def model(self) -> onnx.ModelProto:
        """The file, anew each time, so that it can be spoilt."""
        return onnx.load_from_string(self.content)


def sound(run: lo.Run) -> Sound:
    from lstm_onnx.training.restore import restore

    restored = restore(run)
    graph = restored.graphs[0]
    example = restored.task.sample(graph, trace_sizes(graph), 0)
    sizes = {name: 3 if name == "batch" else a.example_size or 8 for name, a in graph.axes.items() if a.size is None}
    content = to_onnx(graph, example).SerializeToString()
    return Sound(graph, content, example, restored.task.sample(graph, sizes, 1))


@pytest.fixture(scope="module")
def alive(adding_run: lo.Run) -> Sound:
    return sound(adding_run)


@pytest.fixture(scope="module")
def forecasting(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    """A second graph, with much more around its LSTM: scaling, calendar, look-back, quantiles."""
    runs = tmp_path_factory.mktemp("runs")
    config = {"horizon": 4, "window": 24, "hidden": 4, "season": 24}
    return sound(lo.train("forecasting", **config, epochs=1, threads=1, runs=runs))


def parting(one: Sound, edit: Edit | None = None) -> str | None:
    from lstm_onnx.verification.torch_divergence import first_divergence

    model = one.model
    if edit is not None:
        edit(model)
    return first_divergence(model, one.graph, one.example, one.inputs)


def node(model: onnx.ModelProto, op_type: str) -> onnx.NodeProto:
    return next(n for n in model.graph.node if n.op_type == op_type)


def reroute(model: onnx.ModelProto, old: str, new: str) -> None:
    for n in model.graph.node:
        n.input[:] = [new if name == old else name for name in n.input]


def swap_gates(model: onnx.ModelProto) -> None:
    tensor = weights(model, ".W")
    i, o, f, c = np.split(numpy_helper.to_array(tensor), 4, axis=1)
    set_weights(tensor, np.concatenate([i, f, o, c], axis=1))


def flip_bit(model: onnx.ModelProto) -> None:
    tensor = weights(model, ".R")
    bits = numpy_helper.to_array(tensor).copy().view(np.uint32)
    bits.flat[0] ^= 1 << 23  # the lowest bit of the exponent
    set_weights(tensor, bits.view(np.float32))


def forget_gather(model: onnx.ModelProto) -> None:
    lstm, gather = node(model, "LSTM"), node(model, "GatherElements")
    lstm.output[:] = [lstm.output[0], "last_hidden"]
    reroute(model, gather.output[0], "last_hidden")


def shift_gather(model: onnx.ModelProto) -> None:
    sub = node(model, "Sub")
    model.graph.initializer.append(numpy_helper.from_array(np.array(2), "two"))
    sub.input[1] = "two"


def scale_head(model: onnx.ModelProto) -> None:
    tensor = weights(model, "head.weight")
    set_weights(tensor, numpy_helper.to_array(tensor) * np.float32(1.01))


def test_a_sound_file_parts_nowhere(alive: Sound, forecasting: Sound) -> None:
    for one in (alive, forecasting):
        assert parting(one) is None
        assert first_divergence_from_reference(one.model, one.inputs) is None


@pytest.mark.parametrize(
    ("edit", "starts", "ends"),
    [
        (
            swap_gates,
            "node lstm.layers.0.0/LSTM (LSTM, output getitem): differs by ",
            "; its weights lstm.layers.0.0.W are not those of the run",
        ),
        (
            flip_bit,
            "node lstm.layers.0.0/LSTM (LSTM, output getitem): differs by ",
            "; its weights lstm.layers.0.0.R are not those of the run",
        ),
        (
            scale_head,
            "node head/Gemm (Gemm, output linear): differs by ",
            "; its weights head.weight are not those of the run",
        ),
        (shift_gather, "node lstm/Sub (Sub, output sub_", "where all before it agree"),
        (
            forget_gather,
            "node lstm/Where_2 (Where, output where_1): differs by ",
            "; or it comes from what could not be compared: lstm.layers.0.0/LSTM",
        ),
    ],
)
def test_a_fault_in_adding_is_named(alive: Sound, edit: Edit, starts: str, ends: str) -> None:
    found = parting(alive, edit)
    assert found is not None
    assert found.startswith(starts) and found.endswith(ends), found


def test_a_wrong_scale_is_named_at_its_multiplication(forecasting: Sound) -> None:
    def rescale(model: onnx.ModelProto) -> None:
        known = {t.name for t in model.graph.initializer if numpy_helper.to_array(t).all()}  # 0 stays 0
        wrong = next(n for n in model.graph.node if n.op_type == "Mul" and known & set(n.input))
        constant = next(name for name in wrong.input if name in known)
        value = next(numpy_helper.to_array(t) for t in model.graph.initializer if t.name == constant)
        model.graph.initializer.append(numpy_helper.from_array(value * np.float32(1000), "wrong_scale"))
        wrong.input[:] = ["wrong_scale" if name == constant else name for name in wrong.input]
        rescale.name = wrong.name  # type: ignore[attr-defined]

    found = parting(forecasting, rescale)
    assert found is not None and found.startswith(f"node {rescale.name} (Mul, output mul_")  # type: ignore[attr-defined]


def test_a_dropped_cast_is_named_where_it_is_missed(forecasting: Sound) -> None:
    def drop(model: onnx.ModelProto) -> None:
        cast = node(model, "Cast")
        model.graph.node.remove(cast)
        reroute(model, cast.output[0], cast.input[0])

    found = parting(forecasting, drop)
    assert found is not None and "does not run in ONNX Runtime: " in found
    assert found.startswith("node model.encoders.0.scaler/"), found


def test_a_cast_that_loses_digits_is_named(forecasting: Sound) -> None:
    """Unix seconds in float32 are off by a minute: the remainder must be taken in integers first."""

    def cast_first(model: onnx.ModelProto) -> None:
        place = [n.op_type for n in model.graph.node].index("Mod")
        time = model.graph.node[place].input[0]
        model.graph.node[place].input[0] = "back"
        to_int = helper.make_node("Cast", ["lossy"], ["back"], "to_int", to=TensorProto.INT64)
        model.graph.node.insert(place, to_int)
        model.graph.node.insert(place, helper.make_node("Cast", [time], ["lossy"], "to_float", to=TensorProto.FLOAT))

    found = parting(forecasting, cast_first)
    assert found is not None and found.startswith("node model.network.phases/Mod (Mod, output remainder): differs in ")
    assert found.endswith("; or it comes from what could not be compared: to_float, to_int")


def small(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], dims: list[str | int]) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, dims)
    graph = helper.make_graph(nodes, "small", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_the_reference_finds_where_two_files_part() -> None:
    """Held against values of another file, as two engines that disagree would give them."""
    one = numpy_helper.from_array(np.ones(3, np.float32), "one")
    nodes = [helper.make_node("Add", ["x", "one"], ["a"], "first"), helper.make_node("Exp", ["a"], ["y"], "second")]
    model, x = small(nodes, [one], ["n"]), np.zeros(3, np.float32)
    got = values_by_onnx_runtime(model, {"x": x})
    assert not isinstance(got, str) and set(got) == {"a", "y"}
    assert first_difference(model, got, got) is None
    wrong = got | {"y": got["y"] + np.float32(0.5)}
    assert str(first_difference(model, wrong, got)) == (
        "node second (Exp, output y): differs by 0.5 (relative 0.184), where all before it agree"
    )
    assert "is NaN or infinite" in str(first_difference(model, got | {"a": x * np.nan}, got))
    assert "has the shape (2,) instead of (3,)" in str(first_difference(model, got | {"a": x[:2]}, got))
    assert "is int64 instead of float32" in str(first_difference(model, got | {"a": x.astype(np.int64)}, got))
    assert "or it comes from what could not be compared: first" in str(first_difference(model, wrong, {"y": got["y"]}))


def test_a_small_example_beside_a_large_one_is_held_to_its_own_size() -> None:
    nodes = [helper.make_node("Neg", ["x"], ["a"], "first"), helper.make_node("Abs", ["a"], ["y"], "second")]
    model, x = small(nodes, [], ["n"]), np.array([1e6, 1], np.float32)
    got = values_by_onnx_runtime(model, {"x": x})
    assert not isinstance(got, str)
    shift = np.array([0, 1e-3], np.float32)
    assert first_difference(model, got | {"a": got["a"] + shift}, got) is None  # no output says that it matters
    wrong = got | {"a": got["a"] + shift, "y": got["y"] + shift}
    assert "node first (Neg, output a): differs by 0.001" in str(first_difference(model, wrong, got))


def test_a_node_in_a_loop_is_named_by_its_loop() -> None:
    state = helper.make_tensor_value_info("s", TensorProto.FLOAT, [2])
    after = helper.make_tensor_value_info("t", TensorProto.FLOAT, [2])
    number = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    go_in, go_out = (helper.make_tensor_value_info(n, TensorProto.BOOL, []) for n in ("c", "d"))
    inside = [helper.make_node("Add", ["s", "s"], ["t"], "double"), helper.make_node("Identity", ["c"], ["d"], "go")]
    body = helper.make_graph(inside, "body", [number, go_in, state], [go_out, after])
    count, yes = numpy_helper.from_array(np.array(3), "three"), numpy_helper.from_array(np.array(True), "yes")
    model = small([helper.make_node("Loop", ["three", "yes", "x"], ["y"], "decoder", body=body)], [count, yes], [2])
    x = np.ones(2, np.float32)
    assert first_divergence_from_reference(model, {"x": x}) is None
    got = values_by_onnx_runtime(model, {"x": x})
    assert not isinstance(got, str) and got["y"].tolist() == [8, 8]
    assert str(first_difference(model, got | {"y": x}, got)).startswith("node decoder (Loop, output y)")
    known = fingerprints(model)
    model.graph.node[0].attribute[0].g.node[0].op_type = "Mul"
    assert changed_parts(model, known) == ["node decoder changed"]


def remove_gather(model: onnx.ModelProto) -> None:
    forget_gather(model)
    model.graph.node.remove(node(model, "GatherElements"))


def add_relu(model: onnx.ModelProto) -> None:
    model.graph.node[-1].output[0] = "before"
    model.graph.node.append(helper.make_node("Relu", ["before"], ["total"], "Relu"))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (swap_gates, ["weights lstm.layers.0.0.W changed"]),
        (flip_bit, ["weights lstm.layers.0.0.R changed"]),
        (scale_head, ["weights head.weight changed"]),
        (shift_gather, ["node lstm/Sub changed", "weights two are new"]),
        (
            remove_gather,
            ["node lstm.layers.0.0/LSTM changed", "node lstm/Where_2 changed", "node lstm/GatherElements is gone"],
        ),
        (add_relu, ["node Squeeze_2 changed", "node Relu is new"]),
    ],
)
def test_what_was_changed_is_named_without_pytorch(adding_file: Path, edit: Edit, says: list[str]) -> None:
    model = onnx.load(adding_file)
    known = fingerprints(model)
    assert changed_parts(model, known) == []
    edit(model)
    assert changed_parts(model, known) == says


def test_fingerprints_do_not_depend_on_how_a_value_is_stored(adding_file: Path) -> None:
    model = onnx.load(adding_file)
    known = fingerprints(model)
    assert all(len(d) == 8 and int(d, 16) >= 0 for d in known.values())
    tensor = weights(model, "head.weight")
    values = numpy_helper.to_array(tensor)
    tensor.ClearField("raw_data")
    tensor.float_data.extend(values.ravel().tolist())
    attributes = node(model, "Gemm").attribute
    reversed_attributes = list(attributes)[::-1]
    del attributes[:]
    attributes.extend(reversed_attributes)
    model.graph.node[0].doc_string = "a comment"
    model.graph.node[0].domain = "ai.onnx"
    node(model, "LSTM").input.append("")
    assert changed_parts(model, known) == []


def test_fingerprints_tell_type_shape_and_place_apart(adding_file: Path) -> None:
    model = onnx.load(adding_file)
    known = fingerprints(model)
    tensor = weights(model, "head.weight")
    set_weights(tensor, numpy_helper.to_array(tensor).T.copy())
    n = node(model, "Less")
    n.input[:] = list(n.input)[::-1]
    assert changed_parts(model, known) == ["weights head.weight changed", f"node {n.name} changed"]


def test_nodes_of_the_same_name_and_files_without_fingerprints() -> None:
    nodes = [helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Neg", ["a"], ["y"])]
    model = small(nodes, [], ["n"])
    assert list(fingerprints(model)) == ["node Neg", "node Neg #2"]
    assert changed_parts(model, {}) == []
