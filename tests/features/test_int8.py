"""A task that streams, in whole numbers: the cell state is taken out of the graph where no answer reads it."""

from __future__ import annotations

from pathlib import Path

import onnx

import lstm_onnx as lo
from tests.features.test_task import MACHINES


def test_a_task_that_streams_has_an_int8_variant(tmp_path: Path) -> None:
    run = lo.train("machines", plugin_file=MACHINES, epochs=1, threads=1, hidden=16, runs=tmp_path / "runs")
    made = run.export(tmp_path / "m.onnx", variant=["fp32", "int8"], max_drop=100)
    whole, small = (onnx.load(file.path) for file in made)
    (lstm,) = (n for n in whole.graph.node if n.op_type == "LSTM")
    columns = {t.name: t.dims[2] for t in whole.graph.initializer if t.name == lstm.input[1]}
    assert columns == {"model.network.lstm.layers.0.0.W": 4}  # noise, drift, and where each is missing: no column more
    assert "DynamicQuantizeLSTM" in {n.op_type for n in small.graph.node}


def test_an_answer_that_reads_the_cell_state_keeps_it_and_its_weights_are_stored_in_int8(tmp_path: Path) -> None:
    plugin = tmp_path / "reading.py"
    plugin.write_text(MACHINES.read_text().replace("[lstm[0][0], age", "[lstm[1][0], age"))
    run = lo.train("machines", plugin_file=plugin, epochs=1, threads=1, hidden=16, runs=tmp_path / "runs")
    made = run.export(tmp_path / "m.onnx", variant=["fp32", "int8"], max_drop=100)  # proved against PyTorch
    whole, small = (onnx.load(file.path) for file in made)
    (lstm,) = (n for n in whole.graph.node if n.op_type == "LSTM")
    assert [t.dims[2] for t in whole.graph.initializer if t.name == lstm.input[1]] == [5]
    assert "LSTM" in {n.op_type for n in small.graph.node}  # it computes in float32
    kept = {t.name for t in small.graph.initializer if t.data_type == onnx.TensorProto.INT8}
    assert "model.network.lstm.layers.0.0.R.int8" in kept
