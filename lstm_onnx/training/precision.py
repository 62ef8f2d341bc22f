"""In what precision training computes: fp32, or bf16 where the hardware multiplies matrices in it.

With bf16 the matrix products of a step are computed in it (`torch.autocast`), forward and backward. Weights, gradients,
the optimizer and the loss stay fp32, and so do validation, scores and the exported file: what a run says of itself is
what its file does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_onnx.errors import UserError
from lstm_onnx.task import AnyTask
from lstm_onnx.training.devices import pick_device
from lstm_onnx.training.options import Precision, TrainingOptions


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
    device = next(model.parameters()).device
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        return task.loss(model, batch)
