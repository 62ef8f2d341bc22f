"""Figures as JSON lines, one for each that is finished: what a table is made of, and where a run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lstm_onnx.version import __version__

HERE = Path(__file__).parent
RIVALS = HERE / "rivals.jsonl"
"""Of other methods: measured here before, or published. They need not be run again."""
KEPT = HERE / "figures.jsonl"
"""Of the default: what the README shows."""
DEFAULT = "default"
CPU = "CPU, 1 thread"


@dataclass(frozen=True)
class Figure:
    """What one method reaches on one set.

    Attributes:
        part: of the table.
        set: of data.
        method: `default`, the options that were changed, or another method.
        metric: the name of it.
        value: of the metric.
        seed: of a training; None for methods that draw nothing.
        better: whether the highest or the lowest value is the best.
        seconds: of all, from reading to the score.
        release: that it was made with; None of other methods.
        machine: that it was made on, where seconds are given.
        source: `published` for figures of others.
        more: other figures of the same run.
    """

    part: str
    set: str
    method: str
    metric: str
    value: float
    seed: int | None = None
    better: Literal["max", "min"] = "max"
    seconds: float | None = None
    release: str | None = None
    machine: str | None = None
    source: str | None = None
    more: Mapping[str, float] | None = None

    @property
    def key(self) -> tuple[str, str, str, int | None]:
        """What it is of: a figure of the same is the same, made again."""
        return self.part, self.set, self.method, self.seed

    def line(self) -> str:
        """Return it as JSON, without what is not known."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})


def trained(part: str, name: str, seed: int, changed: Mapping[str, Any], **fields: Any) -> Figure:
    """Return the figure of a training with this release, on a thread of this machine, with the default or a change."""
    return Figure(part, name, method(changed), seed=seed, release=__version__, machine=CPU, **fields)


def method(changed: Mapping[str, Any]) -> str:
    """Return what a training with other options than the defaults is called."""
    return " ".join(f"{name}={json.dumps(value)}" for name, value in sorted(changed.items())) or DEFAULT


def read(*paths: Path) -> list[Figure]:
    """Read figures; of two of the same the later one stays. A last line that was cut off is left out."""
    found: dict[tuple[str, str, str, int | None], Figure] = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                figure = Figure(**json.loads(line))
            except json.JSONDecodeError:
                continue  # the machine went down while it was written
            found[figure.key] = figure
    return list(found.values())


def append(path: Path, figures: Iterable[Figure]) -> None:
    """Add lines to a file, which is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begins = not path.exists() or path.read_bytes()[-1:] in (b"", b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("" if begins else "\n") + "".join(figure.line() + "\n" for figure in figures))
