"""Collects the targets that `lstm-onnx embed` can write for: ours, and those of every plugin that loads."""

from __future__ import annotations

from pathlib import Path

from lstm_onnx.embedding import builtin_targets
from lstm_onnx.embedding.target import EmbedTarget
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.plugins.entry_points import package_of
from lstm_onnx.plugins.registry import announced, broken_line, import_file, load_installed


def load_targets(plugin_file: Path | None = None) -> tuple[list[EmbedTarget], list[str]]:
    """Collect what `lstm-onnx embed` can write for: our targets, and those of every plugin that loads.

    Returns:
        the targets, and one line for each plugin that does not load.

    Raises:
        UserError: two plugins claim one name, or the plugin file does not load.
    """
    found = [("lstm-onnx", t) for t in targets_of(builtin_targets, "lstm-onnx")]
    if plugin_file is not None:
        found += [(str(plugin_file), t) for t in targets_of(import_file(plugin_file), str(plugin_file))]
    installed, broken = load_installed()
    for one in installed:
        package, version = package_of(one.point)
        try:
            found += [(package, t) for t in targets_of(one.plugin, f"{package} {version}")]
        except Exception as error:
            broken.append(broken_line(one.point, error))
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


def targets_of(plugin: object, where: str) -> list[EmbedTarget]:
    """Return the embed targets that a plugin announces."""
    return announced(plugin, "lstm_onnx_embed_targets", EmbedTarget, where)
