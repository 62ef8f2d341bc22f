"""The contract survives JSON, and a broken one is named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.contract import Axis, Scores, Values, from_json, to_json
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import load
from lstm_onnx.verification.value_checks import decode


@pytest.mark.parametrize(
    "array",
    [
        np.array([[0.1, np.nan], [np.inf, -np.inf]], np.float32),
        np.array([1e30, 1e-38, 1 / 3, 16777217], np.float32),
        np.array([1 / 3, 5e-324], np.float64),
        np.array([2**62, -1], np.int64),
        np.array([0, 255], np.uint8),
        np.array([True, False]),
        np.array([["a", ""], ["é", "nan"]], object),
        np.zeros((2, 0, 3), np.float32),
    ],
    ids=["special", "float32", "float64", "int64", "uint8", "bool", "string", "empty"],
)
def test_arrays_survive_json(array: np.ndarray) -> None:
    text = Values.of(array).model_dump_json()
    again = Values.model_validate_json(text).array()
    assert again.dtype == array.dtype and again.shape == array.shape
    np.testing.assert_array_equal(again, array)


def test_json_has_no_literal_that_javascript_cannot_read() -> None:
    text = Values.of(np.array([np.nan, np.inf], np.float32)).model_dump_json()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["values"] == ["nan", "inf"]


def test_contract_survives_json(adding_file) -> None:
    contract = load(adding_file).require_contract()
    text = to_json(contract)
    assert from_json(text, "x") == contract
    assert adding_file.with_suffix(".json").read_text().strip() == text
    inputs, outputs = decode(contract.examples[0])
    assert inputs["pairs"].shape == (1, 8, 2) and outputs["total"].shape == (1,)


@pytest.mark.parametrize(
    ("change", "place"),
    [({"version": 3}, "version"), ({"inputs": [{"name": "x"}]}, "inputs.0.dtype"), ({"colour": "red"}, "colour")],
)
def test_broken_contract_names_the_place(adding_file, change: dict[str, object], place: str) -> None:
    good = json.loads(to_json(load(adding_file).require_contract()))
    with pytest.raises(UserError, match=f"m.onnx: its contract is broken at {place}: .*reads contract version 2"):
        from_json(json.dumps(good | change), "m.onnx")


def test_dims_are_names_where_free_and_numbers_where_fixed(adding_file) -> None:
    contract = load(adding_file).require_contract()
    assert [contract.dims_of(t) for t in contract.inputs] == [("batch", "time", 2), ("batch",)]
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Axis(size=0)


def test_a_score_that_is_no_number_survives_the_trip(adding_file: Path) -> None:
    """The MASE of a series that repeats itself exactly is not defined."""
    contract = load(adding_file).require_contract()
    scores = Scores(primary="mase", model={"mase": float("nan"), "mae": float("inf")})
    read = from_json(to_json(contract.model_copy(update={"scores": scores})), "here")
    assert read.scores is not None
    assert math.isnan(read.scores.model["mase"]) and read.scores.model["mae"] == math.inf


def test_a_contract_of_version_1_is_read(adding_file) -> None:
    """Its names were those of release 0.1."""
    new = load(adding_file).require_contract()
    tensor = {"name": "x", "dtype": "float32", "dims": ["batch", "time"], "meaning": "", "ranked": True, "detail": True}
    old = json.loads(to_json(new))
    old |= {
        "version": 1,
        "digests": old.pop("fingerprints"),
        "axes": {"batch": {}, "time": {"typical": 7}},
        "inputs": [tensor | {"name": kind, "source": {"kind": kind}} for kind in ("clock", "lengths", "picture")],
        "examples": [],
        "outputs": [tensor | {"source": {"kind": "cells", "column": "a"}}],
        "scores": {"headline": "mse", "model": {"mse": 1.0}},
    }
    read = from_json(json.dumps(old), "m.onnx")
    assert read.version == 2 and read.fingerprints == new.fingerprints
    assert read.axes["time"].example_size == 7
    assert [t.source.kind for t in (*read.inputs, *read.outputs) if t.source] == ["time", "lengths", "image", "text"]
    assert all(t.is_scores and t.internal for t in read.inputs)
    assert read.scores is not None and read.scores.primary == "mse"
    assert from_json(to_json(read), "m.onnx") == read
