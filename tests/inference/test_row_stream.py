"""A sequence fed in pieces is answered as in one; rows of standard input are answered as they come."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.contract import METADATA_KEY
from lstm_onnx.inference.row_stream import stream_rows
from lstm_onnx.verification import verify as parity

HOURS = 60


@pytest.fixture(scope="session")
def stream_file(adding_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lo.export(adding_run, tmp_path_factory.mktemp("stream") / "running.onnx", variant="streaming").path


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two series by the hour, in one long table."""
    path = tmp_path_factory.mktemp("table") / "pumps.csv"
    noise = np.random.default_rng(0).normal(0, 0.1, size=(24 * 12, 2))
    lines = ["when,pump,flow,rain"]
    for hour in range(24 * 12):
        for k, pump in enumerate(("north", "south")):
            flow = 10 + k + np.sin(2 * np.pi * hour / 24 + k) + noise[hour, k]
            lines.append(f"2024-01-{hour // 24 + 1:02d} {hour % 24:02d}:00,{pump},{flow:.4f},{hour % 7}")
    path.write_text("\n".join(lines) + "\n")
    return path


CONFIG = {"horizon": 3, "window": 30, "hidden": 4, "series": "pump", "target": ("flow",), "past": ("rain",)}


@pytest.fixture(scope="session")
def pump_run(table: Path, tmp_path_factory: pytest.TempPathFactory):
    config = CONFIG | {"scaling": "global"}
    return lo.train("forecasting", table, **config, epochs=1, runs=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def pump_file(pump_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lo.export(pump_run, tmp_path_factory.mktemp("pump") / "pump.onnx", variant="streaming").path


@pytest.mark.parametrize("pieces", [(9,), (1,) * 9, (4, 5), (1, 8), (2, 3, 4)])
def test_pieces_answer_as_the_whole(adding_file: Path, stream_file: Path, pieces: tuple[int, ...]) -> None:
    pairs = np.random.default_rng(1).random((2, 9, 2), dtype=np.float32)
    whole = lo.load(adding_file).run({"pairs": pairs, "lengths": np.array([9, 9])})["total"]
    feeder = lo.load(stream_file).stream()
    begin = 0
    for count in pieces:
        answer = feeder.push({"pairs": pairs[:, begin : begin + count]})
        begin += count
    assert answer.keys() == {"total"}
    np.testing.assert_allclose(answer["total"], whole, rtol=1e-5, atol=1e-6)


def test_reset_forgets_and_streams_do_not_mix(stream_file: Path) -> None:
    model = lo.load(stream_file)
    pairs = np.ones((1, 3, 2), np.float32)
    one, other = model.stream(), model.stream()
    first = one.push({"pairs": pairs})["total"]
    assert one.push({"pairs": pairs})["total"] != first
    np.testing.assert_array_equal(other.push({"pairs": pairs})["total"], first)
    one.reset()
    np.testing.assert_array_equal(one.push({"pairs": pairs})["total"], first)


def test_a_file_without_states_does_not_stream(adding_file: Path) -> None:
    with pytest.raises(lo.UserError, match="keeps no state; export the run with --variant streaming"):
        lo.load(adding_file).stream()


def with_states(file: Path, path: Path, states: list[dict]) -> Path:
    """A copy of `file` at `path` whose contract pairs other states."""
    model = onnx.load(file)
    entry = next(p for p in model.metadata_props if p.key == METADATA_KEY)
    entry.value = json.dumps(json.loads(entry.value) | {"states": states})
    onnx.save(model, path)
    path.with_suffix(".json").write_text(entry.value)
    return path


def test_states_wired_to_each_other_are_found(stream_file: Path, tmp_path: Path) -> None:
    crossed = [{"output": "cell_out", "input": "hidden"}, {"output": "hidden_out", "input": "cell"}]
    path = with_states(stream_file, tmp_path / "miswired.onnx", crossed)
    with pytest.raises(parity.StateMismatch, match="the states are wired cell_out → hidden, hidden_out → cell"):
        parity.verify(path).raise_if_failed()


def test_a_state_that_the_graph_forgets_is_found(stream_file: Path, tmp_path: Path) -> None:
    """The LSTM starts from zero at each call: golden examples that begin at the reset do not see it alone."""
    model = onnx.load(stream_file)
    lstm = next(n for n in model.graph.node if n.op_type == "LSTM")
    del lstm.input[5:]
    path = tmp_path / "forgetful.onnx"
    onnx.save(model, path)
    path.with_suffix(".json").write_text(next(p.value for p in model.metadata_props if p.key == METADATA_KEY))
    report = parity.verify(path)
    assert not report.passed
    with pytest.raises(parity.ValueMismatch, match=r"golden example [23].*changed since the export: node .*LSTM"):
        report.raise_if_failed()


def test_a_contract_whose_states_do_not_fit_is_refused(stream_file: Path, tmp_path: Path) -> None:
    path = with_states(stream_file, tmp_path / "odd.onnx", [{"output": "total", "input": "hidden"}])
    with pytest.raises(parity.ContractError, match="pairs the states total → hidden, which differ in shape or type"):
        parity.verify(path).raise_if_failed()


def test_a_windowed_scaling_says_why_it_does_not_stream(table: Path, tmp_path: Path) -> None:
    run_ = lo.train("forecasting", table, **CONFIG, epochs=1, runs=tmp_path / "runs")
    with pytest.raises(lo.UserError, match=r"scales each window by its own mean .* train it with --scaling global"):
        lo.export(run_, tmp_path / "a.onnx", variant="streaming")
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize(
    "config",
    [
        {"quantiles": (0.1, 0.5, 0.9)},
        {"seasons": 2, "window": 60, "base": "last"},
        {"seasons": 2, "window": 50, "base": "theta"},
        {"transform": "log", "layers": 2},
        {"scaling": "none", "calendar": False},
    ],
)
def test_forecasters_stream(table: Path, tmp_path: Path, config: dict) -> None:
    """Export itself proves that pieces give what the whole gives, and that the whole gives what the main graph does."""
    options = CONFIG | {"scaling": "global"} | config
    made = lo.export(
        lo.train("forecasting", table, **options, epochs=1, runs=tmp_path / "runs"),
        tmp_path / "a.onnx",
        variant="streaming",
    )
    assert {c.name for c in made.report.checks} >= {"pieces (cpu, optimisation on)", "PyTorch (cpu, optimisation on)"}


def rows_of(table: Path, hours: int = HOURS) -> list[str]:
    return table.read_text().splitlines()[: 1 + 2 * hours]


def test_rows_are_answered_as_the_whole_table(pump_run, pump_file: Path, table: Path, tmp_path: Path) -> None:
    lines = rows_of(table)
    answers = [json.loads(a) for a in stream_rows(lo.load(pump_file), lines)]
    assert len(answers) == 2 * HOURS
    whole = tmp_path / "whole.csv"
    whole.write_text("\n".join(lines) + "\n")
    main = lo.load(lo.export(pump_run, tmp_path / "main.onnx").path)
    contract = main.require_contract()
    values = np.array([float(line.split(",")[2]) for line in lines[1:]], np.float32).reshape(HOURS, 2).T[:, :, None]
    rain = np.array([float(line.split(",")[3]) for line in lines[1:]], np.float32).reshape(HOURS, 2).T[:, :, None]
    time = np.tile(1704067200 + 3600 * np.arange(HOURS), (2, 1))
    assert {t.name for t in contract.inputs} == {"values", "time", "past"}
    wanted = main.run({"values": values, "time": time, "past": rain})["forecast"]
    for k, pump in enumerate(("north", "south")):
        last = answers[2 * HOURS - 2 + k]
        assert (last["series"], last["time"]) == (pump, "2024-01-03 11:00")
        np.testing.assert_allclose(last["forecast"], wanted[k, :, 0], rtol=1e-4)
        assert last["forecast_time"] == ["2024-01-03 12:00", "2024-01-03 13:00", "2024-01-03 14:00"]
    warming = [a.get("warming_up", False) for a in answers]
    assert warming == [True] * 2 * 29 + [False] * (2 * HOURS - 2 * 29)


def test_each_row_is_answered_before_the_next_is_read(pump_file: Path, table: Path) -> None:
    read = []

    def lines():
        for line in rows_of(table, 3):
            read.append(line)
            yield line

    answers = stream_rows(lo.load(pump_file), lines())
    next(answers)
    assert len(read) == 2  # the header and one row


def test_json_lines_and_gaps_are_taken(pump_file: Path) -> None:
    """A row that is missing counts as a missing value, as in a whole table."""
    model = lo.load(pump_file)
    row = '{{"when": "2024-01-01 {:02d}:00", "pump": "x", "flow": {}, "rain": {}}}'
    with_gap = list(stream_rows(model, [row.format(0, 10, 1), row.format(2, 11, 1)]))
    spelled = list(stream_rows(model, [row.format(0, 10, 1), row.format(1, "null", "null"), row.format(2, 11, 1)]))
    assert json.loads(with_gap[-1]) == json.loads(spelled[-1])


HEADER = "when,pump,flow,rain"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER, "2024-01-01 00:00,a,x,1"], "line 2: column 'flow': 'x' is not a number"),
        ([HEADER, "2024-01-01 00:00,a,1"], "line 2: has 3 cells, and the header has 4 columns"),
        ([HEADER, "soon,a,1,1"], "line 2: .*'when'.*soon"),
        (["when,pump,flw,rain", "2024-01-01,a,1,1"], "line 2: there is no column 'flow'; did you mean 'flw'"),
        ([HEADER, "2024-01-01 05:00,a,1,1", "2024-01-01 04:00,a,1,1"], "line 3: .* does not come after"),
        ([HEADER, "2024-01-01 05:00,a,1,1", "2024-01-01 06:30,a,1,1"], "line 3: .* is not 1h .* after"),
        ([HEADER, "2024-01-01 05:00,a,1,1", "2034-01-01 06:00,a,1,1"], "line 3: .* rows are missing"),
        (['{"when": '], "line 1: is not JSON"),
    ],
)
def test_rows_that_do_not_fit(pump_file: Path, lines: list[str], message: str) -> None:
    with pytest.raises(lo.UserError, match=message):
        list(stream_rows(lo.load(pump_file), lines))


def test_predict_stream(
    pump_file: Path, table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(rows_of(table, 2))))
    assert run(["predict", str(pump_file), "--stream"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [a["series"] for a in answers] == ["north", "south"] * 2
    assert run(["predict", str(pump_file)]) == 2
    assert "--stream" in capsys.readouterr().err
    assert run(["predict", str(pump_file), str(table), "--stream"]) == 2
    assert "leave DATA out" in capsys.readouterr().err


def test_a_stream_is_scored_as_the_main_graph(pump_run, pump_file: Path, table: Path) -> None:
    made = pump_run.record.scores
    assert lo.evaluate(pump_file, table).scores.model == pytest.approx(made.model, rel=1e-4)
