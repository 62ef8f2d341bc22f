"""Running a file: from Python, with arrays, with what is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import lstm_onnx as lo
from lstm_onnx.inference.session import available_providers, open_session

PAIRS = np.array([[[0.25, 1], [0.5, 0], [0.5, 1]]], np.float32)


def test_arrays_by_name(adding_file: Path) -> None:
    model = lo.load(adding_file)
    outputs = model.run({"pairs": PAIRS, "lengths": np.array([3])})
    assert outputs["total"].shape == (1,) and outputs["total"].dtype == np.float32
    prediction = model.predict({"pairs": PAIRS, "lengths": [3]})
    assert prediction.table.columns == ["batch", "total"] or "total" in prediction.table.columns
    assert prediction.outputs["total"] == outputs["total"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"pairs": PAIRS}, "lengths"),
        ({"pairs": PAIRS, "lengths": [3], "length": [3]}, "length"),
        ({"pairs": PAIRS, "length": [3]}, "did you mean 'lengths'"),
        ({"pairs": PAIRS[0], "lengths": [3]}, "pairs"),
        ({"pairs": PAIRS[:, :, :1], "lengths": [3]}, "pairs"),
        ({"pairs": PAIRS[:, :1], "lengths": [1]}, "time"),
        ({"pairs": PAIRS, "lengths": [3, 3]}, "batch"),
        ({"pairs": PAIRS, "lengths": ["three"]}, "lengths"),
        ({"pairs": PAIRS[:0], "lengths": np.zeros(0, int)}, "axis 'batch' has length 0, and must have 1 at least"),
        ({"pairs": PAIRS, "lengths": [-1]}, r"-1 at \[0\], and a length must be from 0 to 3, the size of 'time'"),
        ({"pairs": PAIRS, "lengths": [4]}, r"4 at \[0\], and a length must be from 0 to 3"),
    ],
    ids=[
        *("missing", "extra", "misspelt", "rank", "fixed-axis", "too-short", "other-batch", "words", "no-example"),
        *("negative-length", "length-past-the-end"),
    ],
)
def test_arrays_that_do_not_fit(adding_file: Path, inputs: dict[str, object], message: str) -> None:
    with pytest.raises(lo.UserError, match=message):
        lo.load(adding_file).run(inputs)


def test_provider_that_is_not_there(adding_file: Path) -> None:
    if "cuda" in available_providers():
        pytest.skip("CUDA is there")
    with pytest.raises(lo.UserError, match="provider 'cuda' is not in this build of ONNX Runtime; there is: cpu"):
        lo.load(adding_file, provider="cuda")


def test_cuda_gives_the_same_answers(adding_file: Path) -> None:
    if "cuda" not in available_providers():
        pytest.skip("no CUDA provider in this build of ONNX Runtime")
    inputs = {"pairs": PAIRS, "lengths": np.array([3])}
    on_gpu, on_cpu = (lo.load(adding_file, provider=p).run(inputs)["total"] for p in ("cuda", "cpu"))
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=1e-5, atol=1e-6)


def test_a_file_without_contract_runs_but_says_what_it_lacks(adding_file: Path, tmp_path: Path) -> None:
    model = onnx.load(adding_file)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "bare.onnx")
    bare = lo.load(tmp_path / "bare.onnx")
    inputs = {"pairs": PAIRS, "lengths": np.array([3])}
    np.testing.assert_array_equal(bare.run(inputs)["total"], lo.load(adding_file).run(inputs)["total"])
    with pytest.raises(lo.UserError, match=r"bare\.onnx: has no lstm-onnx contract in its metadata"):
        bare.predict(inputs)
    with pytest.raises(lo.UserError, match="an axis has length 0, on which ONNX Runtime's LSTM ends the whole process"):
        bare.run({"pairs": PAIRS[:0], "lengths": np.zeros(0, int)})


def test_files_that_are_not_there_or_not_onnx(adding_file: Path, tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"no such file; did you mean 'adding.onnx'"):
        lo.load(adding_file.with_name("ading.onnx"))
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(lo.UserError, match=r"junk\.onnx: is no ONNX file, or a damaged one"):
        lo.load(tmp_path / "junk.onnx")


def test_one_thread_unless_asked(adding_file: Path) -> None:
    content = adding_file.read_bytes()
    assert open_session(content, "x").get_session_options().intra_op_num_threads == 1
    assert open_session(content, "x", threads=2).get_session_options().intra_op_num_threads == 2
