"""Names that mean something to a language, its library or its build do no harm, nor those that meet in the code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.contract import Axis, ColumnsSource, TensorSpec
from lstm_onnx.embedding.identifiers import one_line, program, unique
from tests.embedding.harness import TARGETS, Workshop
from tests.embedding.models import contract_of, node, save

OUTPUTS = ("x_count", "x", "x_shape", "tensors", "labels", "x_labels", "env", "ort")
COLUMN = "disk C:\\"


def hostile_model(folder: Path, name: str) -> Path:
    """A window of one column in, and outputs whose names meet with what programs call by themselves."""
    value = TensorSpec(
        name="values",
        dtype="float32",
        dims=("batch", "time", "column"),
        meaning=f"of {COLUMN}",
        source=ColumnsSource(columns=(COLUMN,)),
    )
    contract = contract_of(
        name,
        "forecasting",
        {"time": Axis(min=1, example_size=4), "column": Axis(size=1, labels=(COLUMN,)), "ahead": Axis(size=1)},
        inputs=(value,),
        outputs=tuple(
            TensorSpec(name=n, dtype="float32", dims=("batch", "ahead", "column"), meaning=f"{n} ends in \\")
            for n in OUTPUTS
        ),
    )
    contract = contract.model_copy(update={"description": "Ends in a backslash \\"})
    nodes = [node("Slice", "values start stop axis", "newest")]
    weights = {"start": np.array([-1]), "stop": np.array([2**40]), "axis": np.array([1])}
    for factor, output in enumerate(OUTPUTS):
        weights[f"factor_{factor}"] = np.array(factor + 1, np.float32)
        nodes.append(node("Mul", f"newest factor_{factor}", output))
    values = np.array([[[1], [2], [3], [4]]], np.float32)
    return save(folder / f"{name}.onnx", nodes, weights, contract, [{"values": values}])


NAMES = {
    "c": ("time", "all"),
    "cpp": ("std", "system"),
    "bare-c": ("all", "time"),
    "rust": ("std", "test"),
    "go": ("time", "all"),
    "java": ("java", "system"),
    "csharp": ("system", "math"),
    "node": ("fs", "time"),
    "web": ("time",),
}


@pytest.mark.parametrize(("target", "name"), [(t, n) for t, names in NAMES.items() if t in TARGETS for n in names])
def test_a_name_that_means_something_builds_and_passes(target: str, name: str, tmp_path: Path) -> None:
    file = hostile_model(tmp_path, name)
    done = Workshop(tmp_path).program(file, target).run("--self-test")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["time", "all", "std", "system", "test", "stdio", "fmt", "console", "src", "class"])
def test_programs_are_called_otherwise(name: str) -> None:
    assert program(name) == f"{name}_"


def test_what_is_no_such_name_stays() -> None:
    assert [program(n) for n in ("traffic", "time-of-day", "adding")] == ["traffic", "time_of_day", "adding"]


def test_identifiers_differ_with_their_suffixes_too() -> None:
    found = unique(["x", "x_count", "y_count", "y"], ["z"], ["_count"])
    assert found == ["x", "x_count_", "y_count", "y_"]


def test_a_comment_never_takes_the_next_line() -> None:
    assert one_line(COLUMN) == "disk C:\\."
    assert "??/" not in one_line("what??/")
