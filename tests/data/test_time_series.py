"""Regular series: frequencies, calendar arithmetic, what is repaired and noted, what is refused."""

from __future__ import annotations

import time as clock

import numpy as np
import polars as pl
import pytest

from lstm_onnx.contract_clock import Clock, Sessions, Step
from lstm_onnx.data.frequency import advance, parse_step, step_text
from lstm_onnx.data.gathering import Rules
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


@pytest.mark.parametrize("text, step, back", [
    ("100ms", Step(seconds=100, unit="ms"), "100ms"), ("250us", Step(seconds=250, unit="us"), "250us"),
    ("MS", Step(months=1), "1mo"), ("1 step", Step(seconds=1, unit="step"), "1 step"),
    ("10 steps", Step(seconds=10, unit="step"), "10 steps"),
    ("0.5 steps", Step(seconds=5, unit="step/10"), "0.5 steps"),
    ("B", Step(seconds=86400, sessions=Sessions(days=(0, 1, 2, 3, 4))), "1d mon-fri"),
    ("1d mon-sat", Step(seconds=86400, sessions=Sessions(days=(0, 1, 2, 3, 4, 5))), "1d mon-sat"),
    ("5m mon-fri 09:30-16:00", Step(seconds=300, sessions=Sessions(days=(0, 1, 2, 3, 4), first=34200, rows=79)),
     "5m mon-fri 09:30-16:00"),
    ("1h mon,wed 08:00-17:00", Step(seconds=3600, sessions=Sessions(days=(0, 2), first=28800, rows=10)),
     "1h mon,wed 08:00-17:00"),
])  # fmt: skip
def test_steps_below_a_second_counted_and_of_sessions(text: str, step: Step, back: str) -> None:
    assert parse_step(text) == step
    assert step_text(step) == back
    assert parse_step(back) == step


@pytest.mark.parametrize("text", ["5m mon-fri 09:30", "1d mon-fri 9-8", "2b", "1.5h", "5m whenever"])
def test_what_says_no_sessions_is_refused(text: str) -> None:
    if text == "5m mon-fri 09:30":
        assert parse_step(text).sessions == Sessions(days=(0, 1, 2, 3, 4), first=34200, rows=1)
        return
    with pytest.raises(UserError, match=r"^'"):
        parse_step(text)


def test_sessions_go_on_after_the_night_and_the_weekend() -> None:
    step = parse_step("5m mon-fri 09:30-16:00")
    friday = seconds("2023-01-27T15:55")
    ahead = advance(friday, step, np.arange(5))
    assert texts(ahead)[:4] == ["2023-01-27 15:55", "2023-01-27 16:00", "2023-01-30 09:30", "2023-01-30 09:35"]
    assert texts(advance(ahead[-1:], step, -4)) == texts(friday)
    assert texts(advance(seconds("1969-12-26T16:00"), step, np.array([1, -79]))) == [
        "1969-12-29 09:30",
        "1969-12-25 16:00",
    ]


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
    assert found.notes == ("1 of 4 rows were not there and count as missing",)
    assert found.clock.month_day == 31
    middle = read(["2020-01-15", "2020-02-15", "2020-03-15"])
    assert (middle.clock.month_day, texts(middle.series[0].time)[0]) == (15, "2020-01-01")
    assert "times fall on different days of the month; each row stands for its whole month" in (
        read(["2020-01-02", "2020-02-03", "2020-03-02", "2020-04-01"]).notes
    )
    assert read(["2020-01-01", "2020-02-01"]).notes == ()


def test_rows_are_sorted_and_repeated_times_averaged_over_what_is_known() -> None:
    times = ["2020-01-01", "2020-01-04", "2020-01-03", "2020-01-02", "2020-01-02", "2020-01-05", "2020-01-05"]
    assert (
        "row 6: repeats the time of another row, as do 2 of 7 rows; else say what becomes of them: --repeated mean, sum"
        in (refusal(times))
    )
    found = read(times, [1, 4, 3, 2, 6, None, 5], rules=Rules(repeated="mean"))
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
    assert texts(found.series[0].time) == [f"2020-03-{d}" for d in (28, 29, 30, 31)]
    moved = read(["2020-03-28 00:00", "2020-03-29 00:00", "2020-03-30 00:00", "2020-03-30 23:00"])
    assert texts(moved.series[0].time) == [f"2020-03-{d}" for d in (28, 29, 30, 31)]
    assert moved.notes == ("clock changes: 1 times moved by up to an hour, back to the 1d grid",)


def test_local_hours_survive_both_clock_changes() -> None:
    spring = read(["2020-03-29 00:00", "2020-03-29 01:00", "2020-03-29 03:00", "2020-03-29 04:00"])
    assert spring.notes == ("1 of 5 rows were not there and count as missing",)
    autumn = read([f"2020-10-25 0{h}:00" for h in (0, 1, 2, 2, 3)])
    assert autumn.series[0].values[:, 0].tolist() == [0, 1, 2.5, 4]
    assert autumn.notes == (
        "clock change: 1 row of an hour that comes twice when clocks go back (the first is row 5); both are averaged "
        "(--repeated says otherwise)",
    )


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
    assert (step_text(found.step), found.clock.columns) == ("1 step", ())


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
        "; rows have no fixed distance: --resample 1h mean (or sum, last) makes one row of each 1h"
    )
    unsteady = [1_700_000_000_000 + 873 * i + 37 * (i * i % 7) for i in range(40)]
    assert refusal(unsteady).endswith(
        "; rows have no fixed distance: --resample 5s mean (or sum, last) makes one row of each 5s"
    )
    faster = [1_700_000_000_000 + 19 * i + 3 * (i * i % 5) for i in range(40)]
    assert refusal(faster).endswith("--resample 100ms mean (or sum, last) makes one row of each 100ms")
    quarters = [f"2020-01-01 {h:02d}:{m:02d}" for h in range(5) for m in (0, 15, 30, 45)]
    assert refusal(quarters, step=parse_step("1h")).endswith(
        "; the table has a row every 15m: --resample 1h mean (or sum, last) makes one of each 1h"
    )
    assert "the model takes a row every 1h, and the table has one every 15m" in (
        refusal(quarters, step=parse_step("1h"), fixed=True)
    )
    late = [f"2020-01-01 {5 * i // 60:02d}:{5 * i % 60:02d}:0{i % 4}" for i in range(40)]
    assert refusal(late, step=parse_step("5m")).endswith(
        "; if stamps come a little early or late, --snap 5m moves them to the nearest 5m"
    )
    assert refusal(["2020-01-01", "2020-01-02", "2020-01-03"], step=parse_step("1h"), fixed=True) == (
        "the model takes a row every 1h, and the table has one every 1d; give it a table as fine as the one that it "
        "learnt from"
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
        "column that tells them apart with --series (perhaps 'shop'); else say what becomes of them: --repeated mean, "
        "sum (adds up the rows of each time), first or last"
    )
    with pytest.raises(UserError, match="the model was trained on one row for each time: choose the rows of one"):
        regular_series(frame, "a.csv", time="t", columns=["v"], fixed=True, clock=Clock(columns=("t",), forms=("%Y",)))


def test_times_that_jitter_are_snapped() -> None:
    late = [f"2020-01-01 {5 * i // 60:02d}:{5 * i % 60:02d}:0{i % 4}" for i in range(40)]
    found = read(late, rules=Rules(snap=300))
    assert step_text(found.step) == "5m"
    assert texts(found.series[0].time)[:3] == ["2020-01-01", "2020-01-01 00:05", "2020-01-01 00:10"]
    assert found.notes == ("30 of 40 times moved, by up to 3 s (--snap)",)
    again = read(late[:3], rules=Rules(snap=300), clock=found.clock, step=found.step, fixed=True)
    assert texts(again.series[0].time) == texts(found.series[0].time)[:3]


@pytest.mark.parametrize("how, values", [
    ("mean", [2, 4, np.nan, 6]), ("sum", [4, 4, 0, 6]), ("first", [1, 4, np.nan, 6]), ("last", [3, 4, np.nan, 6]),
])  # fmt: skip
def test_rows_are_gathered_to_steps(how: str, values: list[float]) -> None:
    times = ["2020-01-01 00:01", "2020-01-01 00:59:59", "2020-01-01 01:07", "2020-01-01 03:10"]
    found = read(times, [1, 3, 4, 6], rules=Rules(resample=how), step=parse_step("1h"))  # type: ignore[arg-type]
    assert texts(found.series[0].time) == ["2020-01-01", "2020-01-01 01:00", "2020-01-01 02:00", "2020-01-01 03:00"]
    np.testing.assert_array_equal(found.series[0].values[:, 0], values)
    assert found.clock.resample == how


def test_sums_add_up_targets_and_average_the_rest() -> None:
    frame = pl.DataFrame(
        {"t": ["2020-01-01"] * 3 + ["2020-01-03"], "sold": [1, 2, 3, 4], "price": [2.0, 2.0, 5.0, 1.0]}
    )
    found = regular_series(
        frame,
        "a.csv",
        time="t",
        columns=["sold", "price"],
        step=parse_step("1d"),
        rules=Rules(resample="sum", totals=[0]),
    )
    np.testing.assert_array_equal(found.series[0].values, [[6, 3], [0, np.nan], [4, 1]])


def test_business_days_and_shops_are_sessions_that_forecasts_keep_to() -> None:
    days = [np.datetime64("2023-01-02") + i for i in range(60)]
    weekdays = [str(d) for d in days if np.is_busday(d)]
    found = read(weekdays)
    assert step_text(found.step) == "1d mon-fri"
    assert len(found.series[0].time) == len(weekdays)
    assert "rows are those of mon-fri alone" in found.notes[0]
    holiday = read([d for d in weekdays if d != "2023-01-18"])
    assert np.isnan(holiday.series[0].values).sum() == 1
    with pytest.raises(UserError, match=r"row 3: 2023-03-04 is out of session: the model knows rows every 1d mon-fri"):
        read(["2023-03-03", "2023-03-04"], step=found.step, fixed=True, clock=found.clock)
    assert step_text(read([str(d) for d in days]).step) == "1d"
    assert step_text(read(weekdays, step=parse_step("1d")).step) == "1d"


def test_trading_hours_are_sessions() -> None:
    opens = np.datetime64("2023-01-02T09:30")
    bars = [
        opens + np.timedelta64(1440 * d + 5 * k, "m")
        for d in range(26)
        if np.is_busday(opens.astype("datetime64[D]") + d)
        for k in range(79)
    ]
    found = read([str(b) for b in bars])
    assert step_text(found.step) == "5m mon-fri 09:30-16:00"
    assert len(found.series[0].time) == len(bars)


def test_several_columns_tell_series_apart_and_come_back() -> None:
    frame = pl.DataFrame({
        "t": ["2020"] * 3 + ["2021"] * 3, "store": [1, 1, 2] * 2, "item": ["a", "b", "a"] * 2, "v": range(6),
    })  # fmt: skip
    found = regular_series(frame, "a.csv", time="t", columns=["v"], series=["store", "item"])
    assert [s.values[:, 0].tolist() for s in found.series] == [[0, 3], [1, 4], [2, 5]]
    assert found.ids is not None
    assert found.ids.rows() == [(1, "a"), (1, "b"), (2, "a")]
    with pytest.raises(UserError, match=r"name the column that tells them apart with --series \(perhaps 'item'\)"):
        regular_series(frame, "a.csv", time="t", columns=["v"], series=["store"])


def test_steps_below_a_second() -> None:
    found = read([f"2023-01-20 00:00:{i // 10:02d}.{i % 10}00" for i in range(30) if i != 7])
    assert (step_text(found.step), len(found.series[0].time)) == ("100ms", 30)


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
