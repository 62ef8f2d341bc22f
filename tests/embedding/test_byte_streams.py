"""A text as a stream of bytes: it is exported, fed and embedded; what takes whole texts says that it cannot stream."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import lstm_onnx as lo
from lstm_onnx.embedding.from_contract import project_of
from lstm_onnx.training.restore import restore
from lstm_onnx.verification.against_torch import check_stream_against_main
from lstm_onnx.verification.report import NameMismatch, Report

PLUGIN = Path(__file__).parent / "shouting.py"


@pytest.fixture(scope="module")
def shouting(tmp_path_factory: pytest.TempPathFactory):
    runs = tmp_path_factory.mktemp("runs")
    return lo.train("shouting", plugin_file=PLUGIN, epochs=1, threads=1, runs=runs)


def test_a_stream_of_bytes_is_a_library_in_other_languages(shouting, tmp_path: Path) -> None:
    live = lo.export(shouting, tmp_path / "live.onnx", variant="streaming")
    whole = lo.export(shouting, tmp_path / "whole.onnx")
    assert project_of(live.contract, 1, "1").mode == "library"
    assert project_of(whole.contract, 1, "1").mode == "texts"
    text = np.frombuffer(b"WHO is there", np.uint8)[None]
    stream = lo.load(live.path).stream()
    for begin in range(0, text.shape[1], 5):
        answer = stream.push({"bytes": text[:, begin : begin + 5]})["share"]
    asked = lo.load(whole.path).run({"bytes": text, "lengths": [text.shape[1]]})["share"]
    np.testing.assert_allclose(answer, asked, rtol=1e-5, atol=1e-6)
    for target in ("c", "node"):
        files = lo.embed(live.path, target, tmp_path / target).files
        assert not any(name.startswith("example.") for name in files)


def test_a_stream_of_what_the_main_graph_has_not_is_refused_in_words(shouting) -> None:
    restored = restore(shouting)
    stream = restored.task.streaming(restored.model, restored.config, restored.info)
    other = stream.inputs[-1].model_copy(update={"name": "letters"})
    stream = dataclasses.replace(stream, inputs=(*stream.inputs[:-1], other))
    with pytest.raises(NameMismatch, match=r"the stream takes letters, .*\(bytes, lengths\).*cannot stream"):
        check_stream_against_main(restored, stream, Report("a.onnx"))
