"""What an exported file looks like, in one process and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import lstm_onnx as lo
from lstm_onnx.contract import METADATA_KEY
from lstm_onnx.data.atomic_files import file_name


@pytest.fixture(scope="module")
def model(adding_file: Path) -> onnx.ModelProto:
    return onnx.load(adding_file)


def test_file_is_whole_and_pinned_low(model: onnx.ModelProto, adding_file: Path) -> None:
    assert model.ir_version == 8
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert sorted(p.name for p in adding_file.parent.iterdir()) == ["adding.json", "adding.onnx"]
    assert not model.graph.value_info
    assert [p.key for p in model.metadata_props] == [METADATA_KEY]
    assert model.producer_name == "lstm-onnx"


def test_nothing_of_the_machine_is_in_the_file(adding_file: Path, adding_run) -> None:
    content = adding_file.read_bytes()
    assert str(Path(lo.__file__).parent).encode() not in content
    assert str(adding_run.folder.parent).encode() not in content


def test_a_person_can_read_the_graph(model: onnx.ModelProto) -> None:
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert {"lstm.layers.0.0/LSTM", "head/Gemm"} <= set(names)
    assert {"lstm.layers.0.0.W", "lstm.layers.0.0.R", "lstm.layers.0.0.B"} <= {t.name for t in model.graph.initializer}
    assert [i.doc_string for i in model.graph.input] == ["numbers and markers", "steps of each sequence"]


def test_contract_tells_sizes_scores_and_origin(adding_file: Path, adding_run) -> None:
    contract = lo.load(adding_file).require_contract()
    assert contract.dims_of(contract.inputs[0]) == ("batch", "time", 2)
    assert contract.scores == adding_run.record.scores
    assert contract.scores is not None and set(contract.scores.baselines) == {"always 1"}
    assert contract.provenance.config == adding_run.record.config
    assert contract.provenance.data == adding_run.record.fingerprint
    sizes = [len(e.inputs["lengths"].values) for e in contract.examples]
    assert (sizes[0], sizes[2]) == (1, 3)
    assert sizes[1] > 3  # real rows


def test_export_is_the_same_again_in_one_process(adding_run, adding_file: Path, tmp_path: Path) -> None:
    first = onnx.load(adding_file).graph
    for number in range(2):
        again = onnx.load(lo.export(adding_run, tmp_path / f"{number}.onnx").path).graph
        assert again.SerializeToString(deterministic=True) == first.SerializeToString(deterministic=True)


def test_sizes_that_were_never_traced(adding_run, adding_file: Path) -> None:
    from lstm_onnx.graph.torch_reference import torch_reference
    from lstm_onnx.training.restore import restore

    restored = restore(adding_run)
    answer, model = torch_reference(restored.graphs[0]), lo.load(adding_file)
    for batch, time in [(1, 2), (1, 100), (64, 3), (5, 31)]:
        inputs = restored.task.sample(restored.graphs[0], {"batch": batch, "time": time}, seed=batch)
        np.testing.assert_allclose(model.run(inputs)["total"], answer(inputs)["total"], rtol=1e-5, atol=1e-6)


def test_newest_run_and_default_name(adding_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = lo.export(runs=adding_run.folder.parent)
    assert written.path == Path("exported/adding.onnx")
    assert written.path.exists()


def test_refusals(adding_run, tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"must end in \.onnx"):
        lo.export(adding_run, tmp_path / "model.pt")
    with pytest.raises(lo.UserError, match="not a run folder"):
        lo.export(tmp_path / "nowhere", tmp_path / "x.onnx")


@pytest.mark.parametrize(
    ("name", "safe"), [("Café sales", "Caf-sales"), ("../up", "up"), ("---", "model"), ("a_b.1", "a_b.1")]
)
def test_file_names(name: str, safe: str) -> None:
    assert file_name(name) == safe
