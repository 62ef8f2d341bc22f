"""The version of the interface that plugins are written for."""

from __future__ import annotations

import ast

from lstm_onnx.errors import UserError

INTERFACE = 2
"""Rises where a plugin that was written for the one before might no longer load, or no longer mean the same."""


def refuse_newer(wanted: object, where: str) -> None:
    """Refuse a plugin that says it is written for a newer interface than this release has.

    Args:
        wanted: the value of `INTERFACE` in the plugin's module; None where it says nothing.
        where: the plugin, for errors.
    """
    if wanted is None:
        return
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise UserError(f"{where}: its INTERFACE is {wanted!r}, and must be a whole number, such as {INTERFACE}")
    if wanted > INTERFACE:
        raise UserError(
            f"{where}: is written for interface {wanted} of lstm_onnx.plugin, and this release has {INTERFACE}; update "
            f"lstm-onnx, or take an older release of the plugin"
        )


def interface_in(source: bytes) -> object:
    """Return what a Python file assigns to `INTERFACE`, read without executing it; None where that cannot be told.

    A newer plugin may fail at its imports, before it has said anything.
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return None  # importing it tells what is wrong
    for line in body:
        names = (
            line.targets if isinstance(line, ast.Assign) else [line.target] if isinstance(line, ast.AnnAssign) else []
        )
        value = getattr(line, "value", None)
        if any(isinstance(n, ast.Name) and n.id == "INTERFACE" for n in names) and isinstance(value, ast.Constant):
            return value.value
    return None
