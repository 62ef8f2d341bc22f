"""Where training computes, and with how many threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from lstm_onnx.contract import Array
from lstm_onnx.data.splits import Split
from lstm_onnx.errors import UserError
from lstm_onnx.task import AnyTask
from lstm_onnx.training.options import TrainingOptions


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


def fastest_threads(task: AnyTask, model: nn.Module, split: Split, settings: TrainingOptions) -> int:
    """Try one thread and all of them on the first batch, alternating, and return what was faster.

    For small LSTMs, more threads are often slower than one.
    """
    candidates = sorted({1, torch.get_num_threads()})
    device = next(model.parameters()).device
    if len(candidates) == 1 or device.type != "cpu":
        return candidates[-1]
    batch = next(to_tensors(split.batches(settings.batch_size), model))
    times: dict[int, list[float]] = {count: [] for count in candidates}
    for _ in range(4):
        for count in candidates:
            with thread_count(count):
                began = time.perf_counter()
                task.loss(model, batch).backward()  # type: ignore[no-untyped-call]
                times[count].append(time.perf_counter() - began)
    model.zero_grad(set_to_none=True)
    return min(candidates, key=lambda count: sorted(times[count][1:])[1])  # the first of each warms up
