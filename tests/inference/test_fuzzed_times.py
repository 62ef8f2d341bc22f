"""Whatever way times are written: file, frame and stream read the same moments, and answers are read back as them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lstm_onnx.contract import Axis, Contract
from lstm_onnx.data.frequency import advance
from lstm_onnx.data.tables import read_table
from lstm_onnx.data.time_series import regular_series
from lstm_onnx.data.times.reader import follow_times, in_units
from lstm_onnx.data.times.writer import write_times
from lstm_onnx.errors import UserError
from lstm_onnx.inference.row_stream import _by_series, _records, _SeriesState, _times, _wanted
from lstm_onnx.inference.table_inputs import read_inputs
from tests.inference.test_table_inputs import forecaster

MINUTE, HOUR, DAY = 60, 3600, 86400
FORMS: dict[str, int] = {
    "%Y-%m-%d": DAY,
    "%Y-%m-%d %H:%M": MINUTE,
    "%Y-%m-%d %H:%M:%S": 1,
    "%Y-%m-%dT%H:%M": MINUTE,
    "%Y-%m-%dT%H:%M:%SZ": 1,
    "%Y-%m-%dT%H:%M:%S%:z": 1,
    "%Y-%m-%d %H:%M%z": MINUTE,
    "%d.%m.%Y": DAY,
    "%d.%m.%Y %H:%M": MINUTE,
    "%d/%m/%Y %H:%M": MINUTE,
    "%m/%d/%Y %I:%M %p": MINUTE,
    "%d-%b-%Y": DAY,
    "%d %B %Y %H:%M": MINUTE,
    "%Y%m%d": DAY,
    "%Y%m%d%H": HOUR,
    "%Y%m%d%H%M": MINUTE,
    "%Y%m%dT%H%M%S": 1,
    "%G-W%V-%u": DAY,
    "unix": 1,
    "unix ms": 1,
    "number": 1,
}
"""Each form, and the shortest step in seconds that it can say."""
MINUTES = [form for form, size in FORMS.items() if size == MINUTE and "z" not in form]


def written(time: datetime, form: str) -> str:
    if form.startswith("unix"):
        return str(int(time.replace(tzinfo=UTC).timestamp()) * (1000 if form == "unix ms" else 1))
    if form == "number":
        return str(int((time - datetime(2000, 1, 1)).total_seconds()) // HOUR)
    offset = time.strftime("%z")
    return time.strftime(form.replace("%:z", f"{offset[:3]}:{offset[3:]}"))


@st.composite
def tables(draw: st.DrawFn, forms: Sequence[str] = tuple(FORMS)) -> tuple[list[list[str]], str]:
    """Draw rows of one or two series in the order of time, some missing, and the form of their times."""
    form = draw(st.sampled_from(sorted(forms)))
    size = FORMS[form] if form != "number" else HOUR
    steps = [s for s in (1, 30, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY) if s >= size]
    step = draw(st.sampled_from(steps))
    start = datetime(draw(st.integers(2001, 2035)), draw(st.integers(1, 12)), draw(st.integers(1, 28)))
    if size < DAY:
        start += timedelta(hours=draw(st.integers(0, 23)))
    if size <= MINUTE and form != "number":
        start += timedelta(minutes=draw(st.integers(0, 59)))
    if "z" in form.lower() and form != "number":
        zone = timezone(timedelta(minutes=draw(st.sampled_from([0, 60, -300, 330]))))
        start = start.replace(tzinfo=UTC if form.endswith("Z") else zone)
    count = draw(st.integers(8, 24))
    gone = draw(st.sets(st.integers(3, count - 2), max_size=2))
    names = draw(st.sampled_from([["a"], ["a", "b b"]]))
    cells = [
        [written(start + timedelta(seconds=step * k), form), name, f"{k + 10 * len(name)}.5"]
        for k in range(count)
        for name in names
        if k not in gone
    ]
    return cells, form


def contract_of(frame: pl.DataFrame) -> Contract:
    """Decide how times are written, as training does, and say it in a contract."""
    learnt = regular_series(frame, "train.csv", time="day", columns=["load"], series="shop")
    made = forecaster(covariates=False, step=learnt.step, time=Axis(min=1, example_size=40))
    assert made.table is not None
    return made.model_copy(update={"table": made.table.model_copy(update={"clock": learnt.clock})})


def by_stream(made: Contract, text: str) -> dict[str, list[int]]:
    states: dict[str, Any] = {}
    found: dict[str, list[int]] = {}
    assert made.table is not None
    for number, row in _records(text.splitlines(), _wanted(made)):
        for name, cells in _by_series(made, row, number):
            state = states.setdefault(name, _SeriesState(session=None))  # type: ignore[arg-type]
            found.setdefault(name, []).extend(_times(made.table, state, cells))
    return found


@given(table=tables(), typed=st.booleans())
def test_file_frame_and_stream_read_the_same_moments(
    table: tuple[list[list[str]], str], typed: bool, tmp_path: Path
) -> None:
    rows, form = table
    text = "\n".join(",".join(row) for row in [["day", "shop", "load"], *rows]) + "\n"
    path = tmp_path / "t.csv"
    path.write_text(text)
    try:
        made = contract_of(read_table(path))
    except UserError as error:
        assert "train.csv" in str(error), "a refusal names the file"
        assume(False)
    plain = pl.DataFrame(rows, schema=["day", "shop", "load"], orient="row")
    frame = plain.with_columns(pl.col("load").cast(pl.Float64))
    if typed and plain["day"].str.contains(r"^\d{1,15}$").all():
        frame = frame.with_columns(pl.col("day").cast(pl.Int64))
    file, same = read_inputs(made, path), read_inputs(made, frame)
    assert file.names == same.names
    assert np.array_equal(file.arrays["time"], same.arrays["time"])
    assert np.array_equal(file.arrays["values"], same.arrays["values"], equal_nan=True)
    stream = by_stream(made, text)
    for name, times in zip(file.names, file.arrays["time"].tolist(), strict=True):
        assert stream[name] == times[-len(stream[name]) :], form
    assert made.table is not None
    assert made.table.clock is not None
    assert made.table.step is not None
    ahead = advance(file.arrays["time"][0, -1:].astype(np.int64), made.table.step, np.arange(1, 4))
    answer = pl.DataFrame(write_times(ahead, made.table.clock, made.table.step, "day"))
    back = follow_times(answer, made.table.clock, made.table.step.unit, "answer")
    assert np.array_equal(in_units(back.time, made.table.step.unit), ahead), form


def quarter_days(form: str) -> tuple[list[list[str]], str]:
    """Return 13 rows from the tenth of January on, six hours apart: the first could be the first of October, too."""
    return [[written(datetime(2001, 1, 10) + timedelta(hours=6 * k), form), "a", f"{k}.5"] for k in range(13)], form


@example(table=quarter_days("%m/%d/%Y %I:%M %p"), other="%d/%m/%Y %H:%M", place=0)
@example(table=quarter_days("%d/%m/%Y %H:%M"), other="%m/%d/%Y %I:%M %p", place=0)
@given(table=tables(MINUTES), other=st.sampled_from(MINUTES), place=st.integers(0, 5))
def test_another_way_of_writing_is_read_right_or_refused(
    table: tuple[list[list[str]], str], other: str, place: int, tmp_path: Path
) -> None:
    rows, form = table
    path = tmp_path / "t.csv"
    path.write_text("\n".join(",".join(row) for row in [["day", "shop", "load"], *rows]) + "\n")
    try:
        made = contract_of(read_table(path))
    except UserError:
        assume(False)
    right = read_inputs(made, path).arrays["time"]
    moment = datetime.strptime(rows[place][0], form)
    changed = [row if k != place else [written(moment, other), *row[1:]] for k, row in enumerate(rows)]
    text = "\n".join(",".join(row) for row in [["day", "shop", "load"], *changed]) + "\n"
    path.write_text(text)
    try:
        found = read_inputs(made, path).arrays["time"]
    except UserError as error:
        assert f"row {place + 2}" in str(error)
        found = right
    assert np.array_equal(found, right)
    try:  # a stream has no column as a whole: a row in ISO is read for what it says, and can be nothing else
        stream = by_stream(made, text)
    except UserError:
        return
    for name, times in zip(("a", "b b"), right.tolist(), strict=False):
        assert stream[name] == times[-len(stream[name]) :]
