"""`lstm-onnx plugins`: every installed plugin, the broken ones with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import broken, folding
from lstm_onnx.embedding.registry import targets_of
from lstm_onnx.errors import UserError
from lstm_onnx.plugins.entry_points import installed, package_of
from lstm_onnx.plugins.registry import commands_of, hooks_of, pick, tasks_of


@dataclass(frozen=True)
class Plugin:
    """What `lstm-onnx plugins` shows of one plugin; `problem` says why it cannot be used."""

    name: str
    package: str
    version: str
    hooks: tuple[str, ...] = ()
    summary: str = ""
    problem: str | None = None


def survey() -> list[Plugin]:
    """Load every installed plugin and report on each, the broken ones with the reason."""
    points = installed()
    return [_examine(point, [p for p in points if p.name == point.name]) for point in points]


def _examine(point: EntryPoint, namesakes: list[EntryPoint]) -> Plugin:
    package, version = package_of(point)
    if len(namesakes) > 1:
        others = sorted({package_of(p)[0] for p in namesakes} - {package}) or [package]
        return Plugin(point.name, package, version, problem=f"the name is also claimed by {', '.join(others)}")
    try:
        module = point.load()
        summary = _summary(module, point.name, package)
    except Exception as error:
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return Plugin(point.name, package, version, problem=reason)
    return Plugin(point.name, package, version, hooks=hooks_of(module, package), summary=summary)


def _summary(module: object, name: str, package: str) -> str:
    """Say what a plugin brings: its task, or where it has none its embed targets and its commands."""
    if "lstm_onnx_tasks" in hooks_of(module, package):
        return pick(tasks_of(module, package), name, package).summary
    targets = [t.name for t in targets_of(module, package)]
    parts = [f"embed --target {', '.join(targets)}"] if targets else []
    parts += [f"lstm-onnx {command}" for command in commands_of(module, package)]
    return "; ".join(parts) or pick(tasks_of(module, package), name, package).summary


@dataclass(frozen=True)
class Installed(Result):
    """The installed plugins."""

    plugins: Sequence[Plugin]

    def to_json(self) -> Iterable[str]:
        """Return all that is known of each."""
        yield encode([vars(p) for p in self.plugins])

    def to_text(self) -> Iterable[Shown]:
        """Return a row for each."""
        table = folding("name", "package", "version", "hooks", "what it does")
        for p in self.plugins:
            last = p.summary if p.problem is None else broken(p.problem)
            table.add_row(p.name, p.package, p.version, ", ".join(p.hooks), last)
        yield table


def plugins() -> Installed:
    """Look at every installed plugin."""
    return Installed(survey())
