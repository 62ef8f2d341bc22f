"""In what precision training computes: fp32, or bf16 where the hardware multiplies matrices in it.

With bf16 the matrix products of a step are computed in it (`torch.autocast`), forward and backward. Weights, gradients,
the optimizer and the loss stay fp32, and so do validation, scores and the exported file: what a run says of itself is
what its file does. So what is learnt in bf16 must hold in fp32: before the first step it is made sure that the gradient
of a batch is the same in both, but for rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lstm_onnx.errors import UserError
from lstm_onnx.task import AnyTask
from lstm_onnx.training.devices import pick_device
from lstm_onnx.training.options import Precision, TrainingOptions

ROUNDING = 0.1
"""Largest distance of a gradient in bf16 from that in fp32, as a share of its norm, that may be rounding. It was
0.002 to 0.03 of the bundled data; 0.12 and 0.44 where convolutions were wrong."""
_SAFE_CHANNELS = 16
"""Convolutions of fewer channels are computed in fp32 on a CPU."""
_CONVOLUTIONS: tuple[Callable[..., Any], ...] = (torch.conv1d, torch.conv2d, torch.conv3d)


def device_for(settings: TrainingOptions) -> torch.device:
    """Return the device that was asked for, which computes in the precision that was asked for.

    Raises:
        UserError: there is no such device, or it has no instructions for bf16.
    """
    device = pick_device(settings.device)
    if settings.precision == "bf16" and not has_bf16(device):
        needed = "avx512_bf16 or amx_bf16" if device.type == "cpu" else "compute capability 8.0"
        raise UserError(
            f"--precision bf16: the {device.type} here has no instructions for it (it needs {needed}) and would "
            f"only be slower; use --precision fp32"
        )
    return device


def has_bf16(device: torch.device) -> bool:
    """Whether the device itself multiplies matrices in bf16; elsewhere PyTorch emulates it, which is slow."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def loss_in(precision: Precision, task: AnyTask, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the loss of a batch, computed in `precision`; gradients that follow from it are computed in it, too."""
    if precision == "fp32":
        return task.loss(model, batch)
    device = next(model.parameters()).device
    guard = _FewChannelsInFp32() if device.type == "cpu" else nullcontext()
    with torch.autocast(device.type, torch.bfloat16), guard:
        return task.loss(model, batch)


class _FewChannelsInFp32(TorchFunctionMode):
    """Computes convolutions of few channels in fp32, as bf16 is wrong there.

    oneDNN 3.12, that of PyTorch 2.13, gives other numbers altogether with AMX for an even number of channels below 16
    and a kernel that is long enough: 4 channels and 16 steps, 8 channels and 8 steps.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        weight = args[1] if len(args) > 1 else (kwargs or {}).get("weight")
        if func not in _CONVOLUTIONS or weight is None or weight.shape[1] >= _SAFE_CHANNELS:
            return func(*args, **(kwargs or {}))
        with torch.autocast("cpu", enabled=False):
            whole = [a.float() if isinstance(a, Tensor) else a for a in args]
            named = {name: a.float() if isinstance(a, Tensor) else a for name, a in (kwargs or {}).items()}
            return func(*whole, **named)


def check_rounding(task: AnyTask, model: nn.Module, batch: dict[str, Tensor]) -> None:
    """Make sure that a batch teaches in bf16 what it teaches in fp32, on a CPU.

    Args:
        task: what is learnt.
        model: as it was built; it does not change.
        batch: tensors by name.

    Raises:
        UserError: the gradients are farther apart than rounding takes them: the hardware or its library is at fault.
    """
    if next(model.parameters()).device.type != "cpu":
        return  # dropout may draw otherwise for each type there
    exact, rounded = (_gradient(precision, task, model, batch) for precision in ("fp32", "bf16"))
    apart = float((exact - rounded).norm() / exact.norm().clamp(min=1e-12))
    if not apart <= ROUNDING:
        raise UserError(
            f"--precision bf16: the gradient of a batch is {apart:.0%} away from that in fp32, which is no rounding: "
            f"this processor or its library computes something in the model wrongly; use --precision fp32"
        )


def _gradient(precision: Precision, task: AnyTask, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the gradient of all parameters, one after the other."""
    model = copy.deepcopy(model).train()
    torch.manual_seed(0)  # on a CPU, dropout draws the same for either type
    loss_in(precision, task, model, batch).backward()
    found = [p.grad.flatten().float() for p in model.parameters() if p.grad is not None]
    return torch.cat(found)
