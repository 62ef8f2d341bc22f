"""One contestant in one process: answers each line on standard input with the speed of one more run.

Contestants so wait for each other and take turns, each in the environment that it needs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

WARM_UP = 20
"""Steps at the start of each run that do not count."""


class Clock:
    """Counts optimizer steps and knows how many there were per second."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def tick(self) -> None:
        """One step is done."""
        self.times.append(now())

    def rate(self) -> float:
        """Steps per second after the warm-up."""
        counted = self.times[WARM_UP:]
        return (len(counted) - 1) / (counted[-1] - counted[0])


_one_core = False


def now() -> float:
    """Seconds: on one core of the processor's time, which other work does not lengthen; else by the clock."""
    return time.process_time() if _one_core else time.perf_counter()


def serve(run: Callable[[], float]) -> None:
    """Answer `{"rate": windows per second}` for each line; whatever else is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for _ in sys.stdin:
        answers.write(json.dumps({"rate": run()}) + "\n")
        answers.flush()


def hold_cores(count: int) -> None:
    """Keep this process on so many cores: the only way that holds for every library."""
    global _one_core
    _one_core = count == 1
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])
