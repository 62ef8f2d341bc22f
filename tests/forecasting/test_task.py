from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from lstm_onnx_forecasting import lstm_onnx_tasks
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.task import Forecasting

from lstm_onnx.graph.torch_reference import torch_reference
from tests.forecasting.cases import ask, draw, hours, make_info, make_model

TASK = Forecasting()
NAN = np.nan


def window(*values: float) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, -1, 1)


def scored(forecast, actual, scale=1.0, values=None, config=None, **outputs) -> dict[str, float]:
    batch = {
        "values": window(1, 2) if values is None else values,
        "actual": actual,
        "mase_scale": np.full((len(actual), actual.shape[2]), scale, np.float32),
    }
    return TASK.finish(TASK.metrics({"forecast": forecast, **outputs}, batch, config or Config()))


class TestMetrics:
    def test_by_hand(self) -> None:
        found = scored(window(1, 3, 5), window(2, 3, 9), scale=0.5)
        assert found["mae"] == pytest.approx(5 / 3)
        assert found["mse"] == pytest.approx(17 / 3)
        assert found["rmse"] == pytest.approx((17 / 3) ** 0.5)
        assert found["smape"] == pytest.approx(100 * (2 * 1 / 3 + 0 + 2 * 4 / 14) / 3)
        assert found["mase"] == pytest.approx(10 / 3)

    def test_unknown_truth_is_not_scored(self) -> None:
        assert scored(window(1, 3, 5), window(2, NAN, 9))["mae"] == pytest.approx(2.5)

    def test_a_window_counts_once_however_much_of_it_is_known(self) -> None:
        forecast, actual = np.zeros((2, 4, 1), np.float32), np.full((2, 4, 1), 1, np.float32)
        actual[1] = np.array([[3], [NAN], [NAN], [NAN]])
        assert scored(forecast, actual, values=np.ones((2, 3, 1)))["mae"] == pytest.approx(2)

    def test_a_forecast_that_is_missing_is_not_left_out(self) -> None:
        forecast, actual = np.ones((2, 3, 1), np.float32), np.ones((2, 3, 1), np.float32)
        forecast[0] = NAN
        found = scored(forecast, actual, values=np.ones((2, 3, 1)))
        assert all(np.isnan(found[name]) for name in ("mae", "mse", "rmse", "smape", "mase"))

    def test_quantiles_that_are_missing_are_not_left_out(self) -> None:
        fan = np.full((1, 3, 1, 2), NAN, np.float32)
        config = Config(quantiles=(0.1, 0.9))
        found = scored(window(1, 1, 1), window(1, 1, 1), config=config, quantiles=fan)
        assert np.isnan(found["pinball"])
        assert np.isnan(found["coverage"])

    def test_what_nobody_can_forecast_is_not_scored(self) -> None:
        forecast, actual = np.ones((2, 3, 1), np.float32), np.full((2, 3, 1), 2, np.float32)
        forecast[0], values = NAN, np.ones((2, 3, 1), np.float32)
        values[0] = NAN
        assert scored(forecast, actual, values=values)["mae"] == pytest.approx(1)

    def test_smape_of_zero_against_zero_is_zero(self) -> None:
        assert scored(window(0, 1), window(0, 1))["smape"] == 0

    def test_mase_leaves_out_series_without_a_scale(self) -> None:
        found = scored(window(1, 1), window(2, 2), scale=NAN)
        assert np.isnan(found["mase"])
        assert found["mae"] == pytest.approx(1)

    def test_pinball_and_coverage_by_hand(self) -> None:
        fan = np.array([[0.0, 10.0], [0.0, 10.0], [0.0, 10.0]], np.float32).reshape(1, 3, 1, 2)
        config = Config(quantiles=(0.2, 0.9))
        found = scored(window(5, 5, 5), window(4, 12, NAN), config=config, quantiles=fan)
        # truth 4: 0.2 * 4 and 0.1 * 6; truth 12: 0.2 * 12 and 0.9 * 2
        assert found["pinball"] == pytest.approx(((0.8 + 0.6) / 2 + (2.4 + 1.8) / 2) / 2)
        assert found["coverage"] == pytest.approx(50)

    def test_batches_add_up_to_the_whole(self) -> None:
        random = np.random.default_rng(0)
        outputs = {"forecast": random.normal(size=(10, 4, 2)), "quantiles": random.normal(size=(10, 4, 2, 2)).cumsum(3)}
        batch = {
            "values": random.normal(size=(10, 5, 2)),
            "actual": random.normal(size=(10, 4, 2)),
            "mase_scale": random.uniform(1, 2, size=(10, 2)),
        }
        config = Config(quantiles=(0.1, 0.9))
        whole = TASK.metrics(outputs, batch, config)
        parts = [
            TASK.metrics({k: v[s] for k, v in outputs.items()}, {k: v[s] for k, v in batch.items()}, config)
            for s in (slice(0, 3), slice(3, 10))
        ]
        for name, (total, count) in whole.items():
            assert sum(p[name][0] for p in parts) == pytest.approx(total)
            assert sum(p[name][1] for p in parts) == count


class TestBaselines:
    def ask(self, name: str, values: np.ndarray, horizon: int, season: int) -> list[float]:
        batch = {"values": values, "actual": np.zeros((1, horizon, 1))}
        return TASK.baselines(Config(), make_info(season=season))[name](batch)["forecast"][0, :, 0].tolist()

    def test_naive_is_the_newest_known_value(self) -> None:
        assert self.ask("naive", window(1, 2, 3, NAN), 3, 2) == [3, 3, 3]

    def test_seasonal_naive_repeats_the_last_season(self) -> None:
        assert self.ask("seasonal naive", window(9, 1, 2, 3), 7, 3) == [1, 2, 3, 1, 2, 3, 1]

    def test_seasonal_naive_falls_back_to_the_newest_known_value(self) -> None:
        assert self.ask("seasonal naive", window(9, 1, NAN, 3), 3, 3) == [1, 3, 3]
        assert self.ask("seasonal naive", window(1, 2), 4, 4) == [2, 2, 1, 2]

    def test_without_a_season_there_is_one(self) -> None:
        assert list(TASK.baselines(Config(), make_info(season=1))) == ["naive"]


class TestLoss:
    def of(self, values, actual, horizon=6, **options) -> torch.Tensor:
        model = make_model(Config(horizon=horizon, hidden=4, **options), make_info())
        rows = values.shape[1]
        return TASK.loss(model, {"values": values, "time": hours(len(values), rows), "actual": actual})

    @pytest.mark.parametrize(("kind", "wanted"), [("mae", 1.5), ("mse", 2.5), ("huber", (0.5 + 1.5) / 2)])
    def test_by_hand(self, kind: str, wanted: float) -> None:
        """The network answers 0, so the forecast is the mean of 2, and the spread is 1: errors of 1 and -2."""
        config = Config(horizon=2, hidden=4, loss=kind, base="none")
        model = make_model(config, make_info())
        with torch.no_grad():
            model.network.out.weight.zero_()
            model.network.out.bias.zero_()
        batch = {
            "values": torch.tensor([[[1.0], [3.0]]]),
            "time": hours(1, 2),
            "actual": torch.tensor([[[3.0], [0.0]]]),
        }
        assert TASK.loss(model, batch).item() == pytest.approx(wanted)

    def test_of_quantiles_is_twice_the_pinball_loss(self) -> None:
        """All outputs are 0, so each gap is softplus(0) = log 2: quantiles at 2 - log 2 and 2 + log 2, truth at 5."""
        model = make_model(Config(horizon=1, hidden=4, base="none", quantiles=(0.2, 0.9)), make_info())
        with torch.no_grad():
            model.network.out.weight.zero_()
            model.network.out.bias.zero_()
        batch = {"values": torch.tensor([[[1.0], [3.0]]]), "time": hours(1, 2), "actual": torch.tensor([[[5.0]]])}
        gap = np.log(2)
        wanted = 3 + 2 * (0.2 * (3 + gap) + 0.9 * (3 - gap)) / 2
        assert TASK.loss(model, batch).item() == pytest.approx(wanted)

    def test_unknown_truth_does_not_count(self) -> None:
        values, actual = draw(2, 48), draw(2, 6, seed=1)
        holed = actual.clone()
        holed[0, 3] = np.nan
        loss = self.of(values, holed)
        loss.backward()
        assert loss.isfinite()
        assert loss.item() != self.of(values, actual).item()

    def test_nothing_known_costs_nothing(self) -> None:
        assert self.of(draw(1, 48), torch.full((1, 6, 1), np.nan)).item() == 0

    @pytest.mark.parametrize("kind", ["mae", "mse", "huber"])
    @pytest.mark.parametrize("jump", [3.0, 1e10, 1e30])
    def test_a_flat_window_before_a_jump_neither_explodes_nor_vanishes(self, kind: str, jump: float) -> None:
        loss = self.of(torch.zeros(1, 48, 1), torch.full((1, 6, 1), jump), loss=kind)
        assert 50 < loss.item() < 20_000

    def test_log_takes_truth_that_is_not_positive_as_unknown(self) -> None:
        values, actual = draw(1, 48), draw(1, 6, seed=1)
        actual[0, 2] = np.nan
        wanted = self.of(values, actual, transform="log").item()
        for odd in (0.0, -3.0):
            actual[0, 2] = odd
            assert self.of(values, actual, transform="log").item() == pytest.approx(wanted)

    def series_loss(self, x: torch.Tensor, actual: torch.Tensor, scale: float, **options) -> torch.Tensor:
        model = make_model(Config(horizon=6, hidden=4, loss_scale="series", **options), make_info())
        batch = {"values": x, "time": hours(len(x), 48), "actual": actual, "mase_scale": torch.full((len(x), 1), scale)}
        loss = TASK.loss(model, batch)
        loss.backward()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
        return loss.detach()

    @pytest.mark.parametrize("transform", ["none", "log"])
    def test_by_series_is_the_mase(self, transform: str) -> None:
        """The training loss is the figure that people read: errors in the user's units over the series' scale."""
        config = Config(horizon=6, hidden=4, loss_scale="series", transform=transform)
        model, x, actual = make_model(config, make_info()), draw(3, 48), draw(3, 6, seed=1)
        batch = {"values": x, "time": hours(3, 48), "actual": actual, "mase_scale": torch.full((3, 1), 7.0)}
        forecast = ask(model, x, hours(3, 48))[0]
        assert (forecast < x.mean() * np.e**2).all()  # where no answer is beyond what counts along the tangent
        mase = scored(forecast.numpy(), actual.numpy(), scale=7.0, values=x.numpy())["mase"]
        assert TASK.loss(model, batch).item() == pytest.approx(mase, rel=1e-5)

    @pytest.mark.parametrize("transform", ["none", "log"])
    def test_by_series_survives_windows_and_series_without_anything(self, transform: str) -> None:
        x, actual = draw(4, 48), draw(4, 6, seed=1)
        x[0], x[1], x[2, 5:], actual[3, 2:] = np.nan, 0.0, np.inf, 0.0
        assert self.series_loss(x, actual, 7.0, transform=transform, quantiles=(0.1, 0.9)).isfinite()
        assert self.series_loss(x, actual, np.nan, transform=transform).item() == 0

    def test_by_series_does_not_overflow_where_a_logarithmic_forecast_is_absurd(self) -> None:
        x = 10 ** (draw(2, 48) / 20)  # over four orders of magnitude, so that a spread is a factor of ten
        model = make_model(Config(horizon=6, hidden=4, loss_scale="series", transform="log"), make_info())
        with torch.no_grad():
            model.network.out.bias.add_(1000)
        batch = {"values": x, "time": hours(2, 48), "actual": draw(2, 6), "mase_scale": torch.ones(2, 1)}
        loss = TASK.loss(model, batch)
        loss.backward()
        assert loss.isfinite()
        assert model.network.out.bias.grad is not None
        assert (model.network.out.bias.grad > 0).all()  # and shows the way back

    def test_gradients_reach_every_weight_and_are_finite(self) -> None:
        info = make_info(past=("wind",), future=("price",), static=("size",))
        model = make_model(Config(horizon=6, hidden=4, layers=2, quantiles=(0.1, 0.5, 0.9)), info)
        x = draw(4, 48)
        x[0, :30], x[1, 10:], x[2] = np.nan, np.inf, 7.0
        batch = {
            "values": x,
            "time": hours(4, 48),
            "past": draw(4, 48, 2, 1),
            "future": draw(4, 6, 1, 2),
            "static": draw(4, 1, 1, 3)[:, 0],
            "actual": draw(4, 6, 1, 4),
        }
        TASK.loss(model, batch).backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().sum() > 0, name

    def test_a_wholly_missing_window_does_not_spoil_the_gradients(self) -> None:
        model = make_model(Config(horizon=6, hidden=4, quantiles=(0.1, 0.9)), make_info())
        x = draw(3, 48)
        x[1] = np.nan
        loss = TASK.loss(model, {"values": x, "time": hours(3, 48), "actual": draw(3, 6, seed=1)})
        loss.backward()
        assert loss.isfinite()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


class TestGraph:
    INFO = make_info(target=("load", "wind"), past=("cloud",), future=("price",), static=("size",))
    CONFIG = Config(horizon=6, hidden=4, quantiles=(0.1, 0.9))

    def graph(self):
        return TASK.graphs(make_model(self.CONFIG, self.INFO), self.CONFIG, self.INFO)[0]

    @pytest.mark.parametrize("sizes", [{"batch": 1, "time": 1}, {"batch": 5, "time": 30}, {"batch": 2, "time": 100}])
    def test_answers_as_it_describes(self, sizes: dict[str, int]) -> None:
        graph = self.graph()
        inputs = TASK.sample(graph, sizes, 0)
        outputs = torch_reference(graph)(inputs)
        for tensor in (*graph.inputs, *graph.outputs):
            array = (inputs | outputs)[tensor.name]
            assert array.shape == tuple(graph.axes[d].size or sizes[d] for d in tensor.dims)
            assert str(array.dtype) == tensor.dtype
        assert list(outputs) == ["forecast", "forecast_time", "quantiles"]
        assert np.isfinite(outputs["forecast"]).all()

    def test_names_each_column_and_level(self) -> None:
        axes = self.graph().axes
        assert axes["target"].labels == ("load", "wind")
        assert axes["covariate"].labels == ("cloud", "price")
        assert axes["known"].labels == ("price",)
        assert axes["constant"].labels == ("size",)
        assert axes["quantile"].labels == ("q0.1", "q0.9")

    def test_without_covariates_asks_for_none(self) -> None:
        config, info = Config(horizon=3, hidden=4), make_info()
        graph = TASK.graphs(make_model(config, info), config, info)[0]
        assert [t.name for t in graph.inputs] == ["values", "time"]
        assert [t.name for t in graph.outputs] == ["forecast", "forecast_time"]

    def test_sample_has_missing_values_but_a_newest_one(self) -> None:
        values = TASK.sample(self.graph(), {"batch": 20, "time": 50}, 0)["values"]
        assert 0.02 < np.isnan(values).mean() < 0.2
        assert np.isfinite(values[:, -1]).all()


def test_info_goes_through_json() -> None:
    info = TestGraph.INFO
    assert Info.model_validate_json(info.model_dump_json()) == info


def test_is_announced() -> None:
    assert [task.name for task in lstm_onnx_tasks()] == ["forecasting"]


def test_importing_the_plugin_imports_no_torch() -> None:
    code = "import lstm_onnx_forecasting, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
