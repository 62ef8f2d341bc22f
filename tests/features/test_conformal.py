"""Quantiles that are moved by validation data hold on what was not learnt from; nothing else moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import lstm_onnx as lo
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.conformal import corrections, independent_windows, reach
from lstm_onnx.features.number import Number
from lstm_onnx.features.series_coding import AheadDecoder
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.training.examples import load_examples
from lstm_onnx.training.restore import restore

LEVELS = (0.05, 0.2, 0.5, 0.8, 0.95)
NORMAL = torch.tensor([1.645, 0.842, 0.0, 0.842, 1.645])
"""How far these quantiles of a normal distribution are from its middle."""


def drawn(count: int, wide: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normal truths around the forecast, and gaps that would be right if the deviation were `wide`."""
    torch.manual_seed(0)
    apart = torch.randn(count, 2, 1)
    distance = NORMAL * wide
    gaps = torch.stack([distance[0] - distance[1], distance[1], distance[2], distance[3], distance[4] - distance[3]])
    return gaps.expand(count, 2, 1, 5), apart, torch.ones(count, 2, 1, dtype=torch.bool)


@pytest.mark.parametrize("wide", [0.3, 1.0, 3.0])
def test_each_level_holds_however_wide_it_was_learnt(wide: float) -> None:
    gaps, apart, known = drawn(4000, wide)
    moved = torch.relu(gaps + corrections(gaps, apart, known, LEVELS, 4000))
    above, below = moved[..., 3:].cumsum(-1), -moved[..., :2].flip(-1).cumsum(-1).flip(-1)
    reached = [float((apart <= q).double().mean()) for q in (*below.unbind(-1), *above.unbind(-1))]
    assert reached == pytest.approx([0.05, 0.2, 0.8, 0.95], abs=0.02)


def test_a_small_sample_is_made_up_for_and_one_too_small_says_nothing() -> None:
    gaps, apart, known = drawn(400, 1.0)
    plenty, few = (corrections(gaps, apart, known, LEVELS, n)[..., 4] for n in (400, 40))
    assert bool((few > plenty).all())
    assert corrections(gaps, apart, known, LEVELS, 18)[..., 4].abs().max() == 0  # 0.95 takes 19
    assert corrections(gaps, apart, known, LEVELS, 19)[..., 4].abs().min() > 0


def test_what_is_not_known_counts_for_nothing() -> None:
    gaps, apart, known = drawn(500, 1.0)
    wanted = corrections(gaps, apart, known, LEVELS, 500)
    strange = torch.cat([apart, torch.full_like(apart, 1e6)])
    hidden = torch.cat([known, torch.zeros_like(known)])
    assert torch.equal(corrections(torch.cat([gaps, gaps]), strange, hidden, LEVELS, 500), wanted)


def test_windows_that_overlap_count_once() -> None:
    steps = torch.arange(3)
    one = torch.arange(10)[:, None] + steps  # windows of 3 steps, each a step later
    assert independent_windows(one) == 4
    assert independent_windows(torch.cat([one, one])) == 8
    assert independent_windows(one[:1].expand(5, -1)) == 5  # of five series, at the same time
    assert independent_windows(one[::3]) == 4


def test_quantiles_never_cross() -> None:
    decoder = AheadDecoder(Ahead(name="y", along="x", quantiles=LEVELS, target=("a",), horizon=2), conformal=True)
    assert decoder.correction is not None
    decoder.correction.copy_(torch.randn(2, 1, 5))
    _, wings = decoder.scaled(torch.randn(50, 2, 6))
    assert wings is not None
    assert bool((wings.diff(dim=-1) >= 0).all()) and bool((wings[..., 2] == 0).all())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, lo.Run]:
    """Two forecasters of noise around a wave, alike but for `conformal`."""
    folder, random = tmp_path_factory.mktemp("conformal"), np.random.default_rng(0)
    hours = pl.datetime_range(pl.datetime(2024, 1, 1), interval="1h", end=pl.datetime(2024, 3, 10), eager=True)
    wave = np.sin(np.arange(len(hours)) * np.pi / 12) + random.normal(scale=0.5, size=len(hours))
    pl.DataFrame({"time": hours, "wave": wave}).write_csv(folder / "wave.csv")
    options = {"horizon": 4, "window": 24, "hidden": 4, "epochs": 1, "threads": 1, "quantiles": (0.1, 0.5, 0.9)}
    return {
        conformal: lo.train("forecasting", folder / "wave.csv", runs=folder, conformal=conformal, **options)
        for conformal in (True, False)
    }


def test_intervals_hold_and_the_forecast_stays(runs: dict[bool, lo.Run]) -> None:
    moved, plain = runs[True].scores, runs[False].scores
    assert moved["mase"] == plain["mase"] and moved["rmse"] == plain["rmse"]
    assert abs(plain["coverage"] - 80) > 5
    assert abs(moved["coverage"] - 80) < abs(plain["coverage"] - 80) / 2
    assert moved["pinball"] < plain["pinball"]
    assert "correction" not in " ".join(restore(runs[False]).model.state_dict())


def test_the_file_has_it(runs: dict[bool, lo.Run], tmp_path: Path) -> None:
    file = lo.export(runs[True], tmp_path / "wave.onnx")
    quantiles = next(t for t in file.contract.outputs if t.name == "quantiles")
    assert "calibrated on validation data" in quantiles.meaning
    assert file.report.passed


def test_too_small_a_validation_part_is_told(runs: dict[bool, lo.Run]) -> None:
    run = runs[True]
    options = {"horizon": 4, "window": 24, "hidden": 4, "epochs": 1, "threads": 1, "quantiles": (0.1, 0.9)}
    few = lo.train("forecasting", run.source, runs=run.folder.parent, validation_size=30, **options)
    assert any(
        "7 windows that do not overlap, too few to calibrate the quantiles 0.1, 0.9" in n for n in few.record.notes
    )
    decoder = restore(few).model.decoders[0]  # type: ignore[index, union-attr]
    assert decoder.correction.abs().max() == 0


def test_an_interval_holds_its_share_however_skewed_the_errors() -> None:
    torch.manual_seed(0)
    apart = torch.distributions.Exponential(1.0).sample((4000,)) - 0.5
    below, above = reach(apart[:2000], 0.8)
    held = (apart[2000:] >= -below) & (apart[2000:] <= above)
    assert float(held.double().mean()) == pytest.approx(0.8, abs=0.03)
    assert above > 3 * below
    assert reach(torch.full((30,), 2.0), 0.8).tolist() == [0.0, 2.0]  # the answer itself is never left out


def test_a_number_has_an_interval_if_enough_validate(tmp_path: Path) -> None:
    options = {"count": 400, "hidden": 4, "epochs": 1, "threads": 1, "runs": tmp_path}
    run = lo.train("regression", interval=0.9, **options)
    assert run.scores["coverage"] == pytest.approx(90, abs=8)
    restored = restore(run)
    said = torch_reference(restored.graphs[0])(load_examples(run)[0])
    assert list(said) == ["hours_left", "hours_left_low", "hours_left_high"]
    assert said["hours_left_low"] < said["hours_left"] < said["hours_left_high"]


def test_an_interval_that_nothing_validates_is_left_out_and_told() -> None:
    number = Number(name="y", interval=0.9)
    assert number.calibratable([0.0] * 19)[0].interval == 0.9
    left, why = number.calibratable([0.0] * 18)
    assert left.interval is None and [t.name for t in left.answers()] == ["y"]
    assert why == "'y' has no interval for 90%: the validation part has 18 examples, and 19 are needed"
