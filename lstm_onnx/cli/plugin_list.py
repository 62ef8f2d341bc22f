"""What `lstm-onnx plugins` shows: every installed plugin, the broken ones with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from lstm_onnx.embedding.registry import targets_of
from lstm_onnx.errors import UserError
from lstm_onnx.plugins.registry import GROUP, hooks_of, package_of, pick, tasks_of


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
    points = sorted(entry_points(group=GROUP), key=lambda p: p.name)
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
    """Say what a plugin brings: its task, or where it has none its embed targets."""
    targets = targets_of(module, package)
    if targets and "lstm_onnx_tasks" not in hooks_of(module, package):
        return f"embed --target {', '.join(t.name for t in targets)}"
    return pick(tasks_of(module, package), name, package).summary
