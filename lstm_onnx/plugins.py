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

from lstm_onnx import hookspecs
from lstm_onnx.embed import builtin
from lstm_onnx.embed.target import EmbedTarget
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.task import Task

GROUP = "lstm_onnx"
AnyTask = Task[Any, Any]
KindT = TypeVar("KindT")


@dataclass(frozen=True)
class Plugin:
    """What `lstm-onnx plugins` shows of one plugin; `problem` says why it cannot be used."""

    name: str
    package: str
    version: str
    hooks: tuple[str, ...] = ()
    summary: str = ""
    problem: str | None = None


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
        tasks = _tasks_of(_import_file(plugin_file), str(plugin_file))
        task = _pick(tasks, name, str(plugin_file))
        return Found(task, f"{plugin_file.name} (a file)", plugin_file)
    points = [p for p in entry_points(group=GROUP) if p.name == name]
    if not points:
        hint = nearest(name, {p.name for p in entry_points(group=GROUP)})
        raise UserError(f"no plugin is called '{name}'{hint} (a plugin in a file of its own is given by --plugin-file)")
    packages = sorted({_package(p)[0] for p in points})
    if len(points) > 1:
        raise UserError(
            f"{len(points)} plugins are called '{name}', from {' and '.join(packages)}; uninstall one of them"
        )
    package, version = _package(points[0])
    try:
        module = points[0].load()
    except Exception as error:
        raise UserError(
            f"plugin '{name}' of {package} {version} does not load: {type(error).__name__}: {error}; "
            f"mend or uninstall it (lstm-onnx plugins lists them all)"
        ) from error
    return Found(_pick(_tasks_of(module, f"{package} {version}"), name, package), f"{package} {version}")


def load_targets(plugin_file: Path | None = None) -> tuple[list[EmbedTarget], list[str]]:
    """Collect what `lstm-onnx embed` can write for: our targets, and those of every plugin that loads.

    Returns:
        the targets, and one line for each plugin that does not load.

    Raises:
        UserError: two plugins claim one name, or the plugin file does not load.
    """
    found = [("lstm-onnx", t) for t in _targets_of(builtin, "lstm-onnx")]
    broken = []
    if plugin_file is not None:
        found += [(str(plugin_file), t) for t in _targets_of(_import_file(plugin_file), str(plugin_file))]
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        package, version = _package(point)
        try:
            found += [(package, t) for t in _targets_of(point.load(), f"{package} {version}")]
        except Exception as error:
            broken.append(f"plugin '{point.name}' of {package} {version}: {type(error).__name__}: {error}")
    for i, (package, target) in enumerate(found):
        for other, earlier in found[:i]:
            if target.name == earlier.name:
                raise UserError(f"two embed targets are called '{target.name}', from {other} and {package}")
    return [target for _, target in found], broken


def load_target(name: str, plugin_file: Path | None = None) -> EmbedTarget:
    """Return one of `load_targets` by its name.

    Raises:
        UserError: there is none of that name, or as `load_targets`.
    """
    targets, broken = load_targets(plugin_file)
    for target in targets:
        if target.name == name:
            return target
    lost = "".join(f"; {line}" for line in broken)
    raise UserError(f"--target {name}: there is no such target{nearest(name, [t.name for t in targets])}{lost}")


def task_names() -> list[str]:
    """Names of all installed plugins, without importing any."""
    return sorted({p.name for p in entry_points(group=GROUP)})


def survey() -> list[Plugin]:
    """Load every installed plugin and report on each, the broken ones with the reason."""
    points = sorted(entry_points(group=GROUP), key=lambda p: p.name)
    return [_examine(point, [p for p in points if p.name == point.name]) for point in points]


def _examine(point: EntryPoint, namesakes: list[EntryPoint]) -> Plugin:
    package, version = _package(point)
    if len(namesakes) > 1:
        others = sorted({_package(p)[0] for p in namesakes} - {package}) or [package]
        return Plugin(point.name, package, version, problem=f"the name is also claimed by {', '.join(others)}")
    try:
        module = point.load()
        summary = _summary(module, point.name, package)
    except Exception as error:
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return Plugin(point.name, package, version, problem=reason)
    return Plugin(point.name, package, version, hooks=_hooks_of(module), summary=summary)


def _summary(module: object, name: str, package: str) -> str:
    """Say what a plugin brings: its task, or where it has none its embed targets."""
    targets = _targets_of(module, package)
    if targets and "lstm_onnx_tasks" not in _hooks_of(module):
        return f"embed --target {', '.join(t.name for t in targets)}"
    return _pick(_tasks_of(module, package), name, package).summary


def _manager(plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()  # a hook with a misspelt name
    return manager


def _hooks_of(plugin: object) -> tuple[str, ...]:
    callers: Iterable[Any] = _manager(plugin).get_hookcallers(plugin) or ()
    return tuple(sorted(caller.name for caller in callers))


def _announced(plugin: object, hook: str, kind: type[KindT], where: str) -> list[KindT]:
    """Ask one hook, and hold what it returns to what it must be."""
    try:
        answers = getattr(_manager(plugin).hook, hook)()
    except pluggy.PluginValidationError as error:
        raise UserError(f"{where}: {error}; the hooks are described in lstm_onnx.hookspecs") from error
    found = [one for answer in answers for one in answer]
    for one in found:
        if not isinstance(one, kind):
            raise UserError(
                f"{where}: {hook} returned {type(one).__name__!r}, which is not an lstm_onnx.{kind.__name__}; "
                f"return a list of instances"
            )
    return found


def _tasks_of(plugin: object, where: str) -> list[AnyTask]:
    tasks: list[AnyTask] = _announced(plugin, "lstm_onnx_tasks", Task, where)  # type: ignore[type-abstract]
    if not tasks:
        raise UserError(f"{where}: brings no task; mark a function lstm_onnx_tasks with lstm_onnx.hookimpl")
    return tasks


def _targets_of(plugin: object, where: str) -> list[EmbedTarget]:
    return _announced(plugin, "lstm_onnx_embed_targets", EmbedTarget, where)


def _pick(tasks: list[AnyTask], name: str, where: str) -> AnyTask:
    for task in tasks:
        if task.name == name:
            return task
    raise UserError(f"{where}: brings no task called '{name}'{nearest(name, [t.name for t in tasks])}")


def _package(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("unknown", "?")


def _import_file(path: Path) -> object:
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
