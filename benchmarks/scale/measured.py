"""Seconds and peak memory of a command, as the operating system counts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_EVERY = 0.02
"""Seconds between two looks at a process."""


class Measured(NamedTuple):
    """What a command took.

    Attributes:
        seconds: from start to end.
        peak: memory in MB of the process, or of the largest that it waited for, with what is mapped of files.
        own: memory in MB of the process alone that is no copy of a file: what it cannot do without (RssAnon).
        mapped: what it had mapped of files, programs among them, at most (RssFile and RssShmem).
    """

    seconds: float
    peak: float
    own: float
    mapped: float


def measured(arguments: Sequence[str]) -> Measured:
    """Run `lstm-onnx` and return what it took; `own` and `mapped` are looked at fifty times a second."""
    command = [sys.executable, "-m", "lstm_onnx", *arguments]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    own = mapped = 0.0
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        held = _held(process.pid)
        own, mapped = max(own, held.get("RssAnon", 0)), max(mapped, held.get("RssFile", 0) + held.get("RssShmem", 0))
        time.sleep(_EVERY)
    if status:
        raise SystemExit(f"{arguments[0]} failed")
    return Measured(time.perf_counter() - begun, usage.ru_maxrss / 1024, own, mapped)


def _held(process: int) -> dict[str, float]:
    """Return the memory of a process in MB, by what it is; nothing of one that ends."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    found = (line.partition(":") for line in lines if line.startswith("Rss"))
    return {name: int(rest.split()[0]) / 1024 for name, _, rest in found}
