"""The calendar in integer arithmetic, against Python's datetime."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from lstm_onnx_forecasting.calendar import DAY, WEEK, YEAR, Phases, grid_of, periods

from lstm_onnx.data.frequency import advance, parse_step
from lstm_onnx.features.series import KeptWindow, Series
from lstm_onnx.features.series_times import StepsAhead
from lstm_onnx.plugin import Step
from tests.forecasting.cases import HOUR, MONTH

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(moment: datetime) -> int:
    return int((moment - EPOCH).total_seconds())


EVERY_MONTH = [datetime(year, month, 1, tzinfo=UTC) for year in range(1900, 2101) for month in range(1, 13)]
EVERY_DAY = [datetime(1900, 1, 1, tzinfo=UTC) + timedelta(days=k) for k in range(73414)]  # to 2100-12-31


@pytest.mark.parametrize("months", [1, 2, 3, 6, 12, 24])
def test_months_ahead(months: int) -> None:
    times = torch.tensor([seconds(m) for m in EVERY_MONTH]).unsqueeze(1)
    found = StepsAhead(Step(months=months), 15)(times)
    for moment, row in zip(EVERY_MONTH, found.tolist(), strict=True):
        count = moment.year * 12 + moment.month - 1
        ahead = [count + months * k for k in range(1, 16)]
        assert row == [seconds(datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC)) for n in ahead]


def test_a_month_ahead_of_any_day_begins_the_next_month() -> None:
    """All 73,414 days, the leap days of 1904 to 2096 and 2000 and the missing ones of 1900 and 2100 among them."""
    times = torch.tensor([seconds(d) + 86399 for d in EVERY_DAY]).unsqueeze(1)
    found = StepsAhead(MONTH, 1)(times)[:, 0].tolist()
    for day, got in zip(EVERY_DAY, found, strict=True):
        assert got == seconds(datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("step", [1, 60, 900, 3600, 86400, 7 * 86400])
def test_seconds_ahead(step: int) -> None:
    times = torch.tensor([seconds(m) for m in EVERY_MONTH]).unsqueeze(1)
    found = StepsAhead(Step(seconds=step), 3)(times)
    assert torch.equal(found, times + step * torch.tensor([1, 2, 3]))


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        (HOUR, (DAY, WEEK, YEAR)),
        (Step(seconds=12 * 3600), (DAY, WEEK, YEAR)),
        (Step(seconds=DAY), (WEEK, YEAR)),
        (Step(seconds=WEEK), (YEAR,)),
        (MONTH, (YEAR,)),
        (Step(months=3), (YEAR,)),
        (Step(months=12), ()),
    ],
)
def test_periods_that_a_step_can_tell(step: Step, wanted: tuple[int, ...]) -> None:
    assert periods(step, 10 * YEAR) == wanted
    assert Phases(wanted).features == 4 * len(wanted)


@pytest.mark.parametrize(
    ("span", "wanted"),
    [(2 * YEAR, (DAY, WEEK, YEAR)), (2 * YEAR - 1, (DAY, WEEK)), (2 * WEEK - 1, (DAY,)), (2 * DAY - 1, ()), (0, ())],
)
def test_periods_are_learnt_when_seen_twice(span: int, wanted: tuple[int, ...]) -> None:
    assert periods(HOUR, span) == wanted


def waves(phases: Phases, moments: list[datetime]) -> torch.Tensor:
    """Features as (moments, sin/sin2/cos/cos2, period)."""
    features = phases(torch.tensor([[seconds(m) for m in moments]]))[0]
    return features.reshape(len(moments), 4, -1)


def expected(turns: list[float]) -> torch.Tensor:
    angle = 2 * math.pi * torch.tensor(turns, dtype=torch.float64)
    return torch.stack([angle.sin(), (2 * angle).sin(), angle.cos(), (2 * angle).cos()], dim=1).float()


def test_time_of_day_and_weekday_are_exact_for_two_centuries() -> None:
    """No drift with the distance from 1970, as a float32 of unix seconds would have."""
    moments = [d + timedelta(hours=k * 7 % 24, minutes=k % 60) for k, d in enumerate(EVERY_DAY)][::7]
    found = waves(Phases((DAY, WEEK, YEAR)), moments)
    clock = [(m.hour * 60 + m.minute) / 1440 for m in moments]
    weekday = [((m.weekday() - 3) % 7 + clock[k]) / 7 for k, m in enumerate(moments)]  # 1970-01-01 was a Thursday
    torch.testing.assert_close(found[:, :, 0], expected(clock), rtol=0, atol=2e-6)
    torch.testing.assert_close(found[:, :, 1], expected(weekday), rtol=0, atol=2e-6)


def test_season_of_the_year_is_right_to_two_days() -> None:
    found = waves(Phases((YEAR,)), EVERY_MONTH)[:, :, 0]
    turns = []
    for m in EVERY_MONTH:
        first = datetime(m.year, 1, 1, tzinfo=UTC)
        turns.append((m - first) / (datetime(m.year + 1, 1, 1, tzinfo=UTC) - first))
    two_days = 2 * 2 * math.pi * 2 / 365.2425  # the second harmonic turns twice as fast
    torch.testing.assert_close(found, expected(turns), rtol=0, atol=two_days)


def hourly(step: Step, *last: int) -> Series:
    windows = tuple(KeptWindow(last=moment, values=((1.0,),)) for moment in last)
    return Series(name="series", target=("a",), step=step, window=1, kept=windows)


def test_a_table_of_the_week_says_what_is_computed_of_rows_on_the_grid() -> None:
    grid = grid_of(hourly(HOUR, 1_700_001_000, 1_700_001_000 - 5 * 3600))
    assert grid == (900, 1_700_001_000 % 900)
    times = grid[1] + 900 * torch.arange(-400, 480_000, 599)[None]  # before 1970 too, and 2024
    looked_up = Phases((DAY, WEEK), grid=grid)(times)
    torch.testing.assert_close(looked_up, Phases((DAY, WEEK))(times), rtol=0, atol=1e-6)
    for beside in (times - 449, times + 449, times.to(torch.float32).to(torch.int64)):
        torch.testing.assert_close(Phases((DAY, WEEK), grid=grid)(beside), looked_up, rtol=0, atol=0)


def test_no_table_where_weeks_differ_or_it_would_be_large() -> None:
    assert grid_of(hourly(HOUR, 0, 600)) is None  # on two grids
    assert grid_of(hourly(HOUR, 0, 1800)) == (900, 0)  # half an hour is a row of the table, too
    assert grid_of(hourly(Step(seconds=60), 0)) is None
    assert grid_of(hourly(Step(seconds=5 * 3600), 0)) is None
    assert grid_of(hourly(MONTH, 0)) is None
    assert grid_of(hourly(parse_step(SESSIONS[2]), 0)) is None
    assert grid_of(hourly(HOUR)) is None
    assert not Phases((DAY, WEEK, YEAR), grid=(3600, 0)).step  # years are no whole number of weeks


SESSIONS = ("5m mon-fri 09:30-16:00", "1d mon-sat", "1h mon,wed 08:00-17:00")


@pytest.mark.parametrize("text", SESSIONS)
def test_rows_of_sessions_ahead(text: str) -> None:
    step = parse_step(text)
    anywhere = np.random.default_rng(0).integers(-2_000_000_000, 4_000_000_000, size=(500, 1))
    found = StepsAhead(step, 7)(torch.from_numpy(anywhere)).numpy()
    np.testing.assert_array_equal(found, advance(anywhere, step, np.arange(1, 8)))


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch's own exporter
@pytest.mark.parametrize("text", SESSIONS)
def test_rows_of_sessions_are_exact_in_an_exported_graph(text: str, tmp_path: Path) -> None:
    """Rows since the year 0 are more than float32 counts: the exporter divides integers in it, but for floor_divide."""
    step = parse_step(text)
    times = advance(np.full((1, 1), 1_674_000_000), step, np.arange(400)).reshape(-1, 1)
    batch = torch.export.Dim("batch")
    made = torch.onnx.export(
        StepsAhead(step, 7).eval(),
        (torch.from_numpy(times[:2]),),
        dynamo=True,
        opset_version=18,
        dynamic_shapes=({0: batch},),
    )
    assert made is not None
    made.save(tmp_path / "steps.onnx")
    session = ort.InferenceSession(tmp_path / "steps.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: times})
    np.testing.assert_array_equal(found, advance(times, step, np.arange(1, 8)))
