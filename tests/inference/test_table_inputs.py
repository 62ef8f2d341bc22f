"""From a person's data to the inputs of a graph, and from its outputs to a table, by the contract alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lstm_onnx.contract import (
    Axis,
    ColumnsSource,
    Contract,
    DType,
    Provenance,
    Source,
    StateSpec,
    StaticSource,
    Step,
    Table,
    TensorSpec,
    TimeSource,
    Tolerance,
    Values,
)
from lstm_onnx.data.arrays import check_inputs
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_table import to_table
from lstm_onnx.inference.table_inputs import read_inputs, target_columns

DAY = 86400
FIRST = int(np.datetime64("2020-01-01", "s").astype(np.int64))


def tensor(name: str, dtype: DType, dims: str, source: Source | None = None) -> TensorSpec:
    return TensorSpec(
        name=name, dtype=dtype, dims=tuple(dims.split()), meaning=name, source=source, missing=dtype.startswith("float")
    )


def contract(
    axes: dict[str, Axis], inputs: list[TensorSpec], outputs: list[TensorSpec], table: Table | None = None, **more: Any
) -> Contract:
    made = Provenance(created="2020-01-01", run="run", plugin="p 1", data="0", versions={}, config={})
    return Contract(
        name="n", task="t", description="d", opset=18, ir_version=8, axes={"batch": Axis(), **axes},
        inputs=tuple(inputs), outputs=tuple(outputs), table=table, tolerance=Tolerance(), provenance=made, **more,
    )  # fmt: skip


AXES = {
    "time": Axis(min=3, example_size=4),
    "horizon": Axis(size=2),
    "target": Axis(size=1, labels=("load",)),
    "past": Axis(size=2),
    "future": Axis(size=1),
    "static": Axis(size=1),
    "quantile": Axis(size=2, labels=("q0.1", "q0.9")),
}


def forecaster(
    *, series: str | None = "shop", covariates: bool = True, step: Step | None = None, wide: bool = False, **axes: Axis
) -> Contract:
    target = "value" if wide else "load"
    inputs = [
        tensor("values", "float32", "batch time target", ColumnsSource(columns=(target,))),
        tensor("time", "int64", "batch time", TimeSource()),
    ]
    if covariates:
        inputs += [
            tensor("past", "float32", "batch time past", ColumnsSource(columns=("warm", "off"))),
            tensor("future", "float32", "batch horizon future", ColumnsSource(columns=("off",), rows="future")),
            tensor("static", "float32", "batch static", StaticSource(columns=("size",))),
        ]
    outputs = [
        tensor("forecast", "float32", "batch horizon target"),
        tensor("forecast_time", "int64", "batch horizon", TimeSource(rows="future")),
        tensor("quantiles", "float32", "batch horizon target quantile"),
    ]
    named = {"target": Axis(size=1, labels=(target,))}
    table = Table(time="day", series=series, step=step or Step(seconds=DAY), wide=wide)
    return contract({**AXES, **named, **axes}, inputs, outputs, table)


def days(count: int, first: int = 1) -> list[str]:
    return [f"2020-01-{first + i:02d}" for i in range(count)]


def long_table() -> pl.DataFrame:
    """Series b has 6 known rows and 2 ahead, series a has 2 and 2; the rows lie in disorder."""
    b = pl.DataFrame({
        "shop": "b", "day": days(8), "load": [*range(6), None, None], "warm": [*range(10, 16), None, None],
        "off": range(20, 28), "size": 7,
    }, schema_overrides={"warm": pl.Int64, "load": pl.Int64})  # fmt: skip
    a = pl.DataFrame({
        "shop": "a", "day": days(4, 5), "load": [50, 51, None, None], "warm": [60, None, None, None],
        "off": range(70, 74), "size": 9,
    }, schema_overrides={"warm": pl.Int64, "load": pl.Int64})  # fmt: skip
    return pl.concat([b, a]).with_columns(extra=pl.lit("ignored")).reverse()


def test_the_newest_known_rows_and_those_after_them_become_the_inputs() -> None:
    fed = read_inputs(forecaster(), long_table())
    assert fed.names == ("a", "b")
    assert list(fed.arrays) == ["values", "time", "past", "future", "static"]
    assert [str(a.dtype) for a in fed.arrays.values()] == ["float32", "int64", "float32", "float32", "float32"]
    np.testing.assert_array_equal(fed.arrays["values"][:, :, 0], [[np.nan, np.nan, 50, 51], [2, 3, 4, 5]])
    np.testing.assert_array_equal(fed.arrays["time"], FIRST + DAY * np.array([2, 3, 4, 5]) + np.zeros((2, 1)))
    np.testing.assert_array_equal(fed.arrays["past"][0], [[np.nan] * 2, [np.nan] * 2, [60, 70], [np.nan, 71]])
    assert fed.arrays["past"][1].tolist() == [[12, 22], [13, 23], [14, 24], [15, 25]]
    assert fed.arrays["future"][:, :, 0].tolist() == [[72, 73], [26, 27]]
    assert fed.arrays["static"].tolist() == [[9], [7]]
    assert fed.notes == (
        "sorted by time: 10 rows stood after a later one",
        "1 of 2 series have fewer than 4 rows of the past; the rest is missing",
    )


def test_months_are_padded_and_shown_by_the_calendar() -> None:
    made = forecaster(series=None, covariates=False, step=Step(months=1), time=Axis(size=4))
    fed = read_inputs(made, pl.DataFrame({"day": ["2020-01-31", "2020-02-29"], "load": [1, 2]}))
    assert [str(np.datetime64(int(t), "s"))[:10] for t in fed.arrays["time"][0]] == [
        "2019-11-01", "2019-12-01", "2020-01-01", "2020-02-01",
    ]  # fmt: skip


def test_a_file_is_read_and_a_shorter_past_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("day,load\n2020-01-01,1\n2020-01-02,2\n2020-01-04,NA\n2020-01-03,3\n")
    fed = read_inputs(forecaster(series=None, covariates=False), path)
    assert fed.arrays["values"].ravel().tolist() == [1, 2, 3]
    assert fed.notes == (
        "sorted by time: 1 row stood after a later one",
        "3 rows of the past given, where the model looks at 4: the more there are, the better it answers",
        "1 rows after the newest known value are not used: this model takes nothing known ahead",
    )


def test_a_wide_table_gives_a_series_for_each_column() -> None:
    frame = pl.DataFrame({"day": days(4), "north": [1, 2, 3, 4], "south": [5, 6, 7, None], "word": ["x"] * 4})
    made = forecaster(series=None, covariates=False, wide=True, time=Axis(min=2, example_size=3))
    fed = read_inputs(made, frame)
    assert fed.names == ("north", "south")
    assert fed.arrays["values"][:, :, 0].tolist() == [[2, 3, 4], [5, 6, 7]]
    assert fed.arrays["time"][1, -1] == FIRST + 2 * DAY


def test_wide_tables_share_their_covariates() -> None:
    frame = pl.DataFrame({
        "day": days(6), "a": [1, 2, 3, 4, None, None], "b": [5, 6, 7, 8, None, None], "warm": [0, 1, 2, 3, None, None],
        "off": range(6), "size": [7] * 6,
    })  # fmt: skip
    fed = read_inputs(forecaster(series=None, wide=True), frame)
    assert fed.names == ("a", "b")
    assert fed.arrays["past"].tolist() == [[[0, 0], [1, 1], [2, 2], [3, 3]]] * 2
    assert fed.arrays["future"].tolist() == [[[4], [5]]] * 2
    assert fed.arrays["static"].tolist() == [[7]] * 2


def refusal(made: Contract, data: pl.DataFrame | Path) -> str:
    with pytest.raises(UserError) as caught:
        read_inputs(made, data)
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix("the table: ")


def test_tables_that_do_not_fit_are_refused() -> None:
    made, frame = forecaster(), long_table()
    assert refusal(made, frame.rename({"load": "loads"})) == "there is no column 'load'; did you mean 'loads'?"
    assert refusal(made, frame.drop("load", "warm")) == (
        "the columns 'load', 'warm' are missing; there is: shop, day, off, size, extra"
    )
    assert refusal(made, frame.drop("shop")).startswith("there is no column 'shop'")
    assert refusal(made, frame.with_columns(load=None)) == (
        "no row has a known value of load; fill in the past that you know"
    )
    known = frame.filter(pl.col("load").is_not_null())
    assert refusal(made, known) == (
        "column 'off' of series 'a' has no value at 2020-01-07 (and 3 more cells are missing); it must be known for "
        "the 2 rows ahead, 2020-01-07 to 2020-01-08 every 1d: add these rows, with the targets left empty"
    )
    changing = frame.with_columns(size=pl.int_range(pl.len()))
    assert refusal(made, changing) == "column 'size' of series 'a' must have one value, and has 0 and 1"
    hours = pl.DataFrame({"day": ["2020-01-01", "2020-01-02 05:00", "2020-01-03 11:00"], "load": [1, 2, 3]})
    assert refusal(forecaster(series=None, covariates=False), hours) == (
        "row 2: 2020-01-02 05:00 is off the grid of 1d that starts at 2020-01-01 (and 1 more rows); the model was "
        "trained on rows 1d apart: bring them onto a grid of 1d first, or train with --snap or --resample"
    )
    short = pl.DataFrame({"day": days(2), "load": [1, 2]})
    assert refusal(forecaster(series=None, covariates=False), short) == (
        "the model needs at least 3 rows of the past, and there are 2 up to the newest known value; add older rows"
    )


def test_series_without_any_known_value_get_no_forecast() -> None:
    frame = long_table().with_columns(load=pl.when(pl.col("shop") == "a").then(None).otherwise(pl.col("load")))
    fed = read_inputs(forecaster(), frame)
    assert fed.names == ("b",)
    assert "no forecast for series without any known value: a" in fed.notes


def test_a_free_future_is_as_long_as_every_series_allows() -> None:
    made = forecaster(horizon=Axis(min=1))
    frame = long_table().filter((pl.col("shop") == "b") | (pl.col("day") < "2020-01-08"))
    assert read_inputs(made, frame).arrays["future"].shape == (2, 1, 1)
    known = frame.filter(pl.col("load").is_not_null())
    assert refusal(made, known) == "1 rows after the newest known value are needed, and there are 0"


def test_rows_without_a_clock_count_as_they_stand() -> None:
    made = contract(
        {"time": Axis(), "target": Axis(size=1)},
        [tensor("values", "float32", "batch time target", ColumnsSource(columns=("load",)))],
        [tensor("score", "float32", "batch")],
    )
    fed = read_inputs(made, pl.DataFrame({"load": [3, 1, 2]}))
    assert fed.arrays["values"].ravel().tolist() == [3, 1, 2]


def test_whole_numbers_must_be_there() -> None:
    made = contract(
        {"time": Axis(), "kinds": Axis(size=1)},
        [tensor("kind", "int64", "batch time kinds", ColumnsSource(columns=("kind",)))],
        [tensor("score", "float32", "batch")],
    )
    assert read_inputs(made, pl.DataFrame({"kind": ["1", "2"]})).arrays["kind"].ravel().tolist() == [1, 2]
    said = "input 'kind' takes whole numbers, and cells are missing; fill them"
    assert refusal(made, pl.DataFrame({"kind": [1, None, 2]})) == said


def test_the_target_is_what_the_outputs_tell_of() -> None:
    made = forecaster()
    assert target_columns(made) == ("load",)
    bare = made.model_copy(update={"outputs": (tensor("score", "float32", "batch"),)})
    assert target_columns(bare) == ("load", "warm")
    said = (tensor("next", "float32", "batch horizon target", ColumnsSource(columns=("warm",), rows="future")),)
    assert target_columns(made.model_copy(update={"outputs": said})) == ("warm",)


SIGNAL = contract(
    {"time": Axis(min=2, max=5), "channel": Axis(size=2, labels=("left", "right")), "unit": Axis(size=3)},
    [
        tensor("signal", "float32", "batch time channel"),
        tensor("length", "int64", "batch"),
        tensor("memory", "float32", "batch unit"),
    ],
    [tensor("memory_next", "float32", "batch unit"), tensor("label", "string", "batch")],
    states=(StateSpec(output="memory_next", input="memory", reset=0.5),),
)


def signal(*shape: int) -> np.ndarray:
    return np.zeros(shape)


def test_arrays_become_the_types_of_the_contract_and_states_start_anew() -> None:
    arrays = check_inputs(SIGNAL, {"length": [3, 2], "signal": np.zeros((2, 3, 2), dtype=np.int32)})
    assert list(arrays) == ["signal", "length", "memory"]
    assert [str(a.dtype) for a in arrays.values()] == ["float32", "int64", "float32"]
    assert arrays["memory"].tolist() == [[0.5] * 3] * 2
    kept = check_inputs(SIGNAL, {"signal": signal(1, 2, 2), "length": [2], "memory": [[1, 2, 3]]})
    assert kept["memory"].tolist() == [[1, 2, 3]]


def test_arrays_that_are_as_the_contract_has_them_are_not_copied() -> None:
    ready = {"signal": signal(2, 3, 2).astype(np.float32), "length": np.array([3, 2])}
    arrays = check_inputs(SIGNAL, ready)
    assert all(arrays[name] is a or arrays[name].base is a for name, a in ready.items())
    turned = np.arange(12, dtype=np.float32).reshape(2, 3, 2).transpose(1, 0, 2)
    swapped = turned.astype(">f4")
    for given in (turned, swapped):  # runtimes and generated programs read rows one after the other
        made = check_inputs(SIGNAL, {"signal": given, "length": [2, 2, 2]})["signal"]
        assert made.flags.c_contiguous and made.dtype == np.float32 and made.tolist() == turned.tolist()


@pytest.mark.parametrize("given, said", [
    ({"signl": 1}, "there is no input 'signl'; did you mean 'signal'?"),
    ({}, "inputs missing: 'signal' (float32 (batch, time, 2)); 'length' (int64 (batch))"),
    ({"signal": signal(2, 3, 2)}, "input missing: 'length' (int64 (batch))"),
    ({"signal": signal(3, 2), "length": [1]},
     "input 'signal': expected 3 dimensions (batch, time, 2), found 2 (3, 2)"),
    ({"signal": signal(1, 3, 4), "length": [1]},
     "input 'signal': axis 'channel' has length 4, and must have 2: left, right (expected (batch, time, 2), found "
     "(1, 3, 4))"),
    ({"signal": signal(1, 1, 2), "length": [1]}, "input 'signal': axis 'time' has length 1, and must have 2 at least"),
    ({"signal": signal(1, 6, 2), "length": [1]}, "input 'signal': axis 'time' has length 6, and must have 5 at most"),
    ({"signal": signal(1, 3, 2), "length": [1, 2]},
     "input 'length': axis 'batch' has length 2, but in input 'signal' it has 1; they must agree"),
    ({"signal": signal(1, 3, 2), "length": [1.5]}, "input 'length': expected int64, found float64"),
    ({"signal": signal(1, 3, 2), "length": np.array([2**63], dtype=np.uint64)},
     "input 'length': expected int64 (-9223372036854775808 to 9223372036854775807), found values from "),
    ({"signal": [["x"]], "length": [1]}, "input 'signal': expected float32, found <U1"),
])  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        check_inputs(SIGNAL, given)
    assert str(caught.value).startswith(said)


def test_text_inputs_take_text_only() -> None:
    made = contract({}, [tensor("words", "string", "batch")], [tensor("label", "string", "batch")])
    assert check_inputs(made, {"words": ["a", "b"]})["words"].tolist() == ["a", "b"]
    with pytest.raises(UserError, match="input 'words': expected text only, found other values among it"):
        check_inputs(made, {"words": np.array(["a", 1], dtype=object)})
    with pytest.raises(UserError, match="input 'words': expected string, found int64"):
        check_inputs(made, {"words": np.array([1])})


def test_arrays_come_from_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", signal=signal(1, 3, 2), length=[3])
    assert read_inputs(SIGNAL, tmp_path / "a.npz").arrays["length"].tolist() == [3]
    content = {
        "signal": [[[1, None], ["nan", 4], [5, 6]]],
        "length": Values.of(np.array([3])).model_dump(),
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    fed = read_inputs(SIGNAL, tmp_path / "a.json")
    np.testing.assert_array_equal(fed.arrays["signal"], np.array([[[1, np.nan], [np.nan, 4], [5, 6]]], np.float32))
    assert fed.names == ()


@pytest.mark.parametrize("name, content, said", [
    ("a.json", '{"signal": [[1, 2], [3]], "length": [1]}', "input 'signal': its lists are of different lengths"),
    ("a.json", '{"signal": [', "is not JSON at line 1, column 13"),
    ("a.json", '{"length": {"dtype": "int64", "shape": [2], "values": [1]}}', "do not fit its dtype and shape"),
    ("a.json", '{"signal": 1}', "input missing: 'length'"),
    ("a.json", '[{"signal": 1}]', "this model does not read tables: its inputs 'signal' (batch, time, 2), 'length'"),
    ("a.npz", "x", "is no .npz file of plain arrays"),
    ("a.csv", "signal\n1\n", "must be given as arrays by name, in a file of type .npz or .json"),
    ("b.npz", None, "no such file"),
])  # fmt: skip
def test_files_of_arrays_that_do_not_fit_are_refused(tmp_path: Path, name: str, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    text = refusal(SIGNAL, tmp_path / name)
    assert text.startswith(f"{tmp_path / name}: ")
    assert text.count(str(tmp_path)) == 1
    assert said in text


def test_forecasts_are_a_row_for_each_series_and_time() -> None:
    made = forecaster()
    outputs = {
        "forecast": np.array([[[1], [2]], [[3], [4]]], np.float32),
        "forecast_time": FIRST + DAY * np.array([[0, 1], [2, 3]]),
        "quantiles": np.arange(8, dtype=np.float32).reshape(2, 2, 1, 2),
    }
    table = to_table(made, ModelInputs({}, ("a", "b")), outputs)
    assert table.schema["day"] == pl.Date
    assert table.with_columns(pl.col("day").cast(pl.String)).to_dict(as_series=False) == {
        "shop": ["a", "a", "b", "b"],
        "day": ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"],
        "load": [1, 2, 3, 4],
        "load q0.1": [0, 2, 4, 6],
        "load q0.9": [1, 3, 5, 7],
    }
    outputs["forecast_time"] = outputs["forecast_time"] + 3600
    hours = to_table(made, ModelInputs({}, ("a", "b")), outputs)
    assert hours.get_column("day").dt.strftime("%H:%M").unique().to_list() == ["01:00"]
    assert to_table(made, ModelInputs({}), outputs).get_column("shop").to_list() == ["0", "0", "1", "1"]


def test_a_single_series_and_a_wide_table_name_what_is_needed() -> None:
    outputs = {"forecast": np.ones((1, 2, 1)), "forecast_time": FIRST + DAY * np.array([[0, 1]])}
    assert to_table(forecaster(series=None), ModelInputs({}, ("",)), outputs).columns == ["day", "load"]
    wide = to_table(forecaster(series=None, wide=True), ModelInputs({}, ("north",)), outputs)
    assert wide.columns == ["series", "day", "value"]


def test_answers_that_share_a_label_are_told_apart() -> None:
    made = forecaster(series=None)
    more = (
        *made.outputs,
        tensor("spread", "float32", "batch horizon target"),
        tensor("level", "float32", "batch target"),
    )
    outputs = {
        "forecast": np.ones((1, 2, 1)), "spread": np.zeros((1, 2, 1)), "level": np.array([[7.0]]),
        "forecast_time": FIRST + DAY * np.array([[0, 1]]),
    }  # fmt: skip
    table = to_table(made.model_copy(update={"outputs": more}), ModelInputs({}, ("",)), outputs)
    assert table.drop("day").to_dict(as_series=False) == {
        "load": [1, 1], "spread load": [0, 0], "level load": [7, 7],
    }  # fmt: skip


def test_classes_are_a_row_for_each_example() -> None:
    made = contract(
        {"class": Axis(size=2, labels=("cat", "dog")), "unit": Axis(size=3)},
        [tensor("signal", "float32", "batch")],
        [
            tensor("label", "string", "batch"),
            tensor("probability", "float32", "batch class"),
            tensor("memory_next", "float32", "batch unit"),
        ],
        states=(StateSpec(output="memory_next", input="memory"),),
    )
    outputs = {
        "label": np.array(["dog", "cat"], dtype=object),
        "probability": np.array([[0.25, 0.75], [1, 0]], np.float32),
        "memory_next": np.zeros((2, 3)),
    }
    assert to_table(made, ModelInputs({}), outputs).to_dict(as_series=False) == {
        "example": [0, 1],
        "label": ["dog", "cat"],
        "probability cat": [0.25, 1],
        "probability dog": [0.75, 0],
    }
    details = tuple(t.model_copy(update={"internal": t.name == "probability"}) for t in made.outputs)
    assert to_table(made.model_copy(update={"outputs": details}), ModelInputs({}), outputs).columns == [
        "example",
        "label",
    ]
    one = to_table(made, ModelInputs({}), {"label": outputs["label"][:1], "probability": outputs["probability"][:1]})
    assert one.columns == ["label", "probability cat", "probability dog"]
    named = to_table(made, ModelInputs({}, ("x", "y")), outputs)
    assert named.get_column("series").to_list() == ["x", "y"]


def test_free_axes_run_down_the_rows_or_fit_in_a_cell() -> None:
    axes = {"time": Axis(), "wide": Axis(size=100)}
    steps = contract(axes, [tensor("x", "float32", "batch time")], [tensor("speech", "float32", "batch time")])
    table = to_table(steps, ModelInputs({}), {"speech": np.array([[0.5, 1.0]])})
    assert table.to_dict(as_series=False) == {"time": [0, 1], "speech": [0.5, 1.0]}
    caption = contract(
        axes,
        [tensor("x", "float32", "batch time")],
        [
            tensor("text", "string", "batch"),
            tensor("tokens", "int64", "batch time"),
            tensor("all", "int64", "batch wide"),
        ],
    )
    outputs = {
        "text": np.array(["a b"], dtype=object), "tokens": np.array([[1, 2]]), "all": np.zeros((1, 100), np.int64)
    }  # fmt: skip
    table = to_table(caption, ModelInputs({}), outputs)
    assert table.to_dict(as_series=False) == {"text": ["a b"], "tokens": ["1 2"], "all": [" ".join(["0"] * 100)]}


def test_a_lone_number_is_a_cell() -> None:
    made = contract({}, [tensor("x", "float32", "batch")], [tensor("score", "float32", "batch")])
    lone = made.model_copy(update={"outputs": (TensorSpec(name="score", dtype="float32", dims=(), meaning="m"),)})
    assert to_table(lone, ModelInputs({}), {"score": np.array(1.5)}).to_dict(as_series=False) == {"score": [1.5]}
