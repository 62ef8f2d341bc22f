from __future__ import annotations

import pytest
import torch
from lstm_onnx_forecasting.model import season_lags
from lstm_onnx_forecasting.options import Config

from tests.forecasting.cases import ask, draw, hours, make_info, make_model, scaler

NAN, INF = float("nan"), float("inf")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def forecaster(**options):
    return make_model(Config(**({"horizon": 6, "hidden": 8} | options)), make_info())


class TestScaling:
    @pytest.mark.parametrize("base", ["none", "last", "season", "theta"])
    @pytest.mark.parametrize(("a", "b"), [(2.0, 0.0), (0.25, 0.0), (1.0, 1000.0), (8.0, -4096.0), (3.0, 17.0)])
    def test_of_each_window_makes_the_forecast_equivariant(self, base: str, a: float, b: float) -> None:
        model, x, time = forecaster(base=base, quantiles=QUANTILES), draw(3, 48), hours(3, 48)
        plain, _, fan = ask(model, x, time)
        moved, _, moved_fan = ask(model, a * x + b, time)
        tight = 1e-6 * (a * 140 + abs(b))  # a few units in the last place of the largest number
        torch.testing.assert_close(moved, a * plain + b, rtol=0, atol=tight)
        torch.testing.assert_close(moved_fan, a * fan + b, rtol=0, atol=tight)

    def test_of_each_window_survives_a_level_far_above_the_spread(self) -> None:
        model, x, time = forecaster(), draw(2, 48), hours(2, 48)
        level = 2.0**17  # 131072, with a spread of 20: all of the sums are exact, and so must the differences be
        torch.testing.assert_close(ask(model, x + level, time)[0] - level, ask(model, x, time)[0], rtol=0, atol=0.05)

    @pytest.mark.parametrize("size", [1e-30, 1e-6, 1e6, 1e30])
    def test_of_each_window_takes_any_size(self, size: float) -> None:
        model, x, time = forecaster(), draw(2, 48), hours(2, 48)
        scaled = ask(model, x * size, time)[0] / size
        # next to 0 the guard against a spread of 0 begins to show
        torch.testing.assert_close(scaled, ask(model, x, time)[0], rtol=1e-4 if size > 1e-30 else 0.1, atol=1e-3)

    def test_by_the_training_data_uses_what_info_says(self) -> None:
        config = Config(horizon=6, hidden=8, scaling="global", base="last")
        x, time = draw(1, 48), hours(1, 48)
        near, far = make_info(), make_info(center={"load": 1050.0}, spread={"load": 20.0})
        one, other = make_model(config, near), make_model(config, far)
        wanted = (ask(one, x, time)[0] - 50) / 10 * 20 + 1050
        torch.testing.assert_close(ask(other, (x - 50) / 10 * 20 + 1050, time)[0], wanted)

    def test_none_sees_the_values_as_they_are(self) -> None:
        config = Config(horizon=6, hidden=8, scaling="none")
        one, other = make_model(config, make_info()), make_model(config, make_info(center={"load": 1.0}))
        x, time = draw(1, 48) / 100, hours(1, 48)
        assert torch.equal(ask(one, x, time)[0], ask(other, x, time)[0])

    def test_log_makes_the_forecast_multiply(self) -> None:
        model, x, time = forecaster(transform="log", quantiles=QUANTILES), draw(2, 48), hours(2, 48)
        plain, _, fan = ask(model, x, time)
        moved, _, moved_fan = ask(model, 10 * x, time)
        torch.testing.assert_close(moved, 10 * plain, rtol=1e-4, atol=0)
        torch.testing.assert_close(moved_fan, 10 * fan, rtol=1e-4, atol=0)
        assert (fan > 0).all()

    def test_log_takes_what_is_not_positive_as_missing(self) -> None:
        model, x, time = forecaster(transform="log"), draw(1, 48), hours(1, 48)
        missing = x.clone()
        missing[0, [5, 20, 47]] = NAN
        wanted = ask(model, missing, time)[0]
        for odd in (0.0, -1.0, -INF):
            holed = x.clone()
            holed[0, [5, 20, 47]] = odd
            assert torch.equal(ask(model, holed, time)[0], wanted)


class TestMissing:
    @pytest.mark.parametrize("scaling", ["window", "global"])
    def test_infinite_counts_as_nan(self, scaling: str) -> None:
        model, x, time = forecaster(scaling=scaling), draw(1, 48), hours(1, 48)
        x[0, [3, 30, 46]] = NAN
        wanted = ask(model, x, time)[0]
        assert wanted.isfinite().all()
        x[0, [3, 30, 46]] = torch.tensor([[INF], [-INF], [INF]])
        assert torch.equal(ask(model, x, time)[0], wanted)

    def test_where_a_value_is_missing_matters(self) -> None:
        model, x, time = forecaster(), draw(1, 48), hours(1, 48)
        centered = x.clone()
        centered[0, 30] = NAN
        mean = centered.nanmean()
        filled = centered.nan_to_num(nan=mean.item())
        assert not torch.allclose(ask(model, centered, time)[0], ask(model, filled, time)[0])

    @pytest.mark.parametrize("scaling", ["window", "global", "none"])
    def test_a_wholly_missing_target_gets_nan_and_no_other_does(self, scaling: str) -> None:
        config = Config(horizon=6, hidden=8, scaling=scaling, quantiles=(0.1, 0.9))
        model = make_model(config, make_info(target=("load", "wind")))
        x, time = draw(3, 48, 2), hours(3, 48)
        x[1] = NAN
        x[2, :, 1] = NAN
        forecast, times, fan = ask(model, x, time)
        absent = torch.tensor([[False, False], [True, True], [False, True]])
        assert torch.equal(forecast.isnan().all(1), absent)
        assert torch.equal(forecast.isnan().any(1), absent)
        assert torch.equal(fan.isnan().any(3).any(1), absent)
        assert (times > time[:, -1:]).all()

    @pytest.mark.parametrize("value", [0.0, 5.0, -1e6, 1e30])
    def test_a_constant_window_stays_near_its_value(self, value: float) -> None:
        forecast = ask(forecaster(), torch.full((1, 48, 1), value), hours(1, 48))[0]
        assert (forecast - value).abs().max() <= 1e-2 * abs(value) + 1e-20

    def test_one_row_is_enough(self) -> None:
        forecast, times = ask(forecaster(), torch.full((2, 1, 1), 7.0), hours(2, 1))
        assert forecast.shape == (2, 6, 1)
        assert times.shape == (2, 6)
        assert forecast.isfinite().all()

    def test_covariates_may_be_missing(self) -> None:
        info = make_info(past=("wind",), future=("price",), static=("size",))
        model = make_model(Config(horizon=6, hidden=8), info)
        x, time = draw(2, 48), hours(2, 48)
        past, future, static = draw(2, 48, 2, 1), draw(2, 6, 1, 2), draw(2, 1, 1, 3)[:, 0]
        whole = ask(model, x, time, past, future, static)[0]
        for holed in (past, future, static):
            holed.view(-1)[0] = NAN
        one = ask(model, x, time, past, future, static)[0]
        for holed in (past, future, static):
            holed.view(-1)[0] = -INF
        assert one.isfinite().all()
        assert torch.equal(one, ask(model, x, time, past, future, static)[0])
        assert not torch.equal(one[0], whole[0])
        torch.testing.assert_close(one[1], whole[1])


class TestBatch:
    def test_examples_do_not_touch_each_other(self) -> None:
        model, x, time = forecaster(quantiles=QUANTILES), draw(5, 48), hours(5, 48)
        x[2, :40] = NAN
        together = ask(model, x, time)
        for i in range(5):
            for whole, alone in zip(together, ask(model, x[i : i + 1], time[i : i + 1]), strict=True):
                torch.testing.assert_close(whole[i : i + 1], alone, rtol=1e-5, atol=1e-4)

    def test_scale_of_one_target_leaves_the_other_alone(self) -> None:
        model = make_model(Config(horizon=6, hidden=8), make_info(target=("load", "wind")))
        x, time = draw(2, 48, 2), hours(2, 48)
        moved = x * torch.tensor([1.0, 1024.0])
        torch.testing.assert_close(ask(model, moved, time)[0], ask(model, x, time)[0] * torch.tensor([1.0, 1024.0]))

    def test_padding_on_the_left_keeps_scale_and_base(self) -> None:
        """A short history padded with NaN has the scale of what is known; the network alone sees the padding."""
        model = forecaster(base="last")
        x, time = draw(1, 20), hours(1, 48)
        padded = torch.cat([torch.full((1, 28, 1), NAN), x], dim=1)
        for short, long in zip(scaler(model)(x)[2], scaler(model)(padded)[2], strict=True):
            torch.testing.assert_close(short, long)
        moved = ask(model, padded * 2 + 100, time)[0]
        torch.testing.assert_close(moved, ask(model, padded, time)[0] * 2 + 100, rtol=0, atol=1e-3)


class TestQuantiles:
    @pytest.mark.parametrize("levels", [QUANTILES, (0.1, 0.9), (0.6, 0.7, 0.8), (0.01, 0.2), (0.5,)])
    @pytest.mark.parametrize("transform", ["none", "log"])
    def test_never_cross(self, levels: tuple[float, ...], transform: str) -> None:
        for seed in range(20):
            config = Config(horizon=6, hidden=8, quantiles=levels, transform=transform)
            model = make_model(config, make_info(), seed)
            forecast, _, fan = ask(model, draw(16, 48, seed=seed), hours(16, 48))
            assert fan.shape == (16, 6, 1, len(levels))
            assert (fan.diff(dim=3) >= 0).all()
            for k, level in enumerate(levels):
                assert (torch.sign(fan[..., k] - forecast) * (level - 0.5) >= 0).all()

    def test_half_is_the_forecast(self) -> None:
        forecast, _, fan = ask(forecaster(quantiles=QUANTILES), draw(2, 48), hours(2, 48))
        assert torch.equal(fan[..., QUANTILES.index(0.5)], forecast)

    def test_are_sorted_and_checked(self) -> None:
        assert Config(quantiles=(0.9, 0.1, 0.5, 0.1)).quantiles == (0.1, 0.5, 0.9)
        for wrong in (0.0, 1.0, 10.0, -0.1):
            with pytest.raises(ValueError, match="between 0 and 1"):
                Config(quantiles=(wrong,))


class TestBase:
    def bare(self, season: int = 24, horizon: int = 60, **options):
        """A model whose network answers 0: what is left is the base."""
        model = make_model(Config(horizon=horizon, hidden=4, **{"base": "season", **options}), make_info(season=season))
        with torch.no_grad():
            model.network.out.weight.zero_()
            model.network.out.bias.zero_()
        return model

    def test_season_repeats_the_last_one_over_a_longer_horizon(self) -> None:
        x = draw(2, 30)
        forecast = ask(self.bare(), x, hours(2, 30))[0]
        wanted = torch.stack([x[:, 30 - 24 + k % 24] for k in range(60)], dim=1)
        torch.testing.assert_close(forecast, wanted, rtol=1e-5, atol=1e-4)

    def test_season_begins_with_the_last_known_where_the_window_is_short(self) -> None:
        x = draw(1, 10)
        x[0, [4, 9]] = NAN
        forecast = ask(self.bare(season=12, horizon=14), x, hours(1, 10))[0][0, :, 0]
        season = [x[0, r, 0] for r in (8, 8, 0, 1, 2, 3, 3, 5, 6, 7, 8, 8)]  # a hole repeats what is before it
        torch.testing.assert_close(forecast, torch.stack([*season, *season[:2]]), rtol=1e-5, atol=1e-4)

    def test_last_is_the_newest_known_value(self) -> None:
        x = draw(2, 30)
        x[0, 25:] = NAN
        forecast = ask(self.bare(base="last"), x, hours(2, 30))[0]
        wanted = torch.stack([x[0, 24], x[1, 29]]).unsqueeze(1).expand(2, 60, 1)
        torch.testing.assert_close(forecast, wanted, rtol=1e-5, atol=1e-4)

    def test_none_is_the_mean(self) -> None:
        x = draw(2, 30)
        forecast = ask(self.bare(base="none"), x, hours(2, 30))[0]
        torch.testing.assert_close(forecast, x.mean(1, keepdim=True).expand(2, 60, 1), rtol=1e-5, atol=1e-4)

    def test_the_head_sees_as_many_seasons_as_it_is_told(self) -> None:
        """A change three seasons back shows if three are asked for; one too old for the window repeats the newer."""
        config = Config(horizon=6, hidden=4, seasons=3, base="season")
        model, time = make_model(config, make_info(season=12, window=40)), hours(1, 40)
        with torch.no_grad():
            model.network.from_state.weight.zero_()  # the LSTM says nothing, so only the head's own inputs are left
        x = draw(1, 40)
        plain = scaler(model)(x)
        for row, shows in [(40 - 36, True), (40 - 24, True), (40 - 12, True), (40 - 37, False)]:
            seen = (plain[0].clone(), *plain[1:])
            seen[0][0, row] += 1
            scaler(model).forward = lambda _, seen=seen: seen  # the scale stays, whatever changes
            moved = ask(model, x, time)[0]
            scaler(model).forward = lambda _: plain
            assert torch.equal(moved[0, 0], ask(model, x, time)[0][0, 0]) is not shows, row
        del scaler(model).forward

    def test_seasons_that_the_window_does_not_hold_repeat_the_newer_one(self) -> None:
        model = make_model(Config(horizon=6, hidden=4, seasons=3), make_info(season=12))
        assert ask(model, draw(2, 14), hours(2, 14))[0].isfinite().all()
        assert ask(model, draw(2, 1), hours(2, 1))[0].isfinite().all()

    def test_lags(self) -> None:
        assert season_lags(3, 7).tolist() == [-3, -2, -1, -3, -2, -1, -3]
        assert season_lags(1, 3).tolist() == [-1, -1, -1]
        assert season_lags(12, 3).tolist() == [-12, -11, -10]


def test_dropout_acts_in_training_alone() -> None:
    model, x, time = forecaster(dropout=0.5, layers=2), draw(1, 48), hours(1, 48)
    assert torch.equal(ask(model, x, time)[0], ask(model, x, time)[0])
    model.train()
    assert not torch.equal(ask(model, x, time)[0], ask(model, x, time)[0])
