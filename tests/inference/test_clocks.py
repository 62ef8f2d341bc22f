"""Times given as arrays must go on by the step of the table."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_onnx.contract import Contract, Step, Table, TensorSpec, TimeSource
from lstm_onnx.data.clocks import refuse_other_steps
from lstm_onnx.errors import UserError

TIME = TensorSpec(name="time", dtype="int64", dims=("batch", "past"), meaning="when", source=TimeSource())
HOURS = np.arange(5)[None] * 3600 + 1_678_406_400


def check(array: np.ndarray, step: Step | None) -> None:
    refuse_other_steps(Contract.model_construct(table=Table(step=step)), TIME, array)


def test_times_that_go_on_by_the_step_are_taken() -> None:
    check(HOURS, Step(seconds=3600))
    check(HOURS[:, :1], Step(seconds=60))
    check(HOURS, None)
    months = np.array([["2023-11-01", "2023-12-01", "2024-01-31"]], dtype="datetime64[s]").astype(np.int64)
    check(months, Step(months=1))


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (
            HOURS * 1000,
            r"3,600,000 seconds apart, and rows of this model are 3,600 seconds apart \(1h\): give seconds, not",
        ),
        (HOURS[:, ::-1], "-3,600 seconds apart, .* times must rise along the axis, the oldest first"),
        (HOURS[:, [0, 1, 3]], r"times at \[0, 1\] and after it are 7,200 seconds apart, .* fill in missing rows"),
        (HOURS[:, [0, 0, 1]], "0 seconds apart"),
    ],
)
def test_other_times_are_refused_with_what_they_may_be(array: np.ndarray, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        check(array, Step(seconds=3600))
