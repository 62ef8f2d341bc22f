"""`bench` measures what it says; how fast that is, no test asks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import lstm_onnx as lo
from lstm_onnx.bench_inputs import make_inputs, usual_length
from lstm_onnx.benching import Cell, Figures, bench, best_threads, footprint
from lstm_onnx.cli import run

TRAFFIC = Path(__file__).parents[1] / "exported" / "traffic.onnx"
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
        bench([adding_file], lengths=[1])


def test_every_combination_is_measured(adding_file: Path) -> None:
    told = []
    figures = bench(
        [adding_file, TRAFFIC], batches=[1, 2], threads=[1, 2], seconds=0.01, progress=lambda *n: told.append(n)
    )
    cells = [(f.cell.file, f.cell.batch, f.cell.threads) for f in figures]
    assert cells == [(p, b, t) for p in (adding_file, TRAFFIC) for b in (1, 2) for t in (1, 2)]
    assert {f.cell.length for f in figures} == {8, 168}
    for f in figures:
        assert 0 < f.median <= f.p95 <= f.p99 and f.calls >= 5
        assert f.throughput == pytest.approx(f.cell.batch / f.median * 1e6)
    assert told[-1] == (len(told), len(told))


def test_a_process_of_its_own(adding_file: Path) -> None:
    found = footprint(adding_file)
    assert found.size == adding_file.stat().st_size
    assert 0 < found.ready <= found.answered
    assert found.peak > found.grown > 0


def figures_of(**medians: float) -> list[Figures]:
    return [
        Figures(Cell(Path("a"), "fp32", batch, 8, int(name[1:])), median, median, median, 9)
        for name, median in medians.items()
        for batch in (1, 4)
    ]


@pytest.mark.parametrize(("medians", "best"), [((100, 50), 2), ((50, 100), 1), ((100, 98), None)])
def test_the_best_number_of_threads(medians: tuple[float, float], best: int | None) -> None:
    one, two = medians
    assert best_threads(figures_of(t1=one, t2=two))[Path("a")][0] == best


def test_command_line(adding_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "latency.png"
    arguments = ["bench", str(adding_file), "--seconds", "0.02", "--threads", "1", "--batch", "1", "--batch", "4"]
    assert run([*arguments, "--plot", str(picture)]) == 0
    shown = capsys.readouterr().out
    assert "median" in shown and "first answer" in shown and "latency.png" in shown
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert run([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [c["cell"]["batch"] for c in told["cells"]] == [1, 4]
    assert told["files"][0]["size"] == adding_file.stat().st_size
    assert run([*arguments, "--plot", "picture.bmp"]) == 2
    assert run(["bench", "nothing.onnx"]) == 2
    assert "no such file" in capsys.readouterr().err
