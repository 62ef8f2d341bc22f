"""The model repository is what Triton's own schema, its backend's checks and the graph say; no server is run."""

from __future__ import annotations

import importlib.util
import json
import warnings
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from google.protobuf import text_format

from lstm_onnx.cli.app import run
from lstm_onnx.contract import Axis, StateSpec, TensorSpec
from lstm_onnx.embedding.generate import Embedded, embed
from lstm_onnx.embedding.triton import TYPES, dims_of
from lstm_onnx.inference.model import load
from lstm_onnx.inference.session import session_answer
from tests.embedding.harness import ROOT, TARGETS
from tests.embedding.models import contract_of, node, save
from tests.embedding.test_programs import MODELS

pytestmark = pytest.mark.skipif("triton" not in TARGETS, reason="another target is asked for")


@pytest.fixture(scope="module")
def schema() -> ModuleType:
    """Triton's `model_config.proto`, out of its client; the client itself would need grpc too."""
    client = importlib.util.find_spec("tritonclient")
    if client is None or client.submodule_search_locations is None:
        pytest.skip("needs the package tritonclient")
    path = Path(client.submodule_search_locations[0]) / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("model_config_pb2", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # made for the protobuf before this one
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Embedded]:
    return {}


@pytest.fixture
def repository(models, repositories, tmp_path_factory: pytest.TempPathFactory):
    def make(model: str | Path) -> Embedded:
        file = models[model] if isinstance(model, str) else model
        if file not in repositories:
            repositories[file] = embed(file, "triton", tmp_path_factory.mktemp("triton") / "out")
        return repositories[file]

    return make


@pytest.fixture
def config(schema):
    def read(written: Embedded):
        name = written.project.id
        text = (written.folder / name / "config.pbtxt").read_text()
        return text_format.Parse(text, schema.ModelConfig())

    return read


def graph_of(written: Embedded) -> onnx.GraphProto:
    return onnx.load(written.folder / written.project.id / "1" / "model.onnx").graph


@pytest.mark.parametrize("model", MODELS)
def test_every_name_type_and_size_is_the_graphs(repository, config, schema, model: str) -> None:
    written = repository(model)
    found, graph = config(written), graph_of(written)
    assert (found.name, found.backend) == (written.project.id, "onnxruntime")
    states = found.sequence_batching.state
    configured = {
        "input": {**{i.name: i for i in found.input}, **{s.input_name: s for s in states}},
        "output": {**{o.name: o for o in found.output}, **{s.output_name: s for s in states}},
    }
    for side, values in {"input": graph.input, "output": graph.output}.items():
        assert [v.name for v in values if v.name not in configured[side]] == []
        assert len(configured[side]) == len(values)
        for value in values:
            tensor, kind = configured[side][value.name], value.type.tensor_type
            name = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
            assert schema.DataType.Name(tensor.data_type) == f"TYPE_{TYPES[name.replace('object', 'string')]}"
            is_state = isinstance(tensor, schema.ModelSequenceBatching.State)
            reshaped = not is_state and tensor.HasField("reshape")
            dims = list(tensor.reshape.shape if reshaped else tensor.dims)
            check_dims(found.max_batch_size, dims, kind.shape, exact=side == "output" and not is_state)
            assert not reshaped or list(tensor.dims) == [1]


def check_dims(max_batch: int, dims: list[int], shape: onnx.TensorShapeProto, exact: bool) -> None:
    """As Triton's ONNX Runtime backend compares them (CompareDimsSupported in its source)."""
    wanted = [d.dim_value or -1 for d in shape.dim]
    if max_batch:
        assert wanted[0] == -1
        dims = [-1, *dims]
    assert len(dims) == len(wanted)
    for a, b in zip(dims, wanted, strict=True):
        assert a == b or (not exact and -1 in (a, b))


@pytest.mark.parametrize("model", MODELS)
def test_batches_are_made_where_the_batch_is_the_first_axis_of_everything(repository, config, model: str) -> None:
    written = repository(model)
    found = config(written)
    streaming = bool(written.project.states)
    assert found.HasField("sequence_batching") == streaming
    assert found.HasField("dynamic_batching") == (found.max_batch_size > 0) == (not streaming)


@pytest.mark.parametrize("model", ["traffic-streaming", "vowels-streaming", "adding-streaming"])
def test_states_begin_where_the_contract_says_and_stay_until_the_next_row(repository, config, model: str) -> None:
    written = repository(model)
    found, project = config(written).sequence_batching, written.project
    assert [(s.input_name, s.output_name) for s in found.state] == [(a.name, b.name) for a, b in project.states]
    for state, (port, _) in zip(found.state, project.states, strict=True):
        (first,) = state.initial_state
        assert (first.data_type, list(first.dims)) == (state.data_type, list(state.dims))
        assert min(first.dims) > 0
        assert first.name
        assert first.zero_data == (port.reset == 0) == (not first.data_file)
    assert found.max_sequence_idle_microseconds >= 24 * project.step_seconds * 10**6 + (project.step_seconds == 0)
    assert found.oldest.max_candidate_sequences > 1


@pytest.mark.parametrize("model", ["traffic-streaming", "vowels-streaming", "adding-streaming"])
def test_triton_would_not_mix_up_the_states(repository, config, model: str) -> None:
    """It sorts inputs and outputs by name and pairs them in this order: issue 8586."""
    pairs = {s.input_name: s.output_name for s in config(repository(model)).sequence_batching.state}
    assert [pairs[name] for name in sorted(pairs)] == sorted(pairs.values())


def test_a_model_whose_states_got_other_names_answers_as_before(models, repository) -> None:
    written = repository("traffic-streaming")
    before, after = load(models["traffic-streaming"]), load(written.folder / "traffic_streaming" / "1" / "model.onnx")
    contract = after.require_contract()
    assert [s.output for s in contract.states] != [s.output for s in before.require_contract().states]
    assert "issue 8586" in (written.folder / "README.md").read_text()
    for example in contract.examples:
        inputs = {n: v.array() for n, v in example.inputs.items()}
        for a, b in zip(before.run(inputs).values(), after.run(inputs).values(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_model_that_needs_no_other_names_is_copied(models, repository) -> None:
    for model in ("traffic", "vowels-streaming"):
        written = repository(model)
        copied = (written.folder / written.project.id / "1" / "model.onnx").read_bytes()
        assert copied == models[model].read_bytes()


@pytest.mark.parametrize("model", MODELS)
def test_ranked_outputs_have_their_labels(repository, config, model: str) -> None:
    written = repository(model)
    ranked = {t.name: t for t in written.project.contract.outputs if t.is_scores}
    for output in config(written).output:
        assert bool(output.label_filename) == (output.name in ranked)
        if output.label_filename:
            labels = (written.folder / written.project.id / output.label_filename).read_text().splitlines()
            assert tuple(labels) == written.project.contract.axes[ranked[output.name].dims[-1]].labels
            assert len(labels) == output.dims[-1]


@pytest.mark.parametrize("model", MODELS)
def test_the_request_is_what_the_configuration_takes_and_the_answer_is_told(repository, config, model: str) -> None:
    written = repository(model)
    found, project = config(written), written.project
    if not (written.folder / "request.json").exists():
        assert "NaN" in (written.folder / "README.md").read_text()
        pytest.skip("its golden examples hold NaN")
    request = json.loads((written.folder / "request.json").read_text())
    configured = {i.name: i for i in found.input}
    inputs = {p.name: np.full([d.size or 1 for d in p.dims], p.reset, p.dtype) for p, _ in project.states}
    assert {i["name"] for i in request["inputs"]} == configured.keys()
    for sent in request["inputs"]:
        tensor = configured[sent["name"]]
        kind = {TYPES[t]: t for t in TYPES}[sent["datatype"].replace("BYTES", "STRING")]
        shape = sent["shape"][1:] if found.max_batch_size else sent["shape"]
        assert [n for n, d in zip(shape, tensor.dims, strict=True) if d not in (-1, n)] == []
        batch = sent["shape"][:1] if found.max_batch_size else []
        given = [*batch, *(tensor.reshape.shape if tensor.HasField("reshape") else shape)]
        array = np.array(sent["data"], object if kind == "string" else kind)
        inputs[sent["name"]] = array.reshape(given)
    answers = session_answer((written.folder / project.id / "1" / "model.onnx").read_bytes(), "model")(inputs)
    text = (written.folder / "README.md").read_text()
    for port in project.answers:
        assert f"- `{port.name}`: {answers[port.name].ravel()[0]!s}" in text
    assert ("sequence_id" in request.get("parameters", {})) == bool(project.states)


def test_states_that_do_not_begin_with_0_are_files(tmp_path: Path, repository, config) -> None:
    contract = contract_of(
        "counter",
        "counting",
        {"time": Axis(), "one": Axis(size=1)},
        inputs=(
            TensorSpec(name="step", dtype="float32", dims=("batch", "time", "one"), meaning="to add"),
            TensorSpec(name="sum", dtype="float32", dims=("batch", "one"), meaning="so far"),
        ),
        outputs=(
            TensorSpec(name="total", dtype="float32", dims=("batch", "one"), meaning="with it"),
            TensorSpec(name="sum_out", dtype="float32", dims=("batch", "one"), meaning="so far"),
        ),
        states=(StateSpec(input="sum", output="sum_out", reset=2.5),),
        stream={"axis": "time"},
    )
    nodes = [
        node("ReduceSum", "step axis", "added", keepdims=0),
        node("Add", "added sum", "total"),
        node("Identity", "total", "sum_out"),
    ]
    inputs = {"step": np.ones((1, 2, 1), np.float32), "sum": np.full((1, 1), 2.5, np.float32)}
    file = save(tmp_path / "counter.onnx", nodes, {"axis": np.array([1], np.int64)}, contract, [inputs])
    written = repository(file)
    (state,) = config(written).sequence_batching.state
    (first,) = state.initial_state
    content = (written.folder / "counter" / "initial_state" / first.data_file).read_bytes()
    assert np.frombuffer(content, np.float32).tolist() == [2.5]
    assert "`total`: 3.5" in (written.folder / "README.md").read_text()


def test_dims_leave_the_batch_out_where_batches_are_made(repository) -> None:
    project = repository("vowels").project
    assert {p.name: (dims_of(project, p).dims, dims_of(project, p).reshape) for p in project.inputs} == {
        "values": ((-1, 12), False),
        "lengths": ((1,), True),
    }


def test_embed_says_how_to_serve_and_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = ROOT / "exported" / "vowels.onnx", tmp_path / "out"
    assert run(["embed", str(file), "--target", "triton", "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    steps = [line.split()[0] for line in said if line[:1].strip()]
    assert "serve" in steps
    assert "ask" in steps
    assert "self-test" not in steps
    assert all(a != b for a, b in pairwise(steps))
    assert {p.name for p in out.iterdir()} == {
        *("vowels", "README.md", "model.json", "request.json", ".lstm-onnx-embed.json")
    }
