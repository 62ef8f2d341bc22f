"""`lstm-onnx check`: hold a plugin to what every plugin must pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.errors import CheckFailed, UserError


@dataclass(frozen=True)
class Passed(Result):
    """What was found to hold."""

    task: str
    held: tuple[str, ...]

    def to_json(self) -> Iterable[str]:
        """Return the task and what held."""
        yield encode({"task": self.task, "held": list(self.held)})

    def to_text(self) -> Iterable[Shown]:
        """Return a line for each."""
        yield {"task": self.task, "passed": "; ".join(self.held)}


def check(
    plugin: Annotated[str, typer.Argument(help="plugin file, or the name of an installed task")],
    data: Annotated[Path | None, typer.Option(help="what to train on, if not the plugin's own data")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", help="option of the task, such as hidden=8; by default they are small")
    ] = None,
) -> Passed:
    """Check a plugin."""
    from lstm_onnx.plugins.registry import load_only_task, load_task
    from lstm_onnx.testing import check_task, check_uses

    file = Path(plugin) if plugin.endswith(".py") or Path(plugin).is_file() else None
    name = (load_only_task(file) if file is not None else load_task(plugin)).task.name
    chosen = dict(_pair(option) for option in options or ())
    with TemporaryDirectory() as folder:
        try:
            exported = check_task(name, folder=Path(folder), plugin_file=file, data=data, **chosen)
            uses = check_uses(exported, file, data)
        except AssertionError as error:
            lines = [line for line in str(error).strip().splitlines() if line]
            raise CheckFailed(f"{plugin}: {lines[0] if lines else 'a check failed'}") from error
    return Passed(name, ("options", "data", "training", "resuming", "export", "verify", "streaming", *uses))


def _pair(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise UserError(f"--set {option}: give NAME=VALUE, such as hidden=8")
    return name, value
