"""Seconds and peak memory of a command, as the operating system counts them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.speed.figures import Figure


class Measured(NamedTuple):
    """What a command took.

    Attributes:
        seconds: from start to end.
        processor: seconds of all cores together, of the process and of all that it waited for: those of a busy machine
            are hardly more than those of an idle one.
        peak: memory in MB of the process, or of the largest that it waited for, with what is mapped of files.
        own: memory in MB of the process alone that is no copy of a file: what it cannot do without (RssAnon, looked at
            fifty times a second).
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


def row_counts(
    name: str, sizes: Mapping[str, Sequence[int]], large: Mapping[str, int], asked: Sequence[int] | None
) -> Sequence[int]:
    """Return how many rows of a kind are measured: those that are asked for; else its sizes, and its largest one.

    Args:
        name: of the kind.
        sizes: of each kind.
        large: its largest size, where that is wanted.
        asked: in place of all these.
    """
    return asked or (*sizes[name], *([large[name]] if name in large else ()))


def measured(arguments: Sequence[str]) -> Measured:
    """Run `lstm-onnx` and return what it took; see `benchmarks.scale.launched`."""
    words = [sys.executable, "-m", "benchmarks.scale.launched", *command(arguments)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arguments[0]} failed")
    return Measured(**json.loads(done.stdout))


def command(arguments: Sequence[str]) -> list[str]:
    """Return the words that run `lstm-onnx` with arguments."""
    return [sys.executable, "-m", "lstm_onnx", *arguments]
