"""The exported captioner: right at sizes and widths that were never traced, readable, and refused where it must be."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from lstm_onnx_captioning.options import Config
from onnx import helper, numpy_helper

from lstm_onnx import testing
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.evaluate import evaluate
from lstm_onnx.exporting.export import export
from lstm_onnx.features.frozen_encoder import open_encoder
from lstm_onnx.features.image import Image
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.sentence_graph import END, SPECIAL, START
from lstm_onnx.graph.subgraphs import numeric
from lstm_onnx.graph.traversal import nodes_of
from lstm_onnx.training.run_folder import open_run
from lstm_onnx.verification.verify import verify
from tests.captioning.tiny import (
    WORDS,
    answers,
    check_alike,
    config,
    drawn,
    exported,
    frozen_encoder,
    graph,
    learnt,
    session,
    with_encoder,
)

made = functools.cache(lambda chosen: exported(graph(chosen)))
"""The file of a captioner, made once for the tests that only read it."""
GREEDY, USUAL, WIDE = config(beam=1, length_penalty=0), config(), config(beam=8, length_penalty=0)
"""Those whose files several tests read."""
TELLING = [config(decoder="tell", beam=beam) for beam in (1, 2, 5)]

SIZES = [(1, 1, 1), (1, 16, 16), (2, 9, 31), (7, 40, 23), (33, 5, 5), (1, 300, 200)]


@pytest.mark.parametrize("chosen", [GREEDY, USUAL, WIDE, *TELLING], ids=lambda c: f"{c.decoder}-{c.beam}")
def test_the_graph_says_what_pytorch_says(chosen: Config) -> None:
    spec = graph(chosen)
    run = session(made(chosen))
    said: set[str] = set()
    for batch, height, width in SIZES:
        found = check_alike(spec, run, {"batch": batch, "height": height, "width": width}, seed=batch)
        said.update(found["caption"])
    assert len(said) > 2, "all captions are alike, so the test tells nothing"


def test_more_beams_find_likelier_captions() -> None:
    inputs = {"image": np.stack(drawn(config(), 60, seed=1))}
    scores = [answers(session(made(chosen)), inputs)["score"] for chosen in (GREEDY, WIDE)]
    assert scores[0].mean() < scores[1].mean()


@pytest.mark.parametrize(("fit", "opset"), [("crop", 20), ("pad", 18), ("stretch", 13), ("crop", 13)])
def test_a_frozen_encoder_is_part_of_the_graph(fit: str, opset: int, tmp_path: Path) -> None:
    spec = graph(with_encoder(frozen_encoder(tmp_path / "eye.onnx", opset), fit=fit))
    model = exported(spec)
    assert [i.name for i in model.graph.input] == ["image"]
    names = [n.name for n in nodes_of(model.graph)]
    assert {f"before/inner/encoder/{name}" for name in ("Conv", "relu", "Conv_2")} <= set(names)
    run = session(model)
    for batch, height, width in SIZES[:4]:
        check_alike(spec, run, {"batch": batch, "height": height, "width": width})


def test_features_of_training_are_those_of_the_graph(tmp_path: Path) -> None:
    path = frozen_encoder(tmp_path / "eye.onnx")
    chosen = with_encoder(path)
    eye = open_encoder(path, 16)
    assert eye.shape == (9, 4, 4)
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3)).astype(np.uint8)
    spec = graph(chosen)
    assert spec.before is not None
    np.testing.assert_allclose(
        spec.before.reference({"image": images})["image_features"], eye.features(images), atol=1e-6
    )


@pytest.mark.parametrize("compact", [True, False], ids=["compact", "frozen"])
def test_the_graph_is_readable_and_onnx_runtime_has_nothing_to_say(
    compact: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = made(USUAL) if compact else exported(graph(with_encoder(frozen_encoder(tmp_path / "eye.onnx"))))
    onnx.checker.check_model(model, full_check=True)
    session(model)
    assert capfd.readouterr().err == ""
    nodes = list(nodes_of(model.graph))
    names = {n.name for n in nodes}
    assert len(names) == len(nodes)
    wanted = ("lstm.layers.0.0/LSTM", "query/Gemm", "scores/Gemm")
    assert {"model.search/Loop", "model.search/Loop/TopK", *(f"model.network.decoder.{n}" for n in wanted)} <= names
    large = [t for t in model.graph.initializer if np.prod(t.dims) >= 100 and t.data_type == onnx.TensorProto.FLOAT]
    assert [t.name for t in large if t.name.startswith("val_")] == []
    seen = Counter(np.sort(numpy_helper.to_array(t), axis=None).tobytes() for t in large)
    assert max(seen.values()) == 1, "a weight is in the file twice"


def test_numbers_alone_where_there_are_no_strings() -> None:
    spec = numeric(graph(config()))
    model = exported(spec)
    assert model.opset_import[0].version == 18
    assert [o.name for o in model.graph.output][:2] == ["tokens", "lengths"]
    assert not spec.outputs[0].internal and spec.outputs[0].labels == (*SPECIAL, *WORDS)
    check_alike(spec, session(model), {"batch": 3, "height": 20, "width": 11})


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9])
def test_captions_are_words_with_spaces_between(count: int) -> None:
    caption = Sentence(name="caption", longest=count, alone=True, words=WORDS)
    stage = caption.after()
    model = helper.make_model(stage.build(), opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    rows = np.random.default_rng(count).integers(0, 3 + len(WORDS), (50, count))
    rows[np.arange(count) > rows[:, :1] % count] = END
    found = answers(session(model), {"tokens": rows})["caption"]
    assert found.tolist() == stage.reference({"tokens": rows})["caption"].tolist()
    for row, caption in zip(rows, found, strict=True):
        if (row[: (row != END).sum()] > START + 1).all():
            assert caption == " ".join(WORDS[k - 3] for k in row if k != END)


def eye(path: Path, **changes: Any) -> Path:
    """Write an encoder with something about it changed."""
    model = onnx.load(frozen_encoder(path))
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for place, size in changes.pop("dims", {}).items():
        dims[place].dim_value = size
    if "domain" in changes:
        model.graph.node[1].domain = changes["domain"]
        model.opset_import.append(helper.make_opsetid(changes["domain"], 1))
    if "output" in changes:
        model.graph.output.append(helper.make_tensor_value_info(changes["output"], 1, None))
    if "kind" in changes:
        model.graph.input[0].type.tensor_type.elem_type = changes["kind"]
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dims": {0: 1}}, "takes batches of 1 alone"),
        ({"dims": {1: 1}}, r"takes float \(any, 1, any, any\)"),
        ({"dims": {2: 8, 3: 9}}, "takes pictures of 8 by 9 pixels"),
        ({"domain": "com.example"}, "uses operators of com.example"),
        ({"output": "b"}, "has the inputs x and the outputs y, b"),
        ({"kind": onnx.TensorProto.UINT8}, "takes uint8"),
    ],
)
def test_another_kind_of_encoder_is_refused(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=says) as refused:
        open_encoder(eye(tmp_path / "eye.onnx", **changes), 16)
    assert "\n" not in str(refused.value)


def test_files_that_are_no_encoder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file; a frozen encoder is an"):
        open_encoder(tmp_path / "none.onnx", 16)
    (tmp_path / "text.onnx").write_text("no")
    with pytest.raises(UserError, match="is no ONNX file"):
        open_encoder(tmp_path / "text.onnx", 16)
    fixed = frozen_encoder(tmp_path / "fixed.onnx", size=32)
    assert open_encoder(fixed, 16).size == 32
    flat = onnx.load(frozen_encoder(tmp_path / "flat.onnx"))
    flat.graph.node.append(helper.make_node("Flatten", ["y"], ["z"]))
    del flat.graph.output[:]
    flat.graph.output.append(helper.make_tensor_value_info("z", 1, ["n", None]))
    onnx.save(flat, tmp_path / "flat.onnx")
    with pytest.raises(UserError, match=r"gives float32 \(1, 144\) for pictures \(1, 3, 16, 16\)"):
        _ = open_encoder(tmp_path / "flat.onnx", 16).shape


def test_a_changed_encoder_is_noticed(tmp_path: Path) -> None:
    path = frozen_encoder(tmp_path / "eye.onnx")
    (picture,) = learnt(with_encoder(path)).inputs
    assert isinstance(picture, Image) and picture.stage().opset == 18
    eye(path, dims={2: 16, 3: 16})
    with pytest.raises(UserError, match="has changed since the model was trained"):
        picture.stage()


def beams(path: Path) -> int:
    """Read from a file how many sequences its search keeps."""
    model = onnx.load(path)
    top = next(n for n in nodes_of(model.graph) if n.name == "model.search/Loop/TopK")
    return int(next(numpy_helper.to_array(t)[0] for t in model.graph.initializer if t.name == top.input[1]))


def stored(path: Path) -> set[str]:
    """Name what a file holds in int8."""
    return {t.name for t in onnx.load(path).graph.initializer if t.data_type == onnx.TensorProto.INT8}


def test_the_whole_way(tmp_path: Path) -> None:
    """Train, interrupt, resume, export and verify; then the same weights with another search."""
    small = {"scenes": 200, "size": 16, "channels": (6, 8, 12), "hidden": 24, "embedding": 10, "max_words": 11}
    usual = testing.check_task("captioning", folder=tmp_path, **small, epochs=2)
    run = open_run(next((tmp_path / "whole").iterdir()))
    wider = export(run, tmp_path / "wider.onnx", numeric=True, changes={"beam": 5, "length_penalty": "0"})
    options = wider.contract.provenance.config
    assert (options["beam"], options["length_penalty"]) == (5, 0)
    verify(wider.path, run.folder).raise_if_failed()
    assert [beams(f.path) for f in (usual, wider)] == [3, 5]
    assert wider.contract.scores is not None and wider.contract.scores.model.keys() >= {"cider", "exact"}
    numbers, words = (evaluate(path).scores.model for path in (wider.path, usual.path))
    assert numbers.keys() == words.keys(), "a file that gives numbers of words is scored by the words they stand for"
    whole, half = export(run, tmp_path / "small.onnx", variant=["int8", "fp16"], max_drop=100)
    assert (
        half.report.passed
        and whole.report.passed
        and stored(whole.path) >= {f"model.network.decoder.lstm.layers.0.0.{n}.int8" for n in "WR"}
    )
    with pytest.raises(UserError, match=r"'hidden' cannot be changed after training .* beam, length_penalty"):
        export(run, tmp_path / "x.onnx", changes={"hidden": "3"})
    with pytest.raises(UserError, match="--beam 0: input should be greater"):
        export(run, tmp_path / "x.onnx", changes={"beam": "0"})
    assert not (tmp_path / "x.onnx").exists()
