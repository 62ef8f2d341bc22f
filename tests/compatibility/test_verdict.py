"""`runs` is said where it was tried, or where all that is in a file ran elsewhere; of files by others too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.compatibility.examine import examine
from lstm_onnx.compatibility.trial import try_on
from lstm_onnx.compatibility.verdict import NOTHING_KNOWN
from lstm_onnx.data.made_up_inputs import made_up_inputs
from lstm_onnx.embedding.diagnose import diagnose
from lstm_onnx.graph.description import graph_inputs
from tests.compatibility.test_examine import TRAFFIC, int8_lstm, lstm, one_node

ROOT = Path(__file__).parents[2]
CELLS = {"LSTM": 4, "GRU": 3, "RNN": 1}


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    onnx.save(model, folder / "a.onnx")
    return folder / "a.onnx"


def cell(
    kind: str,
    x: tuple[object, ...] = (5, 2, 3),
    lengths: bool = False,
    dtype: type = np.float32,
    y: tuple[object, ...] | None = None,
    **attributes: object,
) -> onnx.ModelProto:
    """An LSTM, GRU or RNN of 4 units, with lengths as an input where they are asked for."""
    random = np.random.default_rng(0)
    both = 2 if attributes.get("direction") == "bidirectional" else 1
    shapes = {"W": (both, 4 * CELLS[kind], 3), "R": (both, 4 * CELLS[kind], 4)}
    weights = [numpy_helper.from_array(random.normal(size=s).astype(dtype), name) for name, s in shapes.items()]
    number = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    inputs = [helper.make_tensor_value_info("x", number, x)]
    inputs += [helper.make_tensor_value_info("lengths", TensorProto.INT32, [x[1]])] * lengths
    node = helper.make_node(
        kind, ["x", "W", "R", *(["", "lengths"] if lengths else [])], ["y"], **attributes, hidden_size=4
    )
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("y", number, y)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def rules_of(model: onnx.ModelProto, target: str) -> list[str]:
    return [f.rule for f in examine(model, target)]


@pytest.mark.parametrize("kind", CELLS)
class TestEveryCell:
    """What is true of an LSTM is true of a GRU and an RNN, or has a rule of its own."""

    def test_layout(self, kind: str, tmp_path: Path) -> None:
        verdict = diagnose(saved(cell(kind, layout=1), tmp_path), "ort")
        assert [f.found for f in verdict.stops] == [f"{kind} with layout 1"]
        trial = try_on(tmp_path / "a.onnx", "ort")
        assert trial is not None and not trial.loaded

    def test_float64(self, kind: str, tmp_path: Path) -> None:
        assert rules_of(cell(kind, dtype=np.float64), "ort") == ["double"]
        trial = try_on(saved(cell(kind, dtype=np.float64), tmp_path), "ort")
        assert trial is not None and not trial.answered

    @pytest.mark.parametrize("x", [("time", "batch", 3), (None, None, 3)], ids=["named", "unnamed"])
    def test_lengths_of_free_axes(self, kind: str, x: tuple[object, ...], tmp_path: Path) -> None:
        pytest.importorskip("openvino")
        model = cell(kind, x, lengths=True)
        assert rules_of(model, "openvino") == ["sequence_lens"]
        assert diagnose(saved(model, tmp_path), "openvino").mark == "differs"

    def test_a_plain_one_runs(self, kind: str, tmp_path: Path) -> None:
        file = saved(cell(kind), tmp_path)
        assert diagnose(file, "ort").mark == "runs"
        pytest.importorskip("openvino")
        assert diagnose(file, "openvino").mark == "runs"


@pytest.mark.parametrize("kind", ["GRU", "RNN"])
@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
def test_c_has_no_other_direction_for_them(kind: str, direction: str) -> None:
    compiling = pytest.importorskip("emx_onnx_cgen.compiler")
    model = cell(kind, direction=direction, y=(5, 2 if direction == "bidirectional" else 1, 2, 4))
    assert rules_of(model, "bare-c") == ["direction"]
    with pytest.raises(Exception, match=f"Unsupported {kind} direction"):
        compiling.Compiler(compiling.CompilerOptions()).compile(model)


def test_of_a_target_that_nobody_can_try_here_the_list_tells(tmp_path: Path) -> None:
    assert diagnose(TRAFFIC, "node").mark == "runs"
    verdict = diagnose(saved(cell("GRU"), tmp_path), "web")
    assert (verdict.mark, verdict.runs) == ("unknown", False)
    assert verdict.known == f"{NOTHING_KNOWN}, but nobody tried GRU there"
    assert diagnose(TRAFFIC, "triton").known.startswith(NOTHING_KNOWN)


def test_a_trial_says_which_engine_and_when() -> None:
    verdict = diagnose(TRAFFIC, "ort")
    assert verdict.runs
    assert verdict.known.startswith("ONNX Runtime 1.") and "tried here on 20" in verdict.known
    assert verdict.known.endswith("answered for its golden example")


def test_a_crash_is_a_finding(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    trial = try_on(saved(one_node("Identity", TensorProto.STRING), tmp_path), "openvino")
    assert trial is not None and "ended the process (signal" in trial.why_not


def test_bare_c_says_what_embed_says(tmp_path: Path) -> None:
    pytest.importorskip("emx_onnx_cgen")
    assert diagnose(TRAFFIC, "bare-c").runs
    lo.embed(TRAFFIC, "bare-c", tmp_path / "traffic")
    vowels = ROOT / "exported" / "news.onnx"  # strings
    assert diagnose(vowels, "bare-c").mark == "no"
    with pytest.raises(lo.UserError, match="would not run it"):
        lo.embed(vowels, "bare-c", tmp_path / "news")
    onnx.save(int8_lstm(), tmp_path / "int8.onnx")
    assert diagnose(tmp_path / "int8.onnx", "bare-c").mark == "no"


def test_c_that_was_only_written_is_untested(tmp_path: Path) -> None:
    pytest.importorskip("emx_onnx_cgen")
    verdict = diagnose(saved(lstm(), tmp_path), "bare-c")
    assert not verdict.runs and "which is untested" in verdict.known


def test_made_up_inputs_share_the_sizes_of_names() -> None:
    made = made_up_inputs(graph_inputs(cell("LSTM", ("time", "batch", 3), lengths=True)), first=5, others=7)
    assert {name: a.shape for name, a in made.items()} == {"x": (5, 7, 3), "lengths": (7,)}
    assert made["lengths"].dtype == np.int32


@pytest.fixture(scope="module")
def foreign() -> Path:
    made = subprocess.run(
        [str(ROOT / "tools" / "foreign_models"), sys.executable], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"the files of others cannot be had: {made.stderr.strip().splitlines()[-1:]}")
    return Path(made.stdout.strip())


def test_files_by_others(foreign: Path) -> None:
    """What stands here was seen: each verdict `runs` answered as ONNX Runtime does, each `no` raised."""
    openvino = pytest.importorskip("openvino")
    found = {file.name: diagnose(file, "openvino").mark for file in foreign.glob("*.onnx")}
    assert len(found) == 5
    for name, mark in found.items():
        if "silero" in name:
            with pytest.raises(RuntimeError):
                openvino.Core().compile_model(openvino.Core().read_model(str(foreign / name)), "CPU")
        assert mark == ("no" if "silero" in name else "runs"), name
    for file in foreign.glob("*.onnx"):
        assert diagnose(file, "web").mark == "unknown"
        assert diagnose(file, "ort").mark == ("unknown" if "silero" in file.name else "runs")
