"""A file without a contract: what stands in it is shown, and whether engines read it alike."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import lstm_onnx as lo
from lstm_onnx.verification.report import ValueMismatch
from tests.compatibility.test_verdict import cell


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    onnx.save(model, folder / "theirs.onnx")
    return folder / "theirs.onnx"


FREE, STEPS = ("time", "batch", 3), (None, None, None, None)


def test_a_sound_one_passes_and_is_described(tmp_path: Path) -> None:
    report = lo.verify(saved(cell("LSTM", FREE, y=STEPS), tmp_path))
    assert report.passed
    found = {c.name: c.detail for c in report.checks}
    assert found["contract"].startswith("not there: lstm-onnx adopt")
    assert found["inputs"] == "x float32 (time, batch, 3)"
    assert found["operators"] == "LSTM"
    assert found["cpu"] == "loads, and answers for made-up inputs of 3 sizes"
    assert found["reference"] == "answers for 3 made-up inputs are those of ONNX Runtime"


def test_engines_that_read_it_differently_fail_it(tmp_path: Path) -> None:
    """onnx's reference evaluator ignores lengths, as does OpenVINO where axes are free."""
    report = lo.verify(saved(cell("LSTM", FREE, lengths=True, y=STEPS), tmp_path))
    assert not report.passed
    assert report.checks[-1].name == "agreement"
    with pytest.raises(ValueMismatch, match=r"theirs\.onnx: reference and ONNX Runtime read it differently, so one of"):
        report.raise_if_failed()


def test_a_file_that_lost_its_contract_is_not_taken_for_a_foreign_one(adding_file: Path, tmp_path: Path) -> None:
    model = onnx.load(adding_file)
    del model.metadata_props[:]
    theirs = saved(model, tmp_path)
    assert lo.verify(theirs).passed
    theirs.with_suffix(".json").write_text(adding_file.with_suffix(".json").read_text())
    with pytest.raises(lo.CheckFailed, match="has no contract in its metadata"):
        lo.verify(theirs).raise_if_failed()
