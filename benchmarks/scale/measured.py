"""Seconds and peak memory of a command, as the operating system counts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.speed.figures import Figure

_EVERY = 0.02
"""Seconds between two looks at a process."""


class Measured(NamedTuple):
    """What a command took.

    Attributes:
        seconds: from start to end.
        processor: seconds of all cores together, of the process and of all that it waited for: those of a busy machine
            are hardly more than those of an idle one.
        peak: memory in MB of the process, or of the largest that it waited for, with what is mapped of files.
        own: memory in MB of the process alone that is no copy of a file: what it cannot do without (RssAnon).
        mapped: what it had mapped of files, programs among them, at most (RssFile and RssShmem).
    """

    seconds: float
    processor: float
    peak: float
    own: float
    mapped: float

    def figures(self, cell: Mapping[str, int | str]) -> list[Figure]:
        """Return a figure of each."""
        units = ("s", "s", "MB", "MB", "MB")
        values = zip(self._fields, units, self, strict=True)
        return [Figure(dict(cell), name, unit, (round(value, 2),)) for name, unit, value in values]


def measured(arguments: Sequence[str]) -> Measured:
    """Run `lstm-onnx` and return what it took; `own` and `mapped` are looked at fifty times a second."""
    begun = time.perf_counter()
    process = subprocess.Popen(command(arguments), stdout=subprocess.DEVNULL)
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
    seconds = time.perf_counter() - begun
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, own, mapped)


def command(arguments: Sequence[str]) -> list[str]:
    """Return the words that run `lstm-onnx` with arguments."""
    return [sys.executable, "-m", "lstm_onnx", *arguments]


def _held(process: int) -> dict[str, float]:
    """Return the memory of a process in MB, by what it is; nothing of one that ends."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    found = (line.partition(":") for line in lines if line.startswith("Rss"))
    return {name: int(rest.split()[0]) / 1024 for name, _, rest in found}
