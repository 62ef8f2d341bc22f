"""`benchmark` measures what it says; how fast that is, no test asks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import lstm_onnx as lo
from lstm_onnx.benchmarking.benchmark import (
    BenchmarkCase,
    Figures,
    benchmark,
    best_threads,
    cores,
    disturbed,
    footprint,
    labels,
)
from lstm_onnx.benchmarking.inputs import make_inputs, usual_length
from lstm_onnx.benchmarking.plots import latency_figure
from lstm_onnx.cli.app import run
from lstm_onnx.contract import Axis, Contract, Example, Values
from lstm_onnx.inference.session import available_providers

TRAFFIC = Path(__file__).parents[2] / "exported" / "traffic.onnx"
STREAM = TRAFFIC.with_name("traffic-streaming.onnx")


@pytest.mark.parametrize(("batch", "length"), [(1, 1), (3, 8), (2, 400)])
def test_inputs_have_the_sizes_and_the_clock_goes_on(batch: int, length: int) -> None:
    model = lo.load(TRAFFIC)
    inputs = make_inputs(model.require_contract(), batch, length)
    assert inputs["values"].shape == (batch, length, 1) and inputs["past"].shape[:2] == (batch, length)
    assert (np.diff(inputs["time"], axis=1) == 3600).all() and inputs["time"].dtype == np.int64
    assert model.run(inputs)["forecast"].shape == (batch, 24, 1)


def test_lengths_are_full_and_states_are_reset(adding_file: Path) -> None:
    assert make_inputs(lo.load(adding_file).require_contract(), 4, 7)["lengths"].tolist() == [7] * 4
    contract = lo.load(STREAM).require_contract()
    inputs = make_inputs(contract, 3, usual_length(contract))
    assert inputs["values"].shape == (3, 1, 1)
    assert all(not inputs[s.input].any() and 3 in inputs[s.input].shape for s in contract.states)


def test_sizes_that_the_file_does_not_take(adding_file: Path) -> None:
    with pytest.raises(lo.UserError, match="its axis 'time' takes 2 or more, and 1 was asked for"):
        benchmark([adding_file], lengths=[1])


def sized(contract: Contract, **axes: Axis) -> Contract:
    return contract.model_copy(update={"axes": contract.axes | axes})


def test_a_fixed_axis_is_not_stretched_without_a_word(adding_file: Path) -> None:
    contract = lo.load(adding_file).require_contract()
    one = sized(contract, batch=Axis(size=1))
    assert make_inputs(one, 1, 7)["pairs"].shape == (1, 7, 2)
    with pytest.raises(lo.UserError, match="its axis 'batch' takes 1 and nothing else, and 8 was asked for"):
        make_inputs(one, 8, 7)
    with pytest.raises(lo.UserError, match="its axis 'time' takes 2 to 9, and 10 was asked for"):
        make_inputs(sized(contract, time=Axis(min=2, max=9)), 1, 10)
    still = sized(contract, time=Axis(size=8))
    assert usual_length(still) == 0
    assert make_inputs(still, 3, 0)["pairs"].shape == (3, 8, 2)
    with pytest.raises(lo.UserError, match="takes no --length; leave it out"):
        make_inputs(still, 3, 8)


def test_inputs_are_the_examples_own_values_over_and_over() -> None:
    contract = lo.load(TRAFFIC).require_contract()
    largest = max(contract.examples, key=lambda e: len(e.inputs["values"].values)).inputs
    values, time = largest["values"].array(), largest["time"].array()
    rows, steps = values.shape[:2]
    inputs = make_inputs(contract, rows + 1, steps + 2)
    np.testing.assert_array_equal(inputs["values"][:rows, :steps], values)
    np.testing.assert_array_equal(inputs["values"][rows, steps:], values[0, :2])
    np.testing.assert_array_equal(inputs["time"][:, 0], [*time[:, 0], time[0, 0]])


def test_an_empty_example_is_passed_over(adding_file: Path) -> None:
    contract = lo.load(adding_file).require_contract()
    first = contract.examples[0]
    nothing = {name: Values.of(v.array()[:0]) for name, v in first.inputs.items()}
    contract = contract.model_copy(update={"examples": (Example(inputs=nothing, outputs={}), first)})
    assert make_inputs(contract, 2, 3)["pairs"].any()
    with pytest.raises(lo.UserError, match="no golden examples"):
        make_inputs(contract.model_copy(update={"examples": ()}), 2, 3)


def test_every_combination_is_measured(adding_file: Path) -> None:
    told = []
    figures = benchmark(
        [adding_file, TRAFFIC], batches=[1, 2], threads=[1, 2], seconds=0.01, progress=lambda *n: told.append(n)
    )
    cells = [(f.cell.file, f.cell.batch, f.cell.threads) for f in figures]
    assert cells == [(p, b, t) for p in (adding_file, TRAFFIC) for b in (1, 2) for t in (1, 2)]
    assert {f.cell.length for f in figures} == {8, 168}
    for f in figures:
        assert 0 < f.median <= f.p95 <= f.p99 and f.calls >= 5
        assert 0 <= f.waited <= 1 and f.cell.provider in available_providers()
        assert f.throughput == pytest.approx(f.cell.batch / f.median * 1e6)
    assert told[-1] == (len(told), len(told))


def test_what_is_asked_for_twice_is_measured_once(adding_file: Path) -> None:
    figures = benchmark([adding_file, adding_file], batches=[2, 2], lengths=[3, 3], threads=[1, 1], seconds=0.01)
    assert [(f.cell.batch, f.cell.length) for f in figures] == [(2, 3)]


def test_a_file_without_a_contract(adding_file: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(adding_file)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "plain.onnx")
    (figures,) = benchmark([tmp_path / "plain.onnx"], batches=(2,), lengths=(7,), threads=(1,), seconds=0.01)
    assert (figures.cell.variant, figures.cell.batch, figures.cell.length) == ("no contract", 2, 7)
    made = footprint(tmp_path / "plain.onnx")
    assert made.answered > made.ready > 0


def test_a_process_that_dies_without_a_word(adding_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstm_onnx.benchmarking.benchmark._CHILD", "import os; os._exit(9)")
    with pytest.raises(lo.UserError, match="process of its own: it ended with status 9; try lstm-onnx verify"):
        footprint(adding_file)


def test_files_of_one_name_are_told_apart() -> None:
    same, other = [Path("a/m.onnx"), Path("b/m.onnx")], Path("b/n.onnx")
    named = labels([*same, other, other])
    assert named == {same[0]: str(same[0]), same[1]: str(same[1]), other: "n"}
    figures = [Figures(BenchmarkCase(f, "fp32", b, 8, 1), 9, 9, 9, 9) for f in same for b in (1, 2)]
    assert len(latency_figure(figures, labels(same)).axes[0].containers) == 2


def test_noise_is_told_where_it_can_be() -> None:
    cells = [
        BenchmarkCase(Path("a"), "fp32", 1, 8, 1),
        BenchmarkCase(Path("a"), "fp32", 1, 8, 2),
        BenchmarkCase(Path("a"), "fp32", 1, 8, 1, "cuda"),
    ]
    waited = [Figures(c, 9, 9, 9, 9, w) for c, w in zip(cells, (0.2, 0.7, 0.9), strict=True)]
    assert disturbed(waited) == 0.2 and disturbed(waited[1:]) == 0


def test_a_process_of_its_own(adding_file: Path) -> None:
    found = footprint(adding_file)
    assert found.size == adding_file.stat().st_size
    assert 0 < found.opening < found.ready <= found.answered
    assert found.peak > found.grown > 0


def figures_of(**medians: float) -> list[Figures]:
    return [
        Figures(BenchmarkCase(Path("a"), "fp32", batch, 8, int(name[1:])), median, median, median, 9)
        for name, median in medians.items()
        for batch in (1, 4)
    ]


@pytest.mark.parametrize(("medians", "best"), [((100, 50), 2), ((50, 100), 1), ((100, 98), None)])
def test_the_best_number_of_threads(medians: tuple[float, float], best: int | None) -> None:
    one, two = medians
    assert best_threads(figures_of(t1=one, t2=two))[Path("a")][0] == best


def test_threads_that_gain_next_to_nothing_are_not_chosen() -> None:
    count, gain = best_threads(figures_of(t1=100, t2=51, t4=50, t8=200))[Path("a")]
    assert count == 2 and gain == pytest.approx(200 / 51)


def test_lists_on_the_command_line(adding_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "--batch", "1", "4", "--length=3", "5", "--threads", "1", str(adding_file)]
    assert run([*arguments, "--seconds", "0.01", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(c["cell"]["batch"], c["cell"]["length"]) for c in told["cells"]] == [(1, 3), (1, 5), (4, 3), (4, 5)]
    assert told["machine"]["cores"] == cores()
    assert run(["bench", str(adding_file), "--seconds", "0.01", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [c["cell"]["threads"] for c in told["cells"]] == sorted({1, cores()})


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (["--batch", "0"], "--batch"),
        (["--threads", "0"], "--threads"),
        (["--length", "-3"], "--length"),
        (["--length", "1"], "axis 'time' takes 2 or more"),
        (["--seconds", "0"], "--seconds"),
        (["--seconds", "1", "8"], "8: no such file"),
        (["--provider", "gpu"], "--provider"),
        (["--plot", "picture.bmp"], ".png, .svg or .pdf"),
    ],
)
def test_bad_options(adding_file: Path, bad: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", str(adding_file), *bad]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures_of_lengths(adding_file: Path, tmp_path: Path, ending: str, begins: bytes) -> None:
    path = tmp_path / f"p.{ending}"
    assert run(["bench", str(adding_file), "--length", "2", "9", "--seconds", "0.01", "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(begins)


def test_command_line(adding_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "latency.png"
    arguments = ["bench", str(adding_file), "--seconds", "0.02", "--threads", "1", "--batch", "1", "--batch", "4"]
    assert run([*arguments, "--plot", str(picture)]) == 0
    shown = capsys.readouterr().out
    assert "median" in shown and "1st call" in shown and "latency.png" in shown
    assert f"next     lstm-onnx predict {adding_file} DATA.npz --threads 1" in shown
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert run([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [c["cell"]["batch"] for c in told["cells"]] == [1, 4]
    assert told["files"][0]["size"] == adding_file.stat().st_size
    assert run(["bench", "nothing.onnx"]) == 2
    assert "no such file" in capsys.readouterr().err
