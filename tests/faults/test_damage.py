"""Nothing damaged passes: not in an exported file, not in a run folder, not in a checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.torch import save

import lstm_onnx as lo
from lstm_onnx.errors import Interrupted
from lstm_onnx.plugins import trust
from lstm_onnx.training.checkpoint import TrainingProgress
from lstm_onnx.training.examples import choose, load_examples
from lstm_onnx.training.observers import Observer as SilentObserver
from lstm_onnx.training.restore import restore
from lstm_onnx.training.run_folder import Run, open_run
from lstm_onnx.training.tensor_files import load_tensors
from lstm_onnx.verification.report import FingerprintMismatch, OperatorError
from lstm_onnx.verification.verify import verify
from tests.conftest import ADDING, TINY


@pytest.fixture
def folder(adding_run: Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(adding_run.folder, tmp_path / "adding"))


@pytest.fixture
def file(adding_file: Path, tmp_path: Path) -> Path:
    for suffix in (".onnx", ".json"):
        shutil.copy(adding_file.with_suffix(suffix), tmp_path / f"adding{suffix}")
    return tmp_path / "adding.onnx"


def test_a_change_that_no_answer_shows_is_found_by_its_fingerprint(file: Path) -> None:
    model = onnx.load(file)
    tensor = next(t for t in model.graph.initializer if t.name.endswith(".R"))
    bits = numpy_helper.to_array(tensor).copy().view(np.uint32)
    bits.flat[3] ^= 1  # the last digit of one weight
    tensor.CopyFrom(numpy_helper.from_array(bits.view(np.float32), tensor.name))
    onnx.save(model, file)
    report = verify(file)
    assert [c.name for c in report.checks if c.error] == ["fingerprints"]
    with pytest.raises(FingerprintMismatch, match=r"changed since the export: weights lstm\.layers\.0\.0\.R changed"):
        report.raise_if_failed()


def test_operators_of_the_files_own_are_refused(file: Path) -> None:
    model = onnx.load(file)
    opset = [onnx.helper.make_opsetid("", 18)]
    identity = onnx.helper.make_node("Identity", ["x"], ["y"])
    model.functions.append(onnx.helper.make_function("mine", "Tanh", ["x"], ["y"], [identity], opset))
    model.opset_import.append(onnx.helper.make_opsetid("mine", 1))
    onnx.save(model, file)
    with pytest.raises(OperatorError, match="defines operators of its own, such as Tanh"):
        verify(file).raise_if_failed()


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_no_bit_of_the_weights_can_change_silently(folder: Path) -> None:
    weights = open_run(folder).weights
    content = weights.read_bytes()
    bits = np.random.default_rng(0).choice(8 * len(content), size=150, replace=False)
    for bit in bits:
        weights.write_bytes(flipped(content, int(bit)))
        with pytest.raises(lo.UserError, match=r"weights\.safetensors: damaged"):
            load_tensors(weights)
    with pytest.raises(lo.UserError, match=r"weights\.safetensors: damaged"):
        lo.export(folder, folder / "x.onnx")


class Stop(SilentObserver):
    def epoch_ended(self, row, is_best) -> None:
        raise KeyboardInterrupt


def test_an_unfinished_run_of_release_0_1_is_resumed_with_a_note(tmp_path: Path) -> None:
    class Notes(SilentObserver):
        def started(self, run, data, batches) -> None:
            told.extend(data.notes)

    with pytest.raises(Interrupted):
        lo.train("adding", plugin_file=ADDING, **TINY, threads=1, runs=tmp_path, observers=Stop())
    checkpoint, told = open_run(tmp_path / "adding").checkpoint, []
    tensors, texts = load_tensors(checkpoint)
    checkpoint.write_bytes(save(tensors, texts))  # as release 0.1 wrote it
    for spoilt in ({**texts, "sha356": "0" * 64}, {k: v for k, v in texts.items() if k != "epoch"}):
        other = tmp_path / "other.safetensors"
        other.write_bytes(save(tensors, spoilt))
        with pytest.raises(lo.UserError, match="damaged"):
            load_tensors(other, of_release_0_1=texts)
    assert lo.resume(tmp_path / "adding", observers=Notes()).record.status == "finished"
    (note,) = told
    assert note.endswith("of release 0.1, without a digest, so that damage in it would not be noticed")


def test_no_bit_of_a_checkpoint_can_change_silently(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        lo.train("adding", plugin_file=ADDING, **TINY, threads=1, runs=tmp_path, observers=Stop())
    run = open_run(tmp_path / "adding")
    content = run.checkpoint.read_bytes()
    for bit in np.random.default_rng(0).choice(8 * len(content), size=150, replace=False):
        run.checkpoint.write_bytes(flipped(content, int(bit)))
        with pytest.raises(lo.UserError, match=r"checkpoint\.safetensors: damaged"):
            load_tensors(run.checkpoint, of_release_0_1=vars(TrainingProgress()))
    with pytest.raises(lo.UserError, match=r"checkpoint\.safetensors: damaged"):
        lo.resume(run.folder)


def test_examples_are_chosen_from_real_rows_and_held_to_their_digest(folder: Path) -> None:
    run = open_run(folder)
    rows = load_examples(run)
    assert len(rows) >= 8
    data = restore(run).task.load_data(None, restore(run).config, 0)
    splits = (data.test, data.validation, data.train)
    numbers = np.concatenate([b["pairs"] for split in splits if split for b in split.batches(1000)])
    assert all((row["pairs"] == numbers[:, : row["pairs"].shape[1]]).all(axis=(1, 2)).any() for row in rows)
    content = run.examples.read_bytes()
    run.examples.write_bytes(flipped(content, 4 * len(content)))
    with pytest.raises(lo.UserError, match=r"examples\.npz: damaged or gone"):
        restore(run)


def test_what_is_rare_is_chosen_first() -> None:
    from lstm_onnx.contract import Axis, TensorSpec, TextSource
    from lstm_onnx.data.splits import ArraySplit
    from lstm_onnx.task import GraphSpec

    text = TensorSpec(name="text", dtype="string", dims=("batch",), meaning="", source=TextSource(column="t"))
    label = TensorSpec(name="label", dtype="int64", dims=("batch",), meaning="")
    graph = GraphSpec(None, (text,), (label,), {"batch": Axis()}, "")  # type: ignore[arg-type]
    texts = ["the news"] * 500 + ["a word that nobody else says"] + ["the news"] * 500
    split = ArraySplit(text=np.array(texts, dtype=object))
    rows = choose(graph, [split], lambda b: {"label": np.array(["nobody" in t for t in b["text"]], dtype=np.int64)})
    assert rows[0]["text"][0] == "a word that nobody else says"


def test_an_edited_plugin_that_answers_otherwise_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(trust.CONFIG, str(tmp_path / "config"))
    mine = Path(shutil.copy(ADDING, tmp_path / "mine.py"))
    settings = {"epochs": 1, "threads": 1}
    run = lo.train("adding", plugin_file=mine, **TINY, **settings, runs=tmp_path / "runs")
    mine.write_text(mine.read_text().replace("self.head(last[0]).squeeze(1),", "self.head(last[0]).squeeze(1) / 10,"))
    with pytest.raises(
        lo.UserError, match=r"its model answers total \S+, and answered \S+ when it was trained: the plugin .* changed"
    ):
        lo.export(run.folder, tmp_path / "x.onnx", plugin_file=mine)
    assert not (tmp_path / "x.onnx").exists()
