"""What plugins are installed, by name, without loading any."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

GROUP = "lstm_onnx"
"""The group of entry points that plugins register in."""


def installed() -> list[EntryPoint]:
    """Entry points of all installed plugins, by name."""
    return sorted(entry_points(group=GROUP), key=lambda p: p.name)


def task_names() -> list[str]:
    """Names of all installed plugins."""
    return sorted({p.name for p in installed()})


def package_of(point: EntryPoint) -> tuple[str, str]:
    """Name and version of the package that an entry point belongs to."""
    return (point.dist.name, point.dist.version) if point.dist else ("unknown", "?")
