"""Commands that plugins add; a plugin that does not load takes away no command but its own.

A plugin is loaded only if its source names the hook: reading a file takes 0.1 ms, and loading our own three 0.2 s.
"""

from __future__ import annotations

from collections.abc import Container
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_onnx.errors import UserError
from lstm_onnx.plugins.entry_points import installed, package_of

if TYPE_CHECKING:
    from typer._click import Command


def plugin_commands(taken: Container[str]) -> tuple[dict[str, Command], list[str]]:
    """Load every plugin that adds commands, and collect them.

    Args:
        taken: names that no plugin can have.

    Returns:
        the commands by name, and a line for each plugin that does not load or wants a name that is taken.
    """
    found: dict[str, Command] = {}
    lost: list[str] = []
    points: dict[str, EntryPoint] = {}
    for point in installed():
        points.setdefault(point.value, point)  # several tasks may come from one module
    for point in points.values():
        package, version = package_of(point)
        where = f"plugin '{point.name}' of {package} {version}"
        try:
            commands = _commands(point, where)
        except UserError as error:
            lost.append(str(error))
        except Exception as error:
            lost.append(f"{where} does not load: {type(error).__name__}: {error}")
        else:
            for name, command in commands.items():
                if name in taken or name in found:
                    lost.append(f"{where}: its command '{name}' is left out: there is one of that name already")
                else:
                    found[name] = command
    return found, lost


def _commands(point: EntryPoint, where: str) -> dict[str, Command]:
    if not _names_the_hook(point):
        return {}
    from lstm_onnx.plugins.registry import commands_of

    return commands_of(point.load(), where)


def _names_the_hook(point: EntryPoint) -> bool:
    """Whether the source of a plugin names the hook, or cannot be read without loading it."""
    spec = find_spec(point.module)
    path = Path(spec.origin) if spec is not None and spec.origin else None
    if path is None or path.suffix != ".py" or not path.is_file():
        return True
    return b"lstm_onnx_commands" in path.read_bytes()
