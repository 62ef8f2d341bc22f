"""Windows at rest, small swings around a high level, and bounds: what the values of a series say beyond one window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.task import Forecasting

import lstm_onnx as lo
from tests.forecasting.cases import ask, draw, hours, make_info, make_model, scaler, with_config

NAN = float("nan")
TASK = Forecasting()


def hourly(values: Any, start: str = "2023-01-02") -> pl.DataFrame:
    times = np.datetime64(start, "ms") + np.arange(len(values)) * np.timedelta64(3_600_000, "ms")
    return pl.DataFrame({"time": times, "load": values})


def office(weeks: int) -> np.ndarray:
    """40 on weekdays from 8 to 18, else nothing: from Monday to Sunday."""
    hour = np.arange(168 * weeks)
    return np.where((hour // 24 % 7 < 5) & (hour % 24 >= 8) & (hour % 24 < 18), 40.0, 0.0)


class TestRest:
    def test_the_least_spread_is_that_of_windows_that_move(self, tmp_path: Path) -> None:
        hourly(office(6)).write_csv(tmp_path / "o.csv")
        info = TASK.load_data(tmp_path / "o.csv", Config(horizon=24), 0).info.features
        moving = [2 * 40 * p * (1 - p) for p in (10 / 48, 20 / 48)]  # a day of work within two, or two
        assert 0.4 * moving[0] < info.least["load"] < moving[1]

    def test_no_series_is_held_to_more_than_its_own_spread(self, tmp_path: Path) -> None:
        frames = [hourly(size * office(6)).with_columns(who=pl.lit(str(size))) for size in (1.0, 1000.0)]
        pl.concat(frames).write_csv(tmp_path / "two.csv")
        both = TASK.load_data(tmp_path / "two.csv", Config(series="who", target=("load",), horizon=24), 0).info
        hourly(office(6)).write_csv(tmp_path / "one.csv")
        small = TASK.load_data(tmp_path / "one.csv", Config(horizon=24), 0).info
        assert both.features.least == small.features.least

    def test_a_flat_window_does_not_nail_the_forecast(self) -> None:
        """A forecast after a window at rest moves by as much as one after a window of the least spread."""
        model = make_model(Config(horizon=6, hidden=8), make_info(least={"load": 10.0}, least_share={"load": 0.0}))
        for level in (0.0, 20.0):
            apart = ask(model, torch.full((1, 48, 1), level), hours(1, 48))[0] - level
            assert apart.abs().max() > 1
            spread = scaler(model)(torch.full((1, 48, 1), level))[2].spread
            assert spread.item() == 10

    def test_where_nothing_ever_moves_nothing_is_learnt_of_it(self, tmp_path: Path) -> None:
        hourly(np.full(400, 7.0)).write_csv(tmp_path / "c.csv")
        info = TASK.load_data(tmp_path / "c.csv", Config(horizon=2), 0).info.features
        assert info.least == {"load": 0.0}
        model = make_model(Config(horizon=2, hidden=4), make_info(least=info.least, least_share=info.least_share))
        assert ask(model, torch.full((1, 48, 1), 7.0), hours(1, 48))[0].isfinite().all()

    def test_monday_is_forecast_from_a_weekend_without_calls(self, tmp_path: Path) -> None:
        hourly(office(20)).write_csv(tmp_path / "o.csv")  # ends on Sunday, 23:00
        options: dict[str, Any] = {"horizon": 24, "hidden": 16, "epochs": 12, "learning_rate": 0.01, "threads": 1}
        run = lo.train("forecasting", tmp_path / "o.csv", **options, runs=tmp_path / "r")
        table = lo.load(lo.export(run, tmp_path / "m.onnx").path).predict(tmp_path / "o.csv").table
        assert 20 < table["load"][8:18].mean() < 60
        assert table["load"].min() >= 0


class TestLevel:
    @pytest.mark.parametrize("level", [1e6, -1e6, 2.0**23])
    def test_a_swing_around_a_high_level_is_seen_to_the_last_digit(self, level: float) -> None:
        """Numbers that float32 can hold are scaled as if the level were not there."""
        info = make_info(least={"load": 0.1}, least_share={"load": 1e-7})
        scaled, x = scaler(make_model(Config(horizon=6, hidden=8), info)), draw(2, 48) - 100
        x = x / 16 if abs(level) < 2e6 else x
        torch.testing.assert_close(scaled(x + level)[0], scaled(x)[0], rtol=0, atol=1e-6)

    def test_it_learns_as_well_as_without_the_level(self, tmp_path: Path) -> None:
        random = np.random.default_rng(0)
        hour = np.arange(24 * 30)
        swing = np.sin(2 * np.pi * hour / 24) + random.normal(0, 0.05, len(hour))
        scores = []
        for level in (0.0, 1e6):
            file = tmp_path / f"{level:g}.csv"
            hourly((swing + level).round(4)).write_csv(file)
            options: dict[str, Any] = {"horizon": 12, "hidden": 8, "epochs": 4, "threads": 1}
            run = lo.train("forecasting", file, **options, runs=tmp_path / "r", name=f"{level:g}")
            assert run.record.scores is not None
            scores.append(run.record.scores.model["mase"])
            lo.export(run, tmp_path / f"{level:g}.onnx")  # proves it
        assert scores[1] < 1.2 * scores[0]


class TestBounds:
    def test_point_and_quantiles_keep_to_them(self) -> None:
        config = Config(horizon=6, hidden=8, quantiles=(0.1, 0.9))
        info = make_info(target=("load", "wind"))
        bounded = info.ahead.model_copy(update={"lower": {"load": 95.0}, "upper": {"load": 105.0, "wind": 101.0}})
        x, time = draw(5, 48, 2), hours(5, 48)
        x[0, :, 0] = NAN
        free = ask(make_model(config, info), x, time)
        held = ask(make_model(config, info.model_copy(update={"outputs": (bounded,)})), x, time)
        for one, other in ((free[0], held[0]), (free[2].movedim(3, 0), held[2].movedim(3, 0))):
            wanted = torch.stack([one[..., 0].clamp(95, 105), one[..., 1].clamp(max=101)], dim=-1)
            torch.testing.assert_close(other, wanted, equal_nan=True)
        assert (free[0][1:, :, 0] < 95).any() or (free[0][1:, :, 0] > 105).any()
        assert held[0][0, :, 0].isnan().all()  # what is not known is no bound

    def test_zero_is_found_where_values_rest_on_it(self, tmp_path: Path) -> None:
        def of(values: Any, **options: Any) -> tuple[dict[str, float], str]:
            hourly(values).write_csv(tmp_path / "b.csv")
            data = TASK.load_data(tmp_path / "b.csv", Config(horizon=24, **options), 0)
            return data.info.ahead.lower, " ".join(data.notes)

        lower, note = of(office(4))
        assert lower == {"load": 0.0}
        assert "'load' is often 0 and never less, so no forecast is" in note
        assert of(office(4) - 1)[0] == {}
        assert of(office(4) + 1)[0] == {}
        assert of(np.arange(600) % 300)[0] == {}  # twice 0 is not often
        assert of(office(4), lower=-5.0)[0] == {"load": -5.0}

    def test_values_beyond_a_bound_are_told(self, tmp_path: Path) -> None:
        hourly(office(4)).write_csv(tmp_path / "b.csv")
        data = TASK.load_data(tmp_path / "b.csv", Config(horizon=24, lower=1.0, upper=39.0), 0)
        told = " ".join(data.notes)
        assert "472 of 672 values of 'load' are beyond --lower 1; no forecast is" in told
        assert "200 of 672 values of 'load' are beyond --upper 39; no forecast is" in told

    def test_bounds_that_cross_are_refused(self) -> None:
        with pytest.raises(ValueError, match="--lower 3 must be less than --upper 2"):
            Config(lower=3, upper=2)

    def test_quantiles_stay_in_order_at_a_bound(self) -> None:
        config = Config(horizon=6, hidden=8, quantiles=(0.1, 0.5, 0.9))
        info = with_config(make_info(), config)
        held = info.ahead.model_copy(update={"lower": {"load": 100.0}})
        fan = ask(make_model(config, info.model_copy(update={"outputs": (held,)})), draw(8, 48), hours(8, 48))[2]
        assert (fan.diff(dim=3) >= 0).all()
        assert fan.min() >= 100
