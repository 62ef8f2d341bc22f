"""Finds plugins, loads the one that is asked for, and says which are broken and why.

Only the plugin that a command needs is imported, so that a broken one cannot take the command line down.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from lstm_onnx.errors import UserError, nearest
from lstm_onnx.plugins import hookspecs
from lstm_onnx.task import AnyTask, Task

GROUP = "lstm_onnx"
KindT = TypeVar("KindT")


@dataclass(frozen=True)
class Found:
    """A task together with where it came from."""

    task: AnyTask
    origin: str
    file: Path | None = field(default=None)


def load_task(name: str, plugin_file: Path | None = None) -> Found:
    """Load the task `name` from its entry point, or from a Python file.

    Raises:
        UserError: there is no such plugin, two packages claim the name, or it does not load.
    """
    if plugin_file is not None:
        tasks = tasks_of(import_file(plugin_file), str(plugin_file))
        task = pick(tasks, name, str(plugin_file))
        return Found(task, f"{plugin_file.name} (a file)", plugin_file)
    points = [p for p in entry_points(group=GROUP) if p.name == name]
    if not points:
        hint = nearest(name, {p.name for p in entry_points(group=GROUP)})
        raise UserError(f"no plugin is called '{name}'{hint} (a plugin in a file of its own is given by --plugin-file)")
    packages = sorted({package_of(p)[0] for p in points})
    if len(points) > 1:
        raise UserError(
            f"{len(points)} plugins are called '{name}', from {' and '.join(packages)}; uninstall one of them"
        )
    package, version = package_of(points[0])
    try:
        module = points[0].load()
    except Exception as error:
        raise UserError(
            f"plugin '{name}' of {package} {version} does not load: {type(error).__name__}: {error}; "
            f"mend or uninstall it (lstm-onnx plugins lists them all)"
        ) from error
    return Found(pick(tasks_of(module, f"{package} {version}"), name, package), f"{package} {version}")


def task_names() -> list[str]:
    """Names of all installed plugins, without importing any."""
    return sorted({p.name for p in entry_points(group=GROUP)})


def _manager(plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()  # a hook with a misspelt name
    return manager


def hooks_of(plugin: object) -> tuple[str, ...]:
    """Names of the hooks that a plugin implements."""
    callers: Iterable[Any] = _manager(plugin).get_hookcallers(plugin) or ()
    return tuple(sorted(caller.name for caller in callers))


def announced(plugin: object, hook: str, kind: type[KindT], where: str) -> list[KindT]:
    """Ask one hook, and hold what it returns to what it must be."""
    try:
        answers = getattr(_manager(plugin).hook, hook)()
    except pluggy.PluginValidationError as error:
        raise UserError(f"{where}: {error}; the hooks are described in lstm_onnx.plugins.hookspecs") from error
    found = [one for answer in answers for one in answer]
    for one in found:
        if not isinstance(one, kind):
            raise UserError(
                f"{where}: {hook} returned {type(one).__name__!r}, which is not an lstm_onnx.plugin.{kind.__name__}; "
                f"return a list of instances"
            )
    return found


def tasks_of(plugin: object, where: str) -> list[AnyTask]:
    """Return the tasks that a plugin announces."""
    tasks: list[AnyTask] = announced(plugin, "lstm_onnx_tasks", Task, where)  # type: ignore[type-abstract]
    if not tasks:
        raise UserError(f"{where}: brings no task; mark a function lstm_onnx_tasks with lstm_onnx.plugin.hookimpl")
    return tasks


def pick(tasks: list[AnyTask], name: str, where: str) -> AnyTask:
    """Return the task of that name."""
    for task in tasks:
        if task.name == name:
            return task
    raise UserError(f"{where}: brings no task called '{name}'{nearest(name, [t.name for t in tasks])}")


def package_of(point: EntryPoint) -> tuple[str, str]:
    """Name and version of the package that an entry point belongs to."""
    return (point.dist.name, point.dist.version) if point.dist else ("unknown", "?")


def import_file(path: Path) -> object:
    """Import a plugin that is a file of its own."""
    if not path.is_file():
        raise UserError(f"{path}: no such plugin file")
    name = f"lstm_onnx_plugin_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: not a Python file; a plugin file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"{path}: does not load: {type(error).__name__}: {error}") from error
    return module
