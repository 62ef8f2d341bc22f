"""Where training computes, and with how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError

SMALL = 8_000_000
"""Parameters times examples in a batch, up to which one thread is as fast as several; see `threads_for`."""


def to_tensors(batches: Iterator[dict[str, Array]], model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Turn batches of arrays into batches of tensors on the device where the model is, without copying on the CPU.

    Texts have no tensors and are left out.
    """
    device = next(model.parameters()).device
    for batch in batches:
        yield {
            name: torch.from_numpy(array).to(device, non_blocking=True)
            for name, array in batch.items()
            if array.dtype.kind not in "OSU"
        }


def pick_device(choice: str) -> torch.device:
    """Turn auto, cpu or cuda into a device.

    Raises:
        UserError: cuda was asked for and there is none.
    """
    if choice == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: PyTorch finds no CUDA device here; use --device cpu, or a CUDA build of torch")
    return torch.device("cuda" if choice != "cpu" and torch.cuda.is_available() else "cpu")


@contextmanager
def thread_count(count: int | None) -> Iterator[None]:
    """Run with this many CPU threads, and put the number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def threads_for(model: nn.Module, batch_size: int) -> int:
    """Return how many CPU threads to train with: one for a small model, and else all that there are.

    Small is what has fewer than `SMALL` parameters times examples in a batch: there, threads wait for each other longer
    than they work. The rule looks at sizes and at no watch, since another number of threads adds up in another order
    and so gives other weights: the same command on the same machine must give the same.
    """
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return 1 if parameters * batch_size < SMALL else torch.get_num_threads()
