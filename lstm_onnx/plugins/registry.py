"""Finds plugins, loads the one that is asked for, and says which are broken and why.

Only the plugin that a command needs is imported, so that a broken one cannot take the command line down. What is loaded
is kept by one manager for the whole process, which asks a hook of one plugin (`announced`) or of all (`collected`).
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from lstm_onnx.errors import UserError, nearest
from lstm_onnx.plugins import hookspecs, trust
from lstm_onnx.plugins.entry_points import GROUP, installed, package_of, task_names
from lstm_onnx.plugins.interface import interface_in, refuse_newer
from lstm_onnx.task import AnyTask, Task

if TYPE_CHECKING:
    from typer._click import Command

KindT = TypeVar("KindT")


@dataclass(frozen=True)
class Found:
    """A task together with where it came from."""

    task: AnyTask
    origin: str
    file: Path | None = field(default=None)
    digest: str | None = field(default=None)


@dataclass(frozen=True)
class Installed:
    """An installed plugin that is loaded."""

    point: EntryPoint
    plugin: object


def load_task(name: str, plugin_file: Path | None = None) -> Found:
    """Load the task `name` from its entry point, or from a Python file, which is executed: the user must have named it.

    Raises:
        UserError: there is no such plugin, two packages claim the name, or it does not load.
    """
    if not isinstance(name, str):
        raise UserError(f"the plugin is a {type(name).__name__}, and must be its name: {', '.join(task_names())}")
    if plugin_file is not None:
        return _task_in(plugin_file, content_of(plugin_file), name)
    points = [p for p in installed() if p.name == name]
    if not points:
        hint = nearest(name, task_names())
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


def load_known_file(name: str, plugin_file: Path, digest: str | None) -> Found:
    """Load the task `name` from a file that a run folder names, if the user trained with that very file here.

    Args:
        name: of the task.
        plugin_file: what the run folder says.
        digest: sha256 of the file when the run was trained; None if the run folder does not say.

    Raises:
        UserError: the file is gone, has changed, or was never named by the user on this machine.
    """
    named = f"read it and, if you trust it, name it: --plugin-file {plugin_file}"
    try:
        content = content_of(plugin_file)
    except UserError:
        missing = f"{plugin_file}: the plugin of this run is not there; say where it is: --plugin-file FILE"
        raise UserError(missing) from None
    there = trust.digest_of(content)
    if digest is not None and there != digest:
        raise UserError(f"{plugin_file}: has changed since the run was trained with it; {named}")
    if not trust.is_known(there):
        raise UserError(
            f"{plugin_file}: the run folder asks to execute this file, which you did not train with here; {named}"
        )
    return _task_in(plugin_file, content, name)


def _task_in(file: Path, content: bytes, name: str) -> Found:
    tasks = tasks_of(import_file(file, content), str(file))
    return Found(pick(tasks, name, str(file)), f"{file.name} (a file)", file, trust.digest_of(content))


def load_only_task(plugin_file: Path) -> Found:
    """Load the task of a Python file that holds one.

    Raises:
        UserError: it holds several, or it does not load.
    """
    content = content_of(plugin_file)
    first, *others = sorted(tasks_of(import_file(plugin_file, content), str(plugin_file)), key=lambda t: t.name)
    if others:
        names = ", ".join(t.name for t in (first, *others))
        raise UserError(f"{plugin_file}: brings the tasks {names}; choose one with --plugin")
    return Found(first, f"{plugin_file.name} (a file)", plugin_file, trust.digest_of(content))


_manager = pluggy.PluginManager(GROUP)
"""The plugins that this process has loaded."""
_manager.add_hookspecs(hookspecs)


def register(plugin: object, where: str) -> None:
    """Let a plugin in; one of the same name, such as an earlier state of its file, makes room.

    Raises:
        UserError: it has a hook that does not exist, or with other parameters, or is written for a newer interface.
    """
    if _manager.is_registered(plugin):
        return
    refuse_newer(getattr(plugin, "INTERFACE", None), where)
    earlier = _manager.get_plugin(_manager.get_canonical_name(plugin))
    if earlier is not None:
        _manager.unregister(earlier)
    try:
        _manager.register(plugin)
        _manager.check_pending()  # a hook with a misspelt name
    except pluggy.PluginValidationError as error:
        _manager.unregister(plugin)
        raise UserError(f"{where}: {error}; the hooks are described in lstm_onnx.plugins.hookspecs") from error


def hooks_of(plugin: object, where: str) -> tuple[str, ...]:
    """Names of the hooks that a plugin implements."""
    register(plugin, where)
    return tuple(sorted(caller.name for caller in _manager.get_hookcallers(plugin) or ()))


def announced(plugin: object, hook: str, kind: type[KindT], where: str) -> list[KindT]:
    """Ask one hook of one plugin, and hold what it returns to what it must be; one that breaks it has to leave."""
    register(plugin, where)
    others = [p for p in _manager.get_plugins() if p is not plugin]
    try:
        return _checked(_manager.subset_hook_caller(hook, others)(), hook, kind, where)
    except UserError:
        _manager.unregister(plugin)
        raise


def collected(hook: str, kind: type[KindT]) -> list[KindT]:
    """Ask one hook of all plugins that are loaded."""
    return _checked(getattr(_manager.hook, hook)(), hook, kind, "a plugin")


def _checked(answers: Iterable[Iterable[Any]], hook: str, kind: type[KindT], where: str) -> list[KindT]:
    found: list[Any] = []
    for answer in answers:
        if not isinstance(answer, list | tuple):
            raise UserError(f"{where}: {hook} returned a {type(answer).__name__}; it must return a list")
        found += answer
    for one in found:
        if not isinstance(one, kind):
            raise UserError(
                f"{where}: {hook} returned {type(one).__name__!r}, which is not an lstm_onnx.plugin.{kind.__name__}; "
                f"return a list of instances"
            )
    return found


def load_installed() -> tuple[list[Installed], list[str]]:
    """Load every installed plugin.

    Returns:
        those that load, and one line for each that does not.
    """
    found, broken = [], []
    for point in installed():
        package, version = package_of(point)
        try:
            plugin = point.load()
            register(plugin, f"{package} {version}")
        except Exception as error:
            broken.append(broken_line(point, error))
        else:
            found.append(Installed(point, plugin))
    return found, broken


def broken_line(point: EntryPoint, error: Exception) -> str:
    """Say of a plugin that it cannot be used, and why."""
    package, version = package_of(point)
    return f"plugin '{point.name}' of {package} {version}: {type(error).__name__}: {error}"


def commands_of(plugin: object, where: str) -> dict[str, Command]:
    """Return the commands that a plugin adds to the command line, by name."""
    import typer

    register(plugin, where)
    app = typer.Typer(rich_markup_mode="rich")
    others = [p for p in _manager.get_plugins() if p is not plugin]
    _manager.subset_hook_caller("lstm_onnx_commands", others)(app=app)
    return dict(typer.main.get_group(app).commands)


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


def content_of(file: Path) -> bytes:
    """Read a plugin that is a file of its own.

    Raises:
        UserError: it is not there, or no Python file.
    """
    if not file.is_file():
        raise UserError(f"{file}: no such plugin file")
    if file.suffix != ".py":
        raise UserError(f"{file}: not a Python file; a plugin file ends in .py")
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from None


def import_file(path: Path, content: bytes | None = None) -> object:
    """Import a plugin that is a file of its own; `content` is what was read of it, so that nothing else is executed."""
    content = content_of(path) if content is None else content
    refuse_newer(interface_in(content), str(path))
    name = f"lstm_onnx_plugin_file_{path.stem}"
    module = types.ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"{path}: does not load: {type(error).__name__}: {error}") from error
    return module
