"""Numbers too small for float32's usual form, which a processor computes with many times as slowly.

An LSTM's gradient fades from step to step on its way back through a window. Of a window of 336 rows the oldest steps
get gradients below 1.2e-38 from the beginning of training, and a step took 190 to 276 ms where it takes 42 to 50 now
that such numbers count as 0 (`benchmarks/speed/README.md`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALLEST = 1.2e-38


@contextmanager
def flushed_to_zero() -> Iterator[None]:
    """Let PyTorch take numbers below `SMALLEST` for 0 on this thread and those that help it, and put that back.

    Nothing changes on a processor that cannot do so.
    """
    before = is_flushing()
    _flush(True)
    try:
        yield
    finally:
        _flush(before)


def is_flushing() -> bool:
    """Whether this thread takes denormal numbers for 0; PyTorch sets that and does not tell."""
    return (torch.tensor(SMALLEST) / 4).item() == 0


def _flush(on: bool) -> None:
    torch.set_flush_denormal(on)
    try:  # threads inherit it when they begin, so OpenMP ends its own, and begins anew when it needs some
        ctypes.CDLL(None).omp_pause_resource_all(1)
    except (AttributeError, OSError, TypeError):  # another OpenMP: its threads stay as they are
        return
