"""Seconds and peak memory of a command, as the operating system counts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence


def measured(arguments: Sequence[str]) -> tuple[float, float]:
    """Run `lstm-onnx` and return its seconds, and the peak memory in MB of it or the largest that it waited for.

    What is mapped from files is in it.
    """
    command = [sys.executable, "-m", "lstm_onnx", *arguments]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments[0]} failed")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024
