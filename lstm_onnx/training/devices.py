"""Where training computes, and with how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError

PER_THREAD = 2_000_000
"""Parameters times examples in a batch that each CPU thread should have to itself; see `threads_for`."""


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
    """Return how many CPU threads to train with: one for each `PER_THREAD` of work, within what torch may use.

    Work is trained parameters times examples in a batch. The rule looks at sizes and at no watch: another number of
    threads adds up in another order and so gives other weights, and the same command on the same machine must give the
    same. It is cautious. Measured on two cores: where nothing else ran, two threads were 1.2 times as fast as one at a
    work of 0.85 million; where other programs ran they were slower at any work up to 89 million, 0.4 to 0.8 of the
    speed of one, as each waits for the other at every step of the LSTM (`benchmarks/speed`, "With two threads").
    """
    work = batch_size * sum(p.numel() for p in model.parameters() if p.requires_grad)
    return max(1, min(torch.get_num_threads(), work // PER_THREAD))
