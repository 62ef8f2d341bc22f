"""How long a million times take to read, by how they are written: `python -m benchmarks.speed.times`.

CPU seconds of this process, the least of five, first decided as in training, then followed as in `predict`; beside them
the ratio to ISO text of the same run, which says more than seconds of a busy machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import polars as pl

from lstm_onnx.data.times.reader import decide_times, follow_times

ROWS, REPEATS = 1_000_000, 5


def columns() -> dict[str, pl.Series]:
    """Return a minute for each row, written in each way."""
    seconds = np.arange(ROWS, dtype=np.int64) * 60 + 1_600_000_000
    typed = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))
    return {
        "ISO text": typed.dt.to_string("%Y-%m-%d %H:%M:%S"),
        "dotted text": typed.dt.to_string("%d.%m.%Y %H:%M"),
        "unix text": pl.Series(seconds).cast(pl.String),
        "unix": pl.Series(seconds),
        "steps": pl.Series(np.arange(ROWS)),
        "typed": typed,
    }


def least(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest repeat."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> None:
    """Print a line for each way of writing."""
    print(f"{'':12}{'decide':>8}{'follow':>8}{'ratio':>8}")
    first = 0.0
    for name, cells in columns().items():
        frame = pl.DataFrame({"t": cells})
        stamps = decide_times(frame, ("t",), "table")
        decide = least(lambda frame=frame: decide_times(frame, ("t",), "table"))  # type: ignore[misc]
        follow = least(lambda frame=frame, s=stamps: follow_times(frame, s.clock, s.unit, "table"))  # type: ignore[misc]
        first = first or decide + follow
        print(f"{name:12}{decide:8.3f}{follow:8.3f}{(decide + follow) / first:8.2f}")


if __name__ == "__main__":
    main()
