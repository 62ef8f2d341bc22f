"""Whole sequences and texts, from what a person has to the inputs of a graph."""

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
    LengthsSource,
    Provenance,
    Source,
    StateSpec,
    Table,
    TensorSpec,
    TextSource,
    Tolerance,
)
from lstm_onnx.errors import UserError
from lstm_onnx.inference.table_inputs import read_inputs


def tensor(name: str, dtype: DType, dims: str, source: Source | None = None, missing: bool = False) -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, dims=tuple(dims.split()), meaning=name, source=source, missing=missing)


def contract(inputs: list[TensorSpec], table: Table | None = None, states: Any = (), **axes: Axis) -> Contract:
    made = Provenance(created="2020-01-01", run="run", plugin="p 1", data="0", versions={}, config={})
    return Contract(
        name="n", task="t", description="d", opset=18, ir_version=8, axes={"batch": Axis(), **axes},
        inputs=tuple(inputs), outputs=(tensor("label", "string", "batch"),), table=table, tolerance=Tolerance(),
        provenance=made, states=states,
    )  # fmt: skip


VALUES = tensor("values", "float32", "batch time channel", ColumnsSource(columns=("x", "y"), rows="all"), missing=True)
LENGTHS = tensor("lengths", "int64", "batch", LengthsSource(axis="time"))


def series(table: Table | None, time: Axis | None = None, least: int = 1) -> Contract:
    lengths = LENGTHS.model_copy(update={"source": LengthsSource(axis="time", min=least)})
    return contract([VALUES, lengths], table, time=time or Axis(), channel=Axis(size=2))


def wide(others: tuple[str, ...] = (), **axes: Axis) -> Contract:
    values = tensor(
        "values", "float32", "batch time channel", ColumnsSource(columns=("value",), rows="all"), missing=True
    )
    table = Table(steps=True, series="id", others=others)
    return contract([values, LENGTHS], table, **({"time": Axis(), "channel": Axis(size=1)} | axes))


STRINGS = contract([tensor("text", "string", "batch", TextSource(column="review"))])


def bytewise(**axis: Any) -> Contract:
    return contract(
        [
            tensor("bytes", "uint8", "batch byte", TextSource(column="review")),
            tensor("byte_count", "int64", "batch", LengthsSource(axis="byte", min=0)),
        ],
        byte=Axis(**axis),
    )


def refusal(made: Contract, data: pl.DataFrame | Path) -> str:
    with pytest.raises(UserError) as caught:
        read_inputs(made, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


LONG = Table(series="id", time="step", others=("label",))
ROWS = pl.DataFrame({
    "id": ["b", "b", "a"], "step": [2, 1, 1], "label": ["?", "?", "?"], "y": [4, 3, 6], "x": [2.0, 1.0, None]
})  # fmt: skip


def test_a_row_for_each_step_is_padded_with_zeros() -> None:
    fed = read_inputs(series(LONG), ROWS)
    assert list(fed.arrays) == ["values", "lengths"]
    assert fed.arrays["values"].dtype == np.float32
    np.testing.assert_array_equal(fed.arrays["values"], [[[1, 3], [2, 4]], [[np.nan, 6], [0, 0]]])
    assert fed.arrays["lengths"].dtype == np.int64
    assert fed.arrays["lengths"].tolist() == [2, 1]
    assert fed.names == ("b", "a")
    assert fed.notes == ("sorted by 'step': 1 row stood after a later one",)


def test_without_the_columns_of_sequence_and_time_rows_are_one_sequence_as_they_stand() -> None:
    fed = read_inputs(series(LONG), ROWS.drop("id", "step"))
    assert fed.arrays["values"].shape == (1, 3, 2)
    assert fed.arrays["lengths"].tolist() == [3]
    assert fed.names == ("",)
    assert fed.notes == (
        "there is no column 'id', so all rows are taken for one sequence",
        "there is no column 'step', so steps are taken in the order in which they stand",
    )
    assert read_inputs(series(None), ROWS).arrays["lengths"].tolist() == [3]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".json", ".jsonl"])
def test_files_of_every_type_read_alike(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    if suffix == ".parquet":
        ROWS.write_parquet(path)
    elif suffix == ".json":
        path.write_text(json.dumps(ROWS.to_dicts()))
    elif suffix == ".jsonl":
        ROWS.write_ndjson(path)
    else:
        ROWS.write_csv(path, separator="\t" if suffix == ".tsv" else ",")
    fed = read_inputs(series(LONG), path)
    np.testing.assert_array_equal(fed.arrays["values"], read_inputs(series(LONG), ROWS).arrays["values"])


def test_a_row_for_each_sequence_leaves_out_what_is_no_step(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [7, 8], "label": [1, 2], "a": [1, 2], "b": [3, None], "c": [5.5, None]})
    fed = read_inputs(wide(("label",)), frame)
    assert fed.arrays["values"][:, :, 0].tolist() == [[1, 3, 5.5], [2, 0, 0]]
    assert fed.arrays["lengths"].tolist() == [3, 1]
    assert fed.names == ("7", "8")
    bare = read_inputs(wide(("label",)), frame.select("a", "b", "c"))
    assert bare.arrays["lengths"].tolist() == [3, 1]
    assert bare.names == ("1", "2")


def test_a_ts_file_gives_its_dimensions_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "x.ts"
    path.write_text("@classLabel true a b\n@data\n1,2:3,4:a\n5:?:b\n")
    fed = read_inputs(series(LONG), path)
    np.testing.assert_array_equal(fed.arrays["values"], [[[1, 3], [2, 4]], [[5, np.nan], [0, 0]]])
    assert fed.names == ("1", "2")
    assert refusal(wide(), path) == f"{path}: has 2 dimensions, and the model takes 1: value"


def test_arrays_by_name_go_past_the_table(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", values=np.ones((1, 2, 2)), lengths=[2])
    assert read_inputs(series(LONG), tmp_path / "x.npz").arrays["values"].dtype == np.float32
    (tmp_path / "x.json").write_text('{"text": ["a", "b"]}')
    assert read_inputs(STRINGS, tmp_path / "x.json").arrays["text"].tolist() == ["a", "b"]


def test_the_batch_is_as_long_as_the_contract_wants_it() -> None:
    assert read_inputs(series(LONG, Axis(min=5)), ROWS).arrays["values"].shape == (2, 5, 2)
    assert read_inputs(series(LONG, Axis(size=4)), ROWS).arrays["values"].shape == (2, 4, 2)
    assert read_inputs(series(LONG, Axis(max=2)), ROWS).arrays["values"].shape == (2, 2, 2)


@pytest.mark.parametrize("made, said", [
    (series(LONG, Axis(max=1)), "row 1: has 2 steps, and the model takes 1 at most; cut it, or leave it out"),
    (series(LONG, Axis(size=1)), "row 1: has 2 steps, and the model takes 1 at most; cut it, or leave it out"),
    (series(LONG, least=2), "row 3: has 1 step, and the model needs 2 at least; give more, or leave it out"),
    (series(LONG, least=9),
     "row 1: has 2 steps (and 1 more do not fit), and the model needs 9 at least; give more, or leave it out"),
    (contract([VALUES], LONG, time=Axis(), channel=Axis(size=2)),
     "has 1 to 2 steps in an example, and this model takes no lengths, so it needs the same number in each; give "
     "examples of one length"),
    (contract([VALUES], None, time=Axis(size=5), channel=Axis(size=2)),
     "has 3 steps in an example, and this model takes no lengths, so it needs 5 in each; give examples of one length"),
    (contract([VALUES.model_copy(update={"dtype": "int64"}), LENGTHS], None, time=Axis(), channel=Axis(size=2)),
     "input 'values' takes whole numbers, and cells are missing; fill them"),
    (contract([VALUES, LENGTHS, tensor("odd", "float32", "batch")], time=Axis(), channel=Axis(size=2)),
     "this model does not read tables: its input 'odd' (batch) must be given as arrays by name, in a file of type "
     ".npz or .json"),
    (contract([VALUES, tensor("n", "int64", "batch", LengthsSource(axis="word"))],
              time=Axis(), channel=Axis(size=2), word=Axis()),
     "this model does not read tables: its input 'n' (batch) must be given as arrays by name, in a file of type .npz "
     "or .json"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(made: Contract, said: str) -> None:
    frame = pl.DataFrame(ROWS).sort("id", descending=True)
    assert refusal(made, frame).replace("the table: ", "") == said


@pytest.mark.parametrize("drop, said", [
    (["x"], "the table: there is no column 'x'; did you mean 'y'?"),
    (["x", "y"], "the table: the columns 'x', 'y' are missing; there is: id, step, label"),
])  # fmt: skip
def test_missing_columns_are_refused(drop: list[str], said: str) -> None:
    found = refusal(series(LONG), ROWS.drop(drop))
    assert found.startswith(said.split(";")[0])
    assert drop == ["x"] or found == said


def test_a_wide_table_without_numbers_is_refused() -> None:
    assert refusal(wide(), pl.DataFrame({"a": ["x", "y"]})) == (
        "the table: no column holds numbers; give a row for each sequence, with its steps in columns"
    )


def test_states_begin_anew_and_need_no_column() -> None:
    memory = tensor("memory", "float32", "batch unit")
    made = contract(
        [VALUES, memory], None, (StateSpec(output="label", input="memory"),),
        time=Axis(), channel=Axis(size=2), unit=Axis(size=3),
    )  # fmt: skip
    fed = read_inputs(made, ROWS)
    assert fed.arrays["memory"].tolist() == [[0, 0, 0]]


def test_texts_are_strings_named_by_themselves() -> None:
    frame = pl.DataFrame({"review": ["good", None, "  ", "so\n  very " + "long " * 20]})
    fed = read_inputs(STRINGS, frame)
    assert fed.arrays["text"].tolist() == ["good", "", "  ", frame["review"][3]]
    assert fed.arrays["text"].dtype == object
    assert fed.names == ("good", "", "  ", frame["review"][3])
    assert fed.notes == ("2 texts are empty",)


def test_texts_are_bytes_padded_with_zeros() -> None:
    fed = read_inputs(bytewise(), pl.DataFrame({"review": ["é!", "", "a"]}))
    assert fed.arrays["bytes"].dtype == np.uint8
    assert fed.arrays["bytes"].tolist() == [[195, 169, 33], [0, 0, 0], [97, 0, 0]]
    assert fed.arrays["byte_count"].tolist() == [3, 0, 1]
    assert fed.notes == ("1 text is empty",)
    assert read_inputs(bytewise(), pl.DataFrame({"review": [""]})).arrays["bytes"].tolist() == [[0]]
    assert refusal(bytewise(max=2), pl.DataFrame({"review": ["ab", "é!"]})) == (
        "the table: row 2: has 3 bytes, and the model takes 2 at most; cut it, or leave it out"
    )


def test_of_an_empty_text_that_may_be_nothing_is_said() -> None:
    source = TextSource(column="review", may_be_empty=True)
    fed = read_inputs(contract([tensor("text", "string", "batch", source)]), pl.DataFrame({"review": ["", "a"]}))
    assert fed.notes == ()


def test_a_txt_file_has_a_text_in_each_line(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffone, two\r\n\nthree\u2028four\n".encode())
    fed = read_inputs(STRINGS, path)
    assert fed.arrays["text"].tolist() == ["one, two", "", "three\u2028four"]
    path.write_bytes(b"one\ncaf\xe9\n")
    assert refusal(STRINGS, path) == (
        f"{path}: row 2: is not UTF-8 text (found the byte 0xe9); save it as UTF-8, or convert it from the encoding it "
        "has, such as Latin-1"
    )
    path.write_bytes(b"")
    assert refusal(STRINGS, path) == f"{path}: is empty; choose another file"


def test_cells_must_not_be_lists() -> None:
    assert refusal(STRINGS, pl.DataFrame({"review": [["a"]]})) == (
        "the table: column 'review' holds List(String), where text is needed; give a text in each cell"
    )
    assert refusal(series(LONG), ROWS.with_columns(id=pl.lit([1]))) == (
        "the table: column 'id' holds List(Int64), where names are needed; choose another"
    )


def test_a_text_table_needs_the_column(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("reviw\ngood\n")
    assert refusal(STRINGS, path) == f"{path}: there is no column 'review'; did you mean 'reviw'?"
    path.write_text("n,review\n1,good\n2,\n")
    assert read_inputs(STRINGS, path).arrays["text"].tolist() == ["good", ""]
