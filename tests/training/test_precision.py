"""In bf16 a step is computed otherwise, and nothing else: weights, validation and scores are fp32."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import lstm_onnx as lo
from lstm_onnx.errors import Interrupted, UserError
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.options import Precision, TrainingOptions
from lstm_onnx.training.precision import check_rounding, device_for, has_bf16, loss_in
from tests.conftest import ADDING

PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
CPU = torch.device("cpu")
needs_bf16 = pytest.mark.skipif(not has_bf16(CPU), reason="the processor has no instructions for bf16")


def test_refused_in_one_line_where_the_processor_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": False})
    asked = TrainingOptions(device="cpu", precision="bf16")
    with pytest.raises(UserError, match=r"--precision bf16: the cpu here .* avx512_bf16 .*; use --precision fp32$"):
        device_for(asked)
    assert device_for(asked.model_copy(update={"precision": "fp32"})) == CPU
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert device_for(asked) == CPU


class _Stop(Observer):
    """Stops after an epoch, as Ctrl-C does."""

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        raise KeyboardInterrupt


@needs_bf16
@pytest.mark.parametrize("plugin", ["textgen", "classification"])
def test_the_loss_and_the_gradients_are_fp32_and_close(plugin: str) -> None:
    task = load_task(plugin).task
    data = task.load_data(None, task.Config(**task.small), 0)
    model = task.build_model(data.config or task.Config(**task.small), data.info).eval()
    arrays = next(data.train.batches(8))
    batch = {name: torch.from_numpy(a) for name, a in arrays.items() if a.dtype.kind not in "OSU"}
    losses, gradients = [], []
    for precision in PRECISIONS:
        model.zero_grad()
        loss = loss_in(precision, task, model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        assert loss.dtype == torch.float32
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert gradients[1].dtype == torch.float32
    assert losses[1] != losses[0] and losses[1] == pytest.approx(losses[0], rel=0.02)
    assert torch.nn.functional.cosine_similarity(gradients[0], gradients[1], dim=0) > 0.9


class _Convolution(nn.Module):
    """A convolution, and a loss that shows what it gives."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.layer = nn.Conv1d(channels, 32, kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layer(x).float()
        return found.square().sum()


@needs_bf16
@pytest.mark.parametrize(("channels", "kernel"), [(4, 16), (12, 8), (12, 16), (3, 16), (16, 16), (64, 8)])
def test_convolutions_are_right_in_bf16(channels: int, kernel: int) -> None:
    torch.manual_seed(0)
    model, x = _Convolution(channels, kernel), torch.randn(8, channels, 40)
    task = cast(AnyTask, SimpleNamespace(loss=lambda model, batch: model(batch["x"])))
    gradients = []
    for precision in PRECISIONS:
        model.zero_grad()
        loss_in(precision, task, model, {"x": x}).backward()  # type: ignore[no-untyped-call]
        assert model.layer.weight.grad is not None
        gradients.append(model.layer.weight.grad)
    assert (gradients[0] - gradients[1]).norm() < 0.02 * gradients[0].norm()
    check_rounding(task, model, {"x": x})


def test_arithmetic_that_is_wrong_in_bf16_is_refused_before_the_first_step() -> None:
    model = nn.Linear(3, 1)

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        found: torch.Tensor = model(batch["x"]).float().square().mean()
        return found * (1.2 if torch.is_autocast_enabled("cpu") else 1.0)

    task, weights = cast(AnyTask, SimpleNamespace(loss=loss)), model.weight.clone()
    with pytest.raises(UserError, match=r"--precision bf16: .* is 20% away .* no rounding: .*; use --precision fp32$"):
        check_rounding(task, model, {"x": torch.ones(4, 3)})
    assert torch.equal(model.weight, weights) and model.weight.grad is None


@needs_bf16
def test_a_run_in_bf16_keeps_fp32_and_goes_on_in_bf16(tmp_path: Path) -> None:
    options = {"hidden": 8, "longest": 6, "count": 64, "epochs": 2, "threads": 1, "precision": "bf16"}
    whole = lo.train("adding", plugin_file=ADDING, runs=tmp_path, **options)
    assert {a.dtype.name for a in load_file(whole.weights).values()} == {"float32"}
    assert whole.record.training.precision == "bf16"
    with pytest.raises(Interrupted):
        lo.train("adding", plugin_file=ADDING, runs=tmp_path, name="cut", observers=_Stop(), **options)
    gone_on = lo.resume(tmp_path / "cut")
    assert gone_on.scores == whole.scores
    other = lo.train("adding", plugin_file=ADDING, runs=tmp_path, **{**options, "precision": "fp32"})
    assert other.scores != whole.scores
