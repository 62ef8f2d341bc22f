"""`lstm-onnx init`: write what a task finds in some data as a TOML file to edit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.plugins.entry_points import task_names

if TYPE_CHECKING:
    from lstm_onnx.training.first_options import FirstOptions


@dataclass(frozen=True)
class Written(Result):
    """The file that was written."""

    path: Path
    found: FirstOptions

    def to_json(self) -> Iterable[str]:
        """Return the file, the task, and what was understood of each column."""
        columns = [r.model_dump(exclude_none=True) for r in self.found.understood]
        about = {"file": str(self.path), "plugin": self.found.plugin, "columns": columns}
        yield encode(about | ({"refused": self.found.refusal} if self.found.refusal else {}))

    def to_text(self) -> Iterable[Shown]:
        """Return the table of what was understood, the file, and what to do with it."""
        from lstm_onnx.cli.understood import table

        if self.found.understood:
            yield table(self.found.understood)
        lines = {"written": str(self.path)}
        if self.found.refusal:
            lines["settle"] = self.found.refusal
        yield lines | {"next": f"edit it, then: lstm-onnx train --config {self.path}"}


def init(
    data: Annotated[Path, typer.Argument(help="file or folder to learn from")],
    plugin: Annotated[
        str | None,
        typer.Option("--plugin", help="task that it is for; the only one that takes it", autocompletion=task_names),
    ] = None,
    plugin_file: Annotated[
        Path | None, typer.Option("--plugin-file", help="Python file that holds the plugin, if it is not installed")
    ] = None,
    to: Annotated[Path | None, typer.Option("-o", "--out", help="file to write; DATA.toml if not given")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace a file that says something else")] = False,
) -> Written:
    """Let a task read the data, and write the options that it found."""
    from lstm_onnx.training.first_options import find_options, write_options

    found = find_options(data, plugin, plugin_file)
    path = to if to is not None else Path(f"{data.stem or 'options'}.toml")
    write_options(found, data, path, overwrite)
    return Written(path, found)
