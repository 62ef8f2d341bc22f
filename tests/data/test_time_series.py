"""Regular series: frequencies, calendar arithmetic, what is repaired and noted, what is refused."""

from __future__ import annotations

import time as clock

import numpy as np
import polars as pl
import pytest

from lstm_onnx.contract import Step
from lstm_onnx.data.frequency import advance, parse_step, step_text
from lstm_onnx.data.time_series import Regular, regular_series, wide_series
from lstm_onnx.data.timestamps import time_text
from lstm_onnx.errors import UserError


def seconds(*texts: str) -> np.ndarray:
    return np.array([np.datetime64(t, "s").astype(np.int64) for t in texts])


def texts(time: np.ndarray) -> list[str]:
    return [time_text(int(t)) for t in time.ravel()]


@pytest.mark.parametrize("text, step, back", [
    ("15m", Step(seconds=900), "15m"), ("1h", Step(seconds=3600), "1h"), ("60min", Step(seconds=3600), "1h"),
    ("h", Step(seconds=3600), "1h"), ("H", Step(seconds=3600), "1h"), ("m", Step(seconds=60), "1m"),
    ("D", Step(seconds=86400), "1d"), ("1w", Step(seconds=604800), "1w"), ("36h", Step(seconds=129600), "36h"),
    ("M", Step(months=1), "1mo"), ("1mo", Step(months=1), "1mo"), ("ME", Step(months=1), "1mo"),
    ("1q", Step(months=3), "1q"), ("6mo", Step(months=6), "2q"), ("Y", Step(months=12), "1y"),
    ("10 seconds", Step(seconds=10), "10s"),
])  # fmt: skip
def test_frequencies_read_and_write(text: str, step: Step, back: str) -> None:
    assert parse_step(text) == step
    assert step_text(step) == back
    assert parse_step(back) == step


@pytest.mark.parametrize("text", ["", "5", "0h", "1 fortnight", "-1h", "1.5h"])
def test_no_frequency_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=f"^'{text}' is no frequency; write it such as 15m, 1h"):
        parse_step(text)


def test_business_days_are_refused_with_advice() -> None:
    with pytest.raises(UserError, match="business days are not a regular grid; use 1d, and weekends count as missing"):
        parse_step("B")


def test_advance_counts_calendar_months_from_anywhere_in_the_month() -> None:
    month = Step(months=1)
    start = seconds("2019-12-31T23:00", "2020-01-31", "1969-12-05")
    assert texts(advance(start[:, None], month, np.array([0, 1, 2]))) == [
        "2019-12-01", "2020-01-01", "2020-02-01",
        "2020-01-01", "2020-02-01", "2020-03-01",
        "1969-12-01", "1970-01-01", "1970-02-01",
    ]  # fmt: skip
    assert texts(advance(seconds("2020-02-01"), Step(months=3), -1)) == ["2019-11-01"]
    assert texts(advance(seconds("2020-02-28T12:00"), Step(seconds=86400), 2)) == ["2020-03-01 12:00"]


def read(times: list[object], values: list[object] | None = None, **options: object) -> Regular:
    frame = pl.DataFrame({"t": times, "v": list(range(len(times))) if values is None else values})
    return regular_series(frame, "a.csv", time="t", columns=["v"], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("times, step", [
    (["2020-01-01 00:00", "2020-01-01 00:15", "2020-01-01 00:30"], "15m"),
    (["2020-01-01", "2020-01-02", "2020-01-05"], "1d"),
    (["2020-01-06", "2020-01-13", "2020-01-20"], "1w"),
    (["2020-01-01", "2020-02-01", "2020-03-01", "2020-05-01"], "1mo"),
    (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30"], "1mo"),
    (["2020-01-15", "2020-02-15", "2020-03-15"], "1mo"),
    (["2020-01-30", "2020-02-29", "2020-03-30"], "1mo"),
    (["2020-01-02", "2020-02-03", "2020-03-02", "2020-04-01"], "1mo"),
    (["2020-03-31", "2020-06-30", "2020-09-30"], "1q"),
    (["2020Q1", "2020Q2", "2020Q3"], "1q"),
    (["2019", "2020", "2021"], "1y"),
    (["2020-01-01", "2020-01-29", "2020-02-26", "2020-03-25"], "4w"),
    (["2020-01-06", "2020-02-05", "2020-03-06"], "30d"),
])  # fmt: skip
def test_the_step_is_found(times: list[object], step: str) -> None:
    assert step_text(read(times).step) == step


def test_stamps_of_months_become_their_first_day() -> None:
    found = read(["2020-01-31", "2020-02-29", "2020-04-30"])
    assert texts(found.series[0].time) == ["2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01"]
    np.testing.assert_array_equal(found.series[0].values[:, 0], [0, 1, np.nan, 2])
    assert found.notes == (
        "each time stands for its month (1mo steps) and is shown as the first day of it",
        "1 of 4 rows were not there and count as missing",
    )
    assert "times fall on different days of the month; each row stands for its whole month" in (
        read(["2020-01-02", "2020-02-03", "2020-03-02", "2020-04-01"]).notes
    )
    assert read(["2020-01-01", "2020-02-01"]).notes == ()


def test_rows_are_sorted_and_repeated_times_averaged_over_what_is_known() -> None:
    times = ["2020-01-01", "2020-01-04", "2020-01-03", "2020-01-02", "2020-01-02", "2020-01-05", "2020-01-05"]
    found = read(times, [1, 4, 3, 2, 6, None, 5])
    assert texts(found.series[0].time) == [f"2020-01-0{i}" for i in range(1, 6)]
    assert found.series[0].values[:, 0].tolist() == [1, 4, 3, 4, 5]
    assert found.notes == (
        "sorted by time: 2 rows stood after a later one",
        "averaged 2 rows that repeat the time of another row (the first is row 6)",
    )


def test_business_days_are_days_with_gaps() -> None:
    found = read(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08"])
    assert step_text(found.step) == "1d"
    assert len(found.series[0].time) == 7
    assert found.notes == (
        "2 of 7 rows were not there and count as missing; rows fall on Monday to Friday only, so weekends are among "
        "them",
    )


def test_days_that_a_clock_change_moved_are_moved_back() -> None:
    found = read(
        ["2020-03-28T00:00+01:00", "2020-03-29T00:00+01:00", "2020-03-30T00:00+02:00", "2020-03-31T00:00+02:00"]
    )
    assert texts(found.series[0].time) == [f"2020-03-{d} 23:00" for d in (27, 28, 29, 30)]
    assert found.notes[-1] == "clock changes: 2 times moved by up to an hour, back to the 1d grid"


def test_local_hours_survive_both_clock_changes() -> None:
    spring = read(["2020-03-29 00:00", "2020-03-29 01:00", "2020-03-29 03:00", "2020-03-29 04:00"])
    assert spring.notes == ("1 of 5 rows were not there and count as missing",)
    autumn = read([f"2020-10-25 0{h}:00" for h in (0, 1, 2, 2, 3)])
    assert autumn.series[0].values[:, 0].tolist() == [0, 1, 2.5, 4]
    assert autumn.notes == ("averaged 1 row that repeats the time of another row (the first is row 5)",)


def test_a_long_table_gives_its_series_in_order_of_appearance() -> None:
    frame = pl.DataFrame({
        "t": ["2020-01-02", "2020-01-01", "2020-01-03", "2020-01-05"],
        "shop": ["b", "b", "a", "b"],
        "v": ["2", "1", "3", "NA"],
        "w": [1, 2, 3, 4],
    })  # fmt: skip
    found = regular_series(frame, "a.csv", time="t", series="shop", columns=["w", "v"])
    assert [s.name for s in found.series] == ["b", "a"]
    np.testing.assert_array_equal(found.series[0].values, [[2, 1], [1, 2], [np.nan] * 2, [np.nan] * 2, [4, np.nan]])
    assert texts(found.series[1].time) == ["2020-01-03"]
    assert found.notes[-1] == "2 of 6 rows were not there and count as missing, in 1 of 2 series"


def test_without_a_time_column_rows_count_as_they_stand() -> None:
    frame = pl.DataFrame({"who": ["a", "b", "a"], "v": [1, 2, 3]})
    found = regular_series(frame, "a.csv", time=None, series="who", columns=["v"])
    assert [(s.time.tolist(), s.values[:, 0].tolist()) for s in found.series] == [([0, 1], [1, 3]), ([0], [2])]


def test_wide_columns_are_series_that_share_the_others() -> None:
    frame = pl.DataFrame({"t": ["2020", "2021"], "a": [1, 2], "b": [3, 4], "x": [5, 6]})
    found = wide_series(frame, "a.csv", time="t", columns=["a", "b"], shared=["x"])
    assert [(s.name, s.values.tolist()) for s in found.series] == [("a", [[1, 5], [2, 6]]), ("b", [[3, 5], [4, 6]])]


def refusal(times: list[object], **options: object) -> str:
    with pytest.raises(UserError) as caught:
        read(times, **options)
    return str(caught.value).removeprefix("a.csv: ")


def test_times_off_the_grid_are_refused_with_their_row() -> None:
    hours = [f"2020-01-01 0{h}:00" for h in range(5)]
    assert refusal([*hours, "2020-01-01 05:03"]) == (
        "row 7: 2020-01-01 05:03 is off the grid of 1h that starts at 2020-01-01; correct the time, or delete the row"
    )
    assert refusal([*hours, "2020-01-01 05:30", "2020-01-01 05:30"]) == (
        "row 7: 2020-01-01 05:30 is off the grid of 1h that starts at 2020-01-01 (and 1 more rows); correct the time, "
        "or delete the row, or give --frequency 30m (rows in between count as missing)"
    )
    assert refusal([f"2020-01-01 0{h}:{h}7" for h in range(5)], step=parse_step("1h")).endswith(
        "; rows must be a fixed time apart: average or fill them onto a regular grid first, or give --frequency"
    )
    assert refusal([*hours, "2020-01-01 05:03"], step=parse_step("1h"), fixed=True).endswith(
        "; the model was trained on rows 1h apart: correct the time, or delete the row"
    )
    assert "is off the grid of 1q that starts at 2020-01-01" in refusal(["2020-01", "2020-02"], step=parse_step("1q"))


def test_one_row_tells_no_distance() -> None:
    assert (
        refusal(["2020-01-01"]) == "the distance between rows cannot be told from the times; give it with --frequency"
    )


def test_a_stray_time_is_refused_instead_of_filled() -> None:
    times = ["1970-01-01 00:00", "2020-01-01 00:00", "2020-01-01 01:00", "2020-01-01 02:00"]
    assert refusal(times) == (
        "row 3: 2020-01-01 leaves a gap of 438,287 rows of 1h after 1970-01-01; correct the time, or give --frequency "
        "if rows are further apart"
    )


def test_a_long_table_without_its_series_column_is_recognised() -> None:
    frame = pl.DataFrame({"t": ["2020", "2021"] * 3, "v": range(6), "shop": list("aabbcc"), "note": ["x"] * 6})
    with pytest.raises(UserError) as caught:
        regular_series(frame, "a.csv", time="t", columns=["v"])
    assert str(caught.value) == (
        "a.csv: row 4: repeats the time of another row, as do 4 of 6 rows; if the table holds several series, name the "
        "column that tells them apart with --series (perhaps 'shop'), else leave one row for each time"
    )
    with pytest.raises(UserError, match="the model was trained on one series: choose the rows of one"):
        regular_series(frame, "a.csv", time="t", columns=["v"], fixed=True)


def test_a_series_without_a_name_is_refused() -> None:
    frame = pl.DataFrame({"t": ["2020", "2021"], "v": [1, 2], "shop": ["a", " "]})
    with pytest.raises(UserError, match=r"^a.csv: row 3, column 'shop': the name of the series is missing; fill it in"):
        regular_series(frame, "a.csv", time="t", columns=["v"], series="shop")


def test_large_tables_take_little_time() -> None:
    many = pl.DataFrame({
        "t": np.tile(np.arange(120) * 86400, 1400),
        "who": np.repeat(np.arange(1400), 120),
        "v": np.zeros(1400 * 120),
    })  # fmt: skip
    long = pl.DataFrame({"t": np.arange(1_000_000) * 900, "v": np.zeros(1_000_000)})
    begin = clock.perf_counter()
    found = regular_series(many, "a.csv", time="t", series="who", columns=["v"])
    regular_series(long, "a.csv", time="t", columns=["v"])
    assert clock.perf_counter() - begin < 4
    assert len(found.series) == 1400
    assert {len(s.time) for s in found.series} == {120}
