"""The one place that prints: results as tables and lines or as JSON, and errors.

A string is data and goes out as it is: a column called `[kW]` or `:x:` is no markup. What is coloured is a `Text`.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

out = Console(markup=False, emoji=False, highlight=False)
err = Console(stderr=True, markup=False, emoji=False, highlight=False)

Shown = RenderableType | Mapping[str, object]
"""A table or a text, or a mapping that is printed as `label  value` lines."""


class Result(ABC):
    """What a command came to, before it is known how it will be shown."""

    always_json = False

    @abstractmethod
    def to_json(self) -> Iterable[str]:
        """Return the JSON texts that `--json` prints, one after the other."""

    @abstractmethod
    def to_text(self) -> Iterable[Shown]:
        """Return what is printed for people; the last lines say what was written and what to run next."""

    def fault(self) -> Exception | None:
        """Return what is raised after all is printed, where the command ran properly and found a fault."""
        return None


def show(result: Result, as_json: bool) -> None:
    """Print a result."""
    if as_json or result.always_json:
        for text in result.to_json():
            print(text, flush=True)
    else:
        for part in result.to_text():
            if isinstance(part, Mapping):
                say(part)
            else:
                out.print(part)
    if (fault := result.fault()) is not None:
        raise fault


def say(lines: Mapping[str, object], console: Console = out) -> None:
    """Print `label  value` lines, aligned."""
    width = max(map(len, lines), default=0)
    for label, value in lines.items():
        console.print(Text.assemble((f"{label:<{width}}", "dim"), f"  {value}"), soft_wrap=True)


def complain(kind: str, message: str) -> None:
    """Print an error, in one line if the message is one."""
    err.print(Text.assemble((kind, "red"), f" {message}"), soft_wrap=True)


def encode(value: Any) -> str:
    """Return a value as one line of JSON; numbers that are not finite, which JSON does not have, become null."""
    return json.dumps(_finite(value), default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(v) for key, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value
