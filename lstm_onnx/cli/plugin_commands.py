"""Commands that plugins add; a plugin that does not load takes away no command but its own."""

from __future__ import annotations

from collections.abc import Container
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from typer._click import Command


def plugin_commands(taken: Container[str]) -> tuple[dict[str, Command], list[str]]:
    """Load every plugin and collect its commands.

    Args:
        taken: names that no plugin can have.

    Returns:
        the commands by name, and a line for each plugin that does not load or wants a name that is taken.
    """
    from lstm_onnx.plugins.registry import GROUP, commands_of, package_of

    found: dict[str, Command] = {}
    lost: list[str] = []
    points = {p.value: p for p in sorted(entry_points(group=GROUP), key=lambda p: p.name, reverse=True)}
    for point in sorted(points.values(), key=lambda p: p.name):  # several tasks may come from one module
        package, version = package_of(point)
        where = f"plugin '{point.name}' of {package} {version}"
        try:
            commands = commands_of(point.load(), where)
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
