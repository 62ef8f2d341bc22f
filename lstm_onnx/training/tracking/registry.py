"""Finds observers by their names: ours, those of plugins that are loaded, or those of any that is installed."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_onnx.errors import UserError, nearest
from lstm_onnx.plugins import registry
from lstm_onnx.training.observers import Observer, Observers
from lstm_onnx.training.tracking import builtin

HOOK = "lstm_onnx_observers"


def together(observers: Observer | str | Sequence[Observer | str]) -> Observers:
    """Make one observer of several, each given itself or by the name under which a plugin announces it.

    Raises:
        UserError: no plugin announces an observer of that name, it lacks a package, or something else was given.
    """
    given = [observers] if isinstance(observers, Observer | str) else list(observers)
    found = []
    for one in given:
        if not isinstance(one, Observer | str):
            raise UserError(
                f"train: an observer is a {type(one).__name__}; give an instance of lstm_onnx.plugin.Observer, or a "
                f"name such as 'tensorboard'"
            )
        found.append(named(one) if isinstance(one, str) else one)
    made = Observers(found)
    made.prepare()
    return made


def named(name: str) -> Observer:
    """Return a new observer of that name; plugins that are not loaded yet are asked only if no other has it.

    Raises:
        UserError: there is none.
    """
    registry.register(builtin, "lstm-onnx")
    there = {o.name: o for o in registry.collected(HOOK, Observer)}
    if name in there:
        return there[name]
    _, broken = registry.load_installed()
    there = {o.name: o for o in registry.collected(HOOK, Observer)}
    if name not in there:
        lost = "".join(f"; {line}" for line in broken)
        raise UserError(f"--track {name}: there is no such observer{nearest(name, there)}{lost}")
    return there[name]
