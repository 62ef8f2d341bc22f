"""How times are written: decided for a column as a whole, followed ever after, written back the same, or refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from lstm_onnx.contract_clock import Clock, Step
from lstm_onnx.data.times.find import find_time, looks_like_time
from lstm_onnx.data.times.reader import Stamps, decide_times, follow_times, in_units
from lstm_onnx.data.times.writer import write_time, write_times
from lstm_onnx.data.timestamps import moments, time_text
from lstm_onnx.errors import UserError

START = datetime(2022, 11, 20)
HOURS = [START + timedelta(hours=i) for i in range(24 * 120)]
DAYS = [START + timedelta(days=i) for i in range(400)]
MONTHS = [datetime(2018 + i // 12, i % 12 + 1, 1) for i in range(60)]
QUARTERS = [datetime(2008 + i // 4, i % 4 * 3 + 1, 1) for i in range(60)]
MONDAYS = [datetime(2019, 12, 30) + timedelta(days=7 * i) for i in range(160)]
YEARS = [datetime(1950 + i, 1, 1) for i in range(60)]


def quarter(pattern: str):
    return lambda t: pattern.format(q=(t.month + 2) // 3, y=t.year)


def week(pattern: str):
    return lambda t: pattern.format(*t.isocalendar())


def strftime(pattern: str):
    return lambda t: t.strftime(pattern)


FORMS = {
    "iso": (HOURS, strftime("%Y-%m-%d %H:%M")),
    "iso, seconds": (HOURS, strftime("%Y-%m-%d %H:%M:%S")),
    "iso T": (HOURS, strftime("%Y-%m-%dT%H:%M:%S")),
    "iso hour": (HOURS, strftime("%Y-%m-%dT%H")),
    "compact": (HOURS, strftime("%Y%m%dT%H%M%S")),
    "digits, hours": (HOURS, lambda t: int(t.strftime("%Y%m%d%H"))),
    "digits, minutes": (HOURS, lambda t: int(t.strftime("%Y%m%d%H%M"))),
    "digits, seconds": (HOURS, lambda t: int(t.strftime("%Y%m%d%H%M%S"))),
    "digits, days": (DAYS, lambda t: int(t.strftime("%Y%m%d"))),
    "dots": (HOURS, strftime("%d.%m.%Y %H:%M")),
    "two digits of the year": (HOURS, strftime("%d.%m.%y %H:%M")),
    "unpadded": (DAYS, lambda t: f"{t.day}.{t.month}.{t.year}"),
    "day first": (HOURS, strftime("%d/%m/%Y %H:%M")),
    "month first": (HOURS, strftime("%m/%d/%Y %H:%M:%S")),
    "half days": (HOURS, strftime("%m/%d/%Y %I:%M %p")),
    "month names": (HOURS, strftime("%d-%b-%Y %H:%M")),
    "long names": (DAYS, strftime("%d %B %Y")),
    "mail": (HOURS, strftime("%a, %d %b %Y %H:%M:%S")),
    "months": (MONTHS, strftime("%b-%Y")),
    "months, short": (MONTHS, strftime("%b-%y")),
    "months, slashed": (MONTHS, strftime("%m/%Y")),
    "months, M": (MONTHS, strftime("%YM%m")),
    "months, digits": (MONTHS, lambda t: int(t.strftime("%Y%m"))),
    "quarters": (QUARTERS, quarter("{y}Q{q}")),
    "quarters, dashed": (QUARTERS, quarter("{y}-Q{q}")),
    "quarters first": (QUARTERS, quarter("Q{q} {y}")),
    "weeks": (MONDAYS, week("{0}-W{1:02d}")),
    "week dates": (DAYS, week("{0}-W{1:02d}-{2}")),
    "weeks, digits": (MONDAYS, lambda t: int(week("{0}{1:02d}")(t))),
    "years": (YEARS, lambda t: t.year),
    "unix": (HOURS, lambda t: int(t.replace(tzinfo=UTC).timestamp())),
    "unix, ms": (HOURS, lambda t: int(t.replace(tzinfo=UTC).timestamp()) * 1000),
    "unix, fraction": (HOURS, lambda t: f"{int(t.replace(tzinfo=UTC).timestamp())}.25"),
    "typed": (HOURS, lambda t: t),
}


def frame_of(name: str, rows: slice = slice(None)) -> pl.DataFrame:
    times, write = FORMS[name]
    column = "week" if "weeks" in name else "date"
    return pl.DataFrame({column: [write(t) for t in times[rows]]})


def micros(times: list[datetime]) -> list[int]:
    return [int(t.replace(tzinfo=UTC).timestamp() * 1_000_000) for t in times]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_read_to_its_moments_and_written_back(name: str) -> None:
    frame = frame_of(name)
    (column,) = frame.columns
    stamps = decide_times(frame, (column,), "a.csv")
    shift = 250_000 if "fraction" in name else 0
    assert stamps.time.tolist() == [m + shift for m in micros(FORMS[name][0])]
    step = Step(seconds=1, unit=stamps.unit)
    written = write_times(in_units(stamps.time, stamps.unit), stamps.clock, step)[column]
    if name == "iso, seconds":
        assert written.to_list() == FORMS[name][0]  # in tables of answers these stay times
    else:
        assert [str(c) for c in written.to_list()] == [str(c) for c in frame[column].to_list()]


@pytest.mark.parametrize("name", FORMS)
def test_text_numbers_and_single_rows_are_read_as_the_column_was(name: str) -> None:
    """What was decided for all holds for a file of text, for a few rows, and for each row of a stream."""
    frame = frame_of(name)
    (column,) = frame.columns
    decided = decide_times(frame, (column,), "a.csv")
    some = slice(-5, None)
    rows = frame[column][-5:]
    texts = rows if rows.dtype.is_temporal() else rows.cast(pl.String)
    for cells in (rows, texts):
        followed = follow_times(pl.DataFrame({column: cells}), decided.clock, decided.unit, "b.csv")
        assert followed.time.tolist() == decided.time[some].tolist()
    for i, cell in enumerate(texts.to_list()):
        one = follow_times(pl.DataFrame({column: [cell]}), decided.clock, decided.unit, "")
        assert one.time.tolist() == [decided.time[len(frame) - 5 + i]]


@pytest.mark.parametrize("name", [n for n in FORMS if n != "typed"])
def test_a_broken_cell_is_an_error_with_its_row(name: str) -> None:
    """Never another reading of all the others."""
    frame = frame_of(name)
    (column,) = frame.columns
    cells = frame[column].cast(pl.String).to_list()
    cells[20] = "soon"
    with pytest.raises(UserError, match=r"^a.csv: row 22, column '(date|week)': 'soon' is"):
        decide_times(pl.DataFrame({column: cells}), (column,), "a.csv")
    decided = decide_times(frame, (column,), "a.csv")
    with pytest.raises(UserError, match=r"^b.csv: row 22, column '(date|week)': 'soon' is"):
        follow_times(pl.DataFrame({column: cells}), decided.clock, decided.unit, "b.csv")


@pytest.mark.parametrize("cells, wrong", [
    ([f"{d:%Y%m%d}" for d in DAYS], "20230229"),
    ([int(f"{d:%Y%m%d}") for d in DAYS], 20230229),
    ([f"{d:%d/%m/%Y}" for d in DAYS], "31/02/2023"),
    ([f"{d:%Y-%m-%d}" for d in DAYS], "2023-02-31"),
    ([int(f"{d:%Y%m}") for d in MONTHS], 202013),
    ([f"{d:%Y-%m}" for d in MONTHS], "2020-13"),
])  # fmt: skip
def test_one_impossible_date_is_an_error_with_its_row(cells: list[object], wrong: object) -> None:
    with pytest.raises(UserError, match=rf"row 32, column 'date': '{wrong}' is a date or a time that does not exist"):
        decide_times(pl.DataFrame({"date": [*cells[:30], wrong, *cells[31:]]}), ("date",), "a.csv")


def read(*cells: object, column: str = "date", **options: object) -> Stamps:
    return decide_times(pl.DataFrame({column: pl.Series(cells)}), (column,), "a.csv", **options)  # type: ignore[arg-type]


def texts(stamps: Stamps) -> list[str]:
    return [time_text(int(t)) for t in in_units(stamps.time, None)]


@pytest.mark.parametrize("cells, times", [
    (["2020-01-31T13:05:07", "2020-01-31 13:05"], ["2020-01-31 13:05:07", "2020-01-31 13:05"]),
    (["2020-01-31T12:00Z", "2020-01-31T12:00+02:00", "2020-01-31 12:00-0530"], ["2020-01-31 12:00"] * 3),
    (["2020-01-31 23:00", "2020-01-31 24:00"], ["2020-01-31 23:00", "2020-02-01"]),
    (["2020/1/5 6:30"], ["2020-01-05 06:30"]),
    (["01/02/2020", "31/01/2020"], ["2020-02-01", "2020-01-31"]),
    (["01/31/2020 12:05 AM", "02/01/2020 1:05 pm"], ["2020-01-31 00:05", "2020-02-01 13:05"]),
    (["1969-12-31 23:00"], ["1969-12-31 23:00"]),
    ([1580428800.0, 1580432400.0], ["2020-01-31", "2020-01-31 01:00"]),
    ([44928, 44929], ["2023-01-02", "2023-01-03"]),
    ([44928.5, 44928.5 + 1 / 24], ["2023-01-02 12:00", "2023-01-02 13:00"]),
])  # fmt: skip
def test_times_are_read(cells: list[object], times: list[str]) -> None:
    assert texts(read(*cells)) == times


@pytest.mark.parametrize("cells, said", [
    (["2020-01-31", "soon"], "row 3, column 'date': 'soon' is not a time of the form that the other rows have"),
    (["soon"], "row 2, column 'date': 'soon' is not a time; write times as 2020-01-31 or 2020-01-31 13:00"),
    (["2020-01-01 25:00"], "is a date or a time that does not exist"),
    (["2020-01-01 24:01"], "is a date or a time that does not exist"),
    (["2020-01-31", None, " "], "row 3, column 'date': the time is missing (and in 1 more rows); fill it in or delete"),
    ([1.0, float("nan")], "row 3, column 'date': the time is missing"),
    (["01/02/2020"], "'01/02/2020' can be read in two ways, day or month first; give --time-format day-first or --"),
    (["13/01/2020", "01/13/2020"], "row 3, column 'date': '01/13/2020' does not follow %d/%m/%Y"),
    (["2020-01-01T00:00Z", "2020-01-01"], "row 3, column 'date': '2020-01-01' has no zone, and other rows have one"),
    ([True], "column 'date' holds Boolean, where times are needed"),
    ([30_000_000_000], "cannot be told which times numbers such as 30000000000 are; say it with --time-format"),
])  # fmt: skip
def test_times_that_must_be_guessed_are_refused(cells: list[object], said: str) -> None:
    with pytest.raises(UserError) as caught:
        read(*cells)
    assert said in str(caught.value)


@pytest.mark.parametrize("word, cells, first", [
    ("day-first", ["02/03/2023"], "2023-03-02"), ("month-first", ["02/03/2023"], "2023-02-03"),
    ("year-first", ["02/03/23"], "2002-03-23"), ("%d/%m/%Y", ["02/03/2023"], "2023-03-02"),
    ("dd/mm/yyyy hh:mm", ["02/03/2023 04:05"], "2023-03-02 04:05"), ("yymmdd", ["230302"], "2023-03-02"),
    ("excel", [44928], "2023-01-02"), ("unix", [86400], "1970-01-02"), ("yyyymmddhh", [2023030204], "2023-03-02 04:00"),
])  # fmt: skip
def test_a_word_settles_it(word: str, cells: list[object], first: str) -> None:
    assert texts(read(*cells, column="when", words=(word,))) == [first]


def test_a_word_that_says_nothing_is_refused() -> None:
    with pytest.raises(UserError, match=r"--time-format 'whenever'.*write a pattern such as %d.%m.%Y"):
        read("02/03/2023", words=("whenever",))


@pytest.mark.parametrize("cells, unit, last", [
    ([0, 1, 2], "step", 2), ([1400, 1401], "step", 1401), (["0", "1"], "step", "1"), ([0.0, 0.1, 0.2], "step/10", 0.2),
    ([100.0, 150.5], "step/10", 150.5),
])  # fmt: skip
def test_numbers_that_are_no_dates_are_steps(cells: list[object], unit: str, last: object) -> None:
    stamps = read(*cells, column="step")
    assert (stamps.clock.forms, stamps.unit) == (("steps",), unit)
    assert str(write_time(int(stamps.time[-1]), stamps.clock, Step(seconds=1, unit=unit))) == str(last)


def test_steps_stay_steps_whatever_their_numbers() -> None:
    clock = Clock(columns=("step",), forms=("steps",))
    for cells in ([1999, 2000], [20230101, 20230102], [1_700_000_000]):
        assert follow_times(pl.DataFrame({"step": cells}), clock, "step", "a.csv").time.tolist() == cells
    with pytest.raises(UserError, match="the model was trained on steps that are counted"):
        follow_times(pl.DataFrame({"step": HOURS[:2]}), clock, "step", "a.csv")


def test_a_form_that_was_decided_is_not_decided_again() -> None:
    clock = Clock(columns=("date",), forms=("%d/%m/%Y",))
    assert texts(follow_times(pl.DataFrame({"date": ["02/03/2023"]}), clock, None, "a.csv")) == ["2023-03-02"]
    with pytest.raises(UserError, match=r"row 2, column 'date': '03/13/2023' is a date or a time that does not exist"):
        follow_times(pl.DataFrame({"date": ["03/13/2023"]}), clock, None, "a.csv")
    # what cannot be misread is taken, and written so
    iso = follow_times(pl.DataFrame({"date": ["2023-03-02"]}), clock, None, "a.csv")
    assert (texts(iso), iso.clock.forms) == (["2023-03-02"], ("%Y-%m-%d",))


BERLIN = ZoneInfo("Europe/Berlin")
YEAR = [datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(24 * 300)]


@pytest.mark.parametrize("times, zone", [
    ([t.astimezone(BERLIN) for t in YEAR], "Europe/Berlin"),
    ([t.astimezone(ZoneInfo("America/New_York")) for t in YEAR], "America/New_York"),
    ([t.astimezone(timezone(timedelta(hours=5, minutes=30))) for t in YEAR], "+05:30"),
    (YEAR, "UTC"),
])  # fmt: skip
def test_the_clock_on_the_wall_decides_and_its_zone_comes_back(times: list[datetime], zone: str) -> None:
    stamps = decide_times(pl.DataFrame({"t": [t.isoformat() for t in times]}), ("t",), "a.csv")
    assert stamps.clock.zone == zone
    assert stamps.time.tolist() == micros(times)
    assert stamps.instant.tolist() == micros(YEAR)
    written = write_times(in_units(stamps.time, None), stamps.clock, Step(seconds=3600))["t"].to_list()
    twice = {i for i, t in enumerate(times) if t.fold}  # the second of an hour that comes twice is told as the first
    assert [w for i, w in enumerate(written) if i not in twice] == [
        t.isoformat() for i, t in enumerate(times) if i not in twice
    ]


def test_a_typed_zone_comes_back() -> None:
    series = pl.Series("t", YEAR[:3]).dt.convert_time_zone("Europe/Berlin")
    stamps = decide_times(pl.DataFrame([series]), ("t",), "a.parquet")
    assert texts(stamps) == ["2023-01-01 01:00", "2023-01-01 02:00", "2023-01-01 03:00"]
    back = write_times(in_units(stamps.time, None), stamps.clock, Step(seconds=3600))["t"]
    assert back.dtype == pl.Datetime("us", "Europe/Berlin")
    assert back.to_list() == series.to_list()


def test_times_with_and_without_a_zone_do_not_mix() -> None:
    naive, aware = (Clock(columns=("t",), forms=("%Y-%m-%d %H:%M",), zone=z) for z in (None, "Europe/Berlin"))
    with pytest.raises(UserError, match=r"its times carry a zone .*, and the model was trained on times without one"):
        follow_times(pl.DataFrame({"t": ["2023-01-01 00:00+01:00"]}), naive, None, "a.csv")
    with pytest.raises(UserError, match="its times carry no zone, and the model was trained on times with one"):
        follow_times(pl.DataFrame({"t": ["2023-01-01 00:00"]}), aware, None, "a.csv")
    utc = follow_times(pl.DataFrame({"t": ["2023-07-01 00:00+00:00"]}), naive, None, "a.csv")
    assert (texts(utc), len(utc.notes)) == (["2023-07-01"], 1)
    other = follow_times(pl.DataFrame({"t": ["2023-07-01 00:00Z"]}), aware, None, "a.csv")
    assert (texts(other), len(other.notes)) == (["2023-07-01 02:00"], 1)


@pytest.mark.parametrize("columns, forms, back", [
    ({"year": [2023] * 2, "month": [1] * 2, "day": [9] * 2, "hour": [0, 23]}, ("%Y", "%-m", "%-d", "%-H"), None),
    ({"date": ["2023-01-09"] * 24, "hour": list(range(1, 25))}, ("%Y-%m-%d", "hour-1"), None),
    ({"Date": ["20/01/2023"] * 2, "Time": ["00:00", "23:30"]}, ("%d/%m/%Y", "%H:%M"), None),
    ({"date": ["2023-01-09"] * 48, "period": list(range(1, 49))}, ("%Y-%m-%d", "period"), None),
    ({"year": [2022, 2023], "month": ["Dec", "Jan"]}, ("%Y", "%b"), None),
    ({"year": [2022, 2023], "quarter": [4, 1]}, ("%Y", "%q"), None),
    ({"date": [20230109] * 2, "hour": [0, 100]}, ("%Y%m%d", "%H%M"), None),
])  # fmt: skip
def test_several_columns_say_the_time(columns: dict[str, list[object]], forms: tuple[str, ...], back: None) -> None:
    frame = pl.DataFrame({**columns, "load": [1.5] * len(next(iter(columns.values())))})
    names = find_time(frame, "a.csv", ())
    assert names == tuple(columns)
    stamps = decide_times(frame, names, "a.csv")
    assert stamps.clock.forms == forms
    again = follow_times(frame.select(pl.col(names).cast(pl.String)), stamps.clock, None, "a.csv")
    assert again.time.tolist() == stamps.time.tolist()
    written = write_times(in_units(stamps.time, None), stamps.clock, Step(seconds=1))
    assert [[str(c) for c in written[n]] for n in names] == [[str(c) for c in frame[n]] for n in names]


def test_month_ends_come_back_as_ends() -> None:
    clock = Clock(columns=("t",), forms=("%Y-%m-%d",), month_day=31)
    starts = np.array([np.datetime64(t, "s").astype(np.int64) for t in ("2024-02-01", "2024-03-01", "2023-02-01")])
    assert [str(d) for d in write_times(starts, clock, Step(months=1))["t"]] == [
        "2024-02-29",
        "2024-03-31",
        "2023-02-28",
    ]


def test_what_only_orders_rows_is_read_alone() -> None:
    found, notes = moments(pl.DataFrame({"t": ["2020-01-31T12:00:00.5+02:00"]}), "t", "a.csv")
    assert found.tolist() == [1_580_464_800_500_000]
    assert len(notes) == 1
    with pytest.raises(UserError, match="day or month first; write times as 2020-01-31"):
        moments(pl.DataFrame({"t": ["02/03/2023"]}), "t", "a.csv")


def test_the_clock_is_recognised() -> None:
    frame = pl.DataFrame({"year": ["2020"], "load": ["2020"], "when": ["2020-01-01"], "kind": ["x"], "none": [None]})
    assert [c for c in frame.columns if looks_like_time(frame, c)] == ["year", "when"]


def test_a_time_is_found_or_rows_are_counted() -> None:
    ts = pl.DataFrame({"ts": [1674172800000 + i * 3600000 for i in range(9)], "load": [1.5] * 9})
    assert find_time(ts, "a.csv", ()) == ("ts",)
    assert find_time(ts.rename({"ts": "x"}), "a.csv", ()) == ("x",)
    assert find_time(ts.select("load"), "a.csv", ()) == ()
    with pytest.raises(UserError, match=r"several columns hold times \(a, b\); name the right one with --time, or all"):
        find_time(pl.DataFrame({"a": HOURS[:3], "b": HOURS[3:6]}), "a.csv", ())
    with pytest.raises(UserError, match="column 'time' may hold the times, and they cannot be read, such as 'third'"):
        find_time(pl.DataFrame({"time": ["third", "fourth"], "load": [1, 2]}), "a.csv", ())
