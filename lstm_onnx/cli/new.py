"""`lstm-onnx new`: write a plugin to begin from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode


@dataclass(frozen=True)
class Begun(Result):
    """The plugin that was written."""

    path: Path

    def to_json(self) -> Iterable[str]:
        """Return the file."""
        yield encode({"file": str(self.path)})

    def to_text(self) -> Iterable[Shown]:
        """Return the file, and what to do with it."""
        yield {"written": str(self.path), "next": f"lstm-onnx check {self.path}"}


def new(
    name: Annotated[str, typer.Argument(help="name of the task, in small letters")],
    to: Annotated[Path, typer.Option("-o", "--out", help="folder to write it to")] = Path("."),
) -> Begun:
    """Write a plugin."""
    from lstm_onnx.features.new_plugin import write_plugin

    return Begun(write_plugin(name, to))
