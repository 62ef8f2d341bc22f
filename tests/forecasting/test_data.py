"""The forecaster's windows: what is in them, where they are cut, and what is refused."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_forecasting.data import bundled
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.season import default_season
from lstm_onnx_forecasting.task import Forecasting

from lstm_onnx.contract import Step
from lstm_onnx.data.frequency import parse_step
from lstm_onnx.errors import UserError
from lstm_onnx.features.split import FeatureSplit
from lstm_onnx.task import TaskData

Data = TaskData[Info]
load_data = Forecasting().load_data


def days(count: int, start: str = "2020-01-01") -> list[str]:
    return [str(np.datetime64(start) + i) for i in range(count)]


def load(folder: Path, table: dict[str, Any], /, **options: Any) -> Data:
    path = folder / "table.csv"
    pl.DataFrame(table).write_csv(path)
    return load_data(path, Config(**options), 0)


def refusal(folder: Path, table: dict[str, Any], /, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, table, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix(f"{folder / 'table.csv'}: ")


def whole(split: Any) -> dict[str, np.ndarray]:
    (batch,) = split.batches(10**6)
    return batch


def test_windows_hold_what_the_table_says(tmp_path: Path) -> None:
    columns = {
        "day": days(12), "load": range(12), "warm": np.arange(12) + 100, "off": np.arange(12) + 200, "size": [7] * 12
    }  # fmt: skip
    data = load(
        tmp_path, columns, target=("load",), past=("warm",), future=("off",), static=("size",), horizon=2, window=3
    )
    test = whole(data.test)
    assert {k: (v.shape, str(v.dtype)) for k, v in test.items()} == {
        "values": ((1, 3, 1), "float32"),
        "time": ((1, 3), "int64"),
        "actual": ((1, 2, 1), "float32"),
        "mase_scale": ((1, 1), "float32"),
        "past": ((1, 3, 2), "float32"),
        "future": ((1, 2, 1), "float32"),
        "static": ((1, 1), "float32"),
    }
    assert test["values"].ravel().tolist() == [7, 8, 9]
    assert test["actual"].ravel().tolist() == [10, 11]
    assert test["past"][0].tolist() == [[107, 207], [108, 208], [109, 209]]
    assert test["future"].ravel().tolist() == [210, 211]
    assert test["static"].ravel().tolist() == [7]
    assert test["time"][0, -1] == np.datetime64("2020-01-10", "s").astype(int)
    assert whole(data.validation)["actual"].ravel().tolist() == [8, 9]
    train = whole(data.train)
    assert train["actual"][:, :, 0].tolist() == [[i, i + 1] for i in range(2, 7)]
    np.testing.assert_array_equal(train["values"][0, :, 0], [np.nan, 0, 1])
    assert np.diff(train["time"], axis=1).ravel().tolist() == [86400] * 10
    assert data.info.features.center == {"load": 3.5, "warm": 103.5, "off": 203.5, "size": 7.0}
    assert data.info.features.spread == {"load": 2.0, "warm": 2.0, "off": 2.0, "size": 1.0}


def test_only_the_columns_there_are_make_keys(tmp_path: Path) -> None:
    data = load(tmp_path, {"day": days(12), "load": range(12)}, horizon=2)
    assert set(whole(data.test)) == {"values", "time", "actual", "mase_scale"}
    assert data.info.target == ("load",)
    assert data.info.table.time == "day"


def test_the_parts_do_not_overlap_and_have_the_sizes_asked_for(tmp_path: Path) -> None:
    columns = {"day": days(100), "load": range(100)}
    data = load(tmp_path, columns, horizon=3, test_size=20, validation_size=10, window=5)
    assert sorted({*whole(data.test)["actual"].ravel()}) == list(range(80, 100))
    assert len(data.test) == 18
    assert sorted({*whole(data.validation)["actual"].ravel()}) == list(range(70, 80))
    assert len(data.validation or ()) == 8
    assert sorted({*whole(data.train)["actual"].ravel()}) == list(range(2, 70))
    assert len(data.train) == 66


def test_the_test_part_is_a_tenth_or_the_horizon_by_default(tmp_path: Path) -> None:
    columns = {"day": days(200), "load": range(200)}
    assert len(load(tmp_path, columns, horizon=1).test) == 20
    assert len(load(tmp_path, columns, horizon=30).test) == 1
    assert load(tmp_path, columns, horizon=1, validation_size=0).validation is None


def test_each_series_has_one_test_window_and_its_own_scale(tmp_path: Path) -> None:
    long = {
        "day": days(20) * 3,
        "who": np.repeat(["a", "b", "c"], 20),
        "load": [*range(20), *range(0, 40, 2), *[5] * 20],
    }
    data = load(tmp_path, long, series="who", horizon=4, test_size=4, season=1)
    test = whole(data.test)
    assert test["actual"][:, 0, 0].tolist() == [16, 32, 5]
    np.testing.assert_array_equal(test["mase_scale"][:, 0], [1, 2, np.nan])
    assert data.notes == ("'load' never changes in series c",)
    assert data.info.table.series == "who"
    assert data.summary.startswith(
        "3 series, 60 rows of 1d from 2020-01-01 to 2020-01-20; windows of 8 rows to forecast 4"
    )


def test_the_mase_scale_ends_before_the_test_part_and_skips_what_is_missing(tmp_path: Path) -> None:
    values = [1, 2, None, 5, 4, 6, 1000, 2000]
    data = load(tmp_path, {"day": days(8), "load": values}, horizon=2, season=2, validation_size=0, window=2)
    assert whole(data.test)["mase_scale"].ravel().tolist() == [pytest.approx((3 + 1) / 2)]


def test_wide_columns_are_series_of_one_target(tmp_path: Path) -> None:
    columns = {"day": days(20), "a": range(20), "b": [i + 0.5 for i in range(20)], "warm": range(20)}
    data = load(tmp_path, columns, columns="series", past=("warm",), horizon=4)
    assert data.info.table.wide
    assert data.info.target == ("value",)
    test = whole(data.test)
    assert test["actual"][:, 0, 0].tolist() == [16, 16.5]
    assert test["past"].shape == (2, 8, 1)
    assert set(data.info.features.center) == {"value", "warm"}


def test_several_targets_stay_together(tmp_path: Path) -> None:
    data = load(tmp_path, {"day": days(20), "a": range(20), "b": range(20, 40)}, horizon=4)
    assert data.info.target == ("a", "b")
    assert whole(data.test)["actual"][0, 0].tolist() == [16, 36]


def test_missing_values_stay_missing_and_empty_windows_are_dropped(tmp_path: Path) -> None:
    values = [float(i) if i % 10 else None for i in range(40)]
    values[10:20] = [None] * 10
    data = load(tmp_path, {"day": days(40), "load": values}, horizon=2, window=3, validation_size=0)
    train = whole(data.train)
    assert (~np.isnan(train["actual"])).any(axis=(1, 2)).all()
    assert ((~np.isnan(train["values"])).sum(axis=(1, 2)) >= 2).all()
    first = train["time"][:, -1]
    forbidden = np.array([np.datetime64(f"2020-01-{d}", "s").astype(int) for d in (15, 20, 22)])
    assert not np.isin(first, forbidden).any()


def test_rows_after_the_last_known_target_are_no_test(tmp_path: Path) -> None:
    columns = {"day": days(22), "load": [*range(20), None, None], "off": range(22)}
    data = load(tmp_path, columns, target=("load",), future=("off",), horizon=2)
    assert whole(data.test)["actual"].ravel().tolist() == [18, 19]
    assert whole(data.test)["future"].ravel().tolist() == [18, 19]


def test_shuffled_batches_hold_every_window_once_and_repeat_with_the_generator(tmp_path: Path) -> None:
    data = load(tmp_path, {"day": days(60), "load": range(60)}, horizon=2, window=4)
    assert isinstance(data.train, FeatureSplit)
    orders = []
    for _ in range(2):
        batches = list(data.train.batches(7, np.random.default_rng(5)))
        assert {len(b["actual"]) for b in batches[:-1]} == {7}
        orders.append(np.concatenate([b["actual"][:, 0, 0] for b in batches]).tolist())
    plain = whole(data.train)["actual"][:, 0, 0].tolist()
    assert orders[0] == orders[1]
    assert orders[0] != plain
    assert sorted(orders[0]) == plain


def test_months_are_padded_backwards_by_the_calendar(tmp_path: Path) -> None:
    months = [str(np.datetime64("2020-03") + i) for i in range(12)]
    data = load(tmp_path, {"month": months, "load": range(12)}, horizon=1, window=4, season=1)
    first = whole(data.train)["time"][0]
    assert [str(np.datetime64(int(t), "s"))[:10] for t in first] == [
        "2020-01-01",
        "2020-02-01",
        "2020-03-01",
        "2020-04-01",
    ]
    assert data.info.features.step == Step(months=1)


@pytest.mark.parametrize("step, season", [
    ("1h", 24), ("15m", 96), ("5m", 288), ("1m", 60), ("1s", 60), ("7h", 1), ("1d", 7), ("2d", 1), ("1w", 52),
    ("2w", 1), ("1mo", 12), ("1q", 4), ("1y", 1), ("5mo", 1),
])  # fmt: skip
def test_the_season_follows_from_the_step(step: str, season: int) -> None:
    assert default_season(parse_step(step)) == season


def test_the_window_holds_two_seasons_or_what_there_is(tmp_path: Path) -> None:
    def info(rows: int, **options: Any) -> Info:
        return load(tmp_path, {"day": days(rows), "load": range(rows)}, **options).info

    assert info(100, horizon=2).window == 14
    assert info(100, horizon=10).window == 20
    assert info(30, horizon=6).window == 12
    assert info(22, horizon=6, season=1).window == 4
    assert info(26, horizon=6, season=9).window == 9


def test_a_season_longer_than_the_history_is_none(tmp_path: Path) -> None:
    data = load(tmp_path, {"day": days(10), "load": range(10)}, horizon=2)
    assert data.info.season == 1
    assert data.notes == ("no season: the 6 rows to learn from are no more than one season of 7",)


def test_short_series_are_named(tmp_path: Path) -> None:
    lengths = {"long": 30, "short": 9, "tiny": 3, "none": 3}
    columns: dict[str, list[Any]] = {"day": [], "who": [], "load": []}
    for who, rows in lengths.items():
        columns["day"] += days(rows)
        columns["who"] += [who] * rows
        columns["load"] += [None] * rows if who == "none" else list(range(rows))
    data = load(tmp_path, columns, series="who", horizon=3)
    assert data.notes == (
        "left out, without a single value: series none",
        "left out, shorter than 5 rows: series tiny",
        "too short to learn from, used for the test only: series short",
    )
    assert whole(data.test)["actual"][:, 0, 0].tolist() == [27, 6]


TABLE = {"day": days(30), "load": range(30), "warm": range(30), "kind": ["x"] * 30}


@pytest.mark.parametrize("options, said", [
    ({"target": ("lood",)}, "there is no column 'lood' (from --target); did you mean 'load'?"),
    ({"time": "dya"}, "there is no column 'dya' (from --time); did you mean 'day'?"),
    ({"target": ("load",), "past": ("load",)}, "column 'load' is given as both --target and --past; give it one role"),
    ({"target": ("load", "load")}, "column 'load' is given as --target twice; give it one role"),
    ({"series": "kind", "columns": "series"}, "--columns series reads each target column as a series, and --series"),
    ({"target": ("kind",)}, "row 2, column 'kind': found 'x' where a number is needed (and 29 more such cells)"),
    ({"test_size": 3}, "test_size 3 is shorter than the horizon of 12; raise it to 12 or more"),
    ({"validation_size": 3}, "validation_size 3 is shorter than the horizon of 12; raise it to 12 or more"),
    ({"horizon": 10}, "the series has 30 rows with values, and 32 are needed (12 to learn from, 10 to validate, 10 to "
                      "test); lower horizon, test_size or validation_size"),
    ({"horizon": 2, "window": 24}, "--window 24 does not fit: the longest training part has 24 rows, 2 of them for the "
                                   "horizon; lower it to 22 or less"),
    ({"horizon": 2, "season": 30}, "--season 30 does not fit: the longest training part has 24 rows; lower it"),
    ({"horizon": 2, "frequency": "soon"}, "--frequency: 'soon' is no frequency; write it such as 15m"),
    ({"horizon": 2, "frequency": "1w"}, "is off the grid of 1w that starts at 2020-01-01"),
    ({"horizon": 2, "static": ("warm",), "target": ("load",)},
     "column 'warm' changes (from 0 to 29), so it is not static; give it with --past or --future"),
    ({"series": "kind", "horizon": 2, "static": ("warm",), "target": ("load",)}, "'warm' changes within series 'x'"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert said in refusal(tmp_path, TABLE, **options)


def test_columns_that_cannot_be_found_are_asked_for(tmp_path: Path) -> None:
    two = {"day": days(30), "seen": days(30), "load": range(30)}
    assert refusal(tmp_path, two) == (
        "several columns hold times (day, seen); name the right one with --time, or all that say it together (--time "
        "day seen)"
    )
    unreadable = {"time": ["third", "fourth"] * 15, "load": range(30)}
    assert refusal(tmp_path, unreadable).startswith(
        "column 'time' may hold the times, and they cannot be read, such as 't"
    )
    words = {"day": days(30), "kind": ["x"] * 30}
    assert refusal(tmp_path, words).startswith("row 2, column 'kind': found 'x' where a number is needed")
    assert refusal(tmp_path, {"day": days(30)}) == "no column of numbers is left to forecast; name it with --target"


def test_columns_of_words_are_left_out_and_noted(tmp_path: Path) -> None:
    data = load(tmp_path, TABLE, horizon=2)
    assert data.info.target == ("load", "warm")
    assert data.notes == (
        "not used, because they hold no numbers: kind",
        "without --target, all 2 columns of numbers are forecast: load, warm",
    )
    assert {r.column: (r.role, r.kind) for r in data.understood} == {
        "day": ("time", "time"), "load": ("target", "number"), "warm": ("target", "number"),
        "kind": ("left out", "category"),
    }  # fmt: skip


def test_empty_columns_are_refused(tmp_path: Path) -> None:
    columns = {"day": days(30), "load": range(30), "warm": [None] * 30}
    said = refusal(tmp_path, columns, target=("load",), past=("warm",), horizon=2)
    assert said == "column 'warm' holds no number at all; leave it out or fill it in"
    columns["warm"] = [*[None] * 28, 1, 2]
    said = refusal(tmp_path, columns, target=("load",), past=("warm",), horizon=2)
    assert said == "column 'warm' holds no number in the training part; leave it out or fill it in"


def test_a_table_of_holes_is_refused(tmp_path: Path) -> None:
    values = [1.0 if i % 10 == 0 else None for i in range(41)]
    said = refusal(tmp_path, {"day": days(41), "load": values}, horizon=2, window=2, season=1)
    assert said.startswith("too many values are missing: no window to learn from has 2 known values before and one")


@pytest.mark.parametrize("columns", ["variables", "series"])
def test_what_has_no_logarithm_is_noted_if_rare_and_refused_if_not(tmp_path: Path, columns: str) -> None:
    rare = {"day": days(41), "load": [5.0] * 20 + [0.0] + [4.0] * 20}
    options: dict[str, Any] = {"horizon": 2, "transform": "log", "columns": columns}
    notes = " ".join(load(tmp_path, rare, **options).notes)
    assert "1 of 41 values of '" in notes and "are not above 0: --transform log takes them as missing" in notes
    often = {"day": days(41), "load": [5.0, 0.0, -4.0] * 13 + [1.0, 1.0]}
    said = refusal(tmp_path, often, **options)
    assert said.startswith("26 of 41 values of '") and said.endswith("leave the option out")


def test_a_column_that_never_changes_is_noted(tmp_path: Path) -> None:
    data = load(tmp_path, {"day": days(30), "load": [4] * 30}, horizon=2)
    assert data.notes == ("'load' never changes",)
    assert data.info.features.spread == {"load": 1.0}


def test_the_bundled_data_is_a_year_of_hours_in_which_the_week_shows() -> None:
    data = load_data(None, Config(horizon=24), 0)
    assert data.info.target == ("vehicles",)
    assert data.info.features.past == ("temperature", "clouds")
    assert data.info.features.future == ()
    assert (data.info.season, data.info.window) == (24, 48)
    assert data.notes == ("27 of 8,760 rows were not there and count as missing",)
    assert (len(data.train), len(data.validation or ()), len(data.test)) == (6983, 853, 853)
    test = whole(data.test)
    daily = np.nanmean(np.abs(test["actual"] - test["values"][:, -24:]))
    assert 300 < daily < 1000
    assert bundled().stat().st_size < 300_000
    assert "CC BY 4.0" in (bundled().parent / "SOURCE.md").read_text(encoding="utf-8")


def test_the_bundled_data_takes_other_roles(tmp_path: Path) -> None:
    data = load_data(None, Config(target=("temperature",), horizon=6), 0)
    assert data.info.target == ("temperature",)
    assert data.info.features.past == ()


def test_many_windows_take_little_time(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    pl.DataFrame({
        "t": np.tile(np.arange(120) * 86400, 1400),
        "who": np.repeat(np.arange(1400), 120),
        "load": np.random.default_rng(0).random(1400 * 120),
    }).write_parquet(path)  # fmt: skip
    begin = clock.perf_counter()
    data = load_data(path, Config(time="t", series="who", horizon=8), 0)
    count = sum(len(b["time"]) for b in data.train.batches(256, np.random.default_rng(0)))
    assert clock.perf_counter() - begin < 5
    assert (
        count == len(data.train) == 1400 * (120 - 12 - 8 - 1)
    )  # many short series: none of it is kept to decide when to stop


ACROSS = {"page": ["a", "b"], "site": ["x", "x"], **{f"2023-01-{d:02d}": [1.5 + d, 2.5 * d] for d in range(1, 30)}}
"""A row for each series, and its days in as many columns."""


def test_times_in_the_header_are_read_as_the_turned_table_is(tmp_path: Path) -> None:
    long = pl.DataFrame(ACROSS).unpivot(index=["page", "site"], variable_name="day", value_name="views").sort("page")
    data = load(tmp_path, ACROSS, horizon=2)
    same = load(tmp_path, long.to_dict(as_series=False), horizon=2, series=("page",), target=("views",))
    assert any("each row is read as a series, named by 'page'" in note for note in data.notes)
    assert len(data.train) == len(same.train) > 10
    a, b = whole(data.train), whole(same.train)
    assert all(np.array_equal(a[name], b[name], equal_nan=True) for name in b)
    assert data.config is not None
    found = Config.model_validate(data.config.model_dump())
    assert (found.columns, found.series, found.target) == ("times", ("page",), ("value",))
    long.rename({"day": "time", "views": "value"}).write_csv(tmp_path / "long.csv")
    other = whole(load_data(tmp_path / "long.csv", found, 0).train)  # the same, turned by hand
    assert all(np.array_equal(a[name], other[name], equal_nan=True) for name in a)


def test_series_of_a_turned_table_begin_and_end_where_they_are_known(tmp_path: Path) -> None:
    table = {name: list(cells) for name, cells in ACROSS.items()} | {
        "2023-01-01": [None, 1.0],
        "2023-01-29": ["-", "1.0"],
    }
    table |= {"2023-01-10": [None, 1.0]}
    data = load(tmp_path, table, horizon=2)
    assert "56 rows" in data.summary  # 27 of one, of which one is missing, and 29 of the other


def test_what_cannot_be_turned_is_refused(tmp_path: Path) -> None:
    assert "no column tells them apart" in refusal(tmp_path, ACROSS | {"page": ["a", "a"]})
    assert "a column is called 'time'" in refusal(tmp_path, ACROSS | {"time": ["a", "b"]})
    assert "there are none; there is: t, v" in refusal(tmp_path, {"t": days(30), "v": range(30)}, columns="times")
    assert "give --columns times" in refusal(tmp_path, ACROSS, target=("2023-01-01",))
    wrong = refusal(tmp_path, ACROSS | {"2023-01-05": ["4", "x"]})
    assert wrong.startswith("row 3, column 'value': found 'x'")  # of the file, not of the turned table


def test_ids_and_counts_are_no_targets_unless_named(tmp_path: Path) -> None:
    table = {"day": days(30), "row": range(30), "storeId": [7, 8, 9] * 10, "load": [5.5, 6.25, 7.5] * 10, "k": [3] * 30}
    data = load(tmp_path, table, horizon=2)
    assert data.info.target == ("load",)
    assert [note.split(":")[0] for note in data.notes] == [
        f"column '{c}' is not forecast" for c in ("row", "storeId", "k")
    ]
    assert load(tmp_path, table, horizon=2, target=("storeId", "load")).info.target == ("storeId", "load")


def test_words_that_training_never_shows_are_named(tmp_path: Path) -> None:
    event = ["fair" if k % 9 == 0 else "flood" if k > 115 else "" for k in range(120)]
    table = {"day": days(120), "sold": [float(k % 7) for k in range(120)], "event": event}
    notes = load(tmp_path, table, target=("sold",), future=("event",), horizon=4).notes
    said = "column 'event': nothing is learnt of 'flood', in no row of the training part"
    assert said in notes
    assert not any("'fair'" in note and "nothing is learnt" in note for note in notes)
