"""The hooks that a plugin may implement. Hooks announce things; the work of one task is done by methods of its `Task`.

A plugin is a module (or class) registered under the entry-point group `lstm_onnx`, with the task's name as the name of
the entry point, and functions marked with `lstm_onnx.plugin.hookimpl`:

    from lstm_onnx.plugin import hookimpl

    @hookimpl
    def lstm_onnx_tasks():
        return [MyTask()]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from lstm_onnx.task import Task

if TYPE_CHECKING:
    from typer import Typer

    from lstm_onnx.embedding.target import EmbedTarget
    from lstm_onnx.training.observers import Observer

hookspec = pluggy.HookspecMarker("lstm_onnx")
hookimpl = pluggy.HookimplMarker("lstm_onnx")


@hookspec
def lstm_onnx_tasks() -> list[Task]:  # type: ignore[empty-body, type-arg]
    """Return the tasks that this plugin brings.

    Called once, when the plugin is loaded. A task is found under its `name`, which must be the name of the entry point;
    a plugin with several tasks registers an entry point for each.
    """


@hookspec
def lstm_onnx_embed_targets() -> list[EmbedTarget]:  # type: ignore[empty-body]
    """Return the languages and runtimes for which this plugin lets `lstm-onnx embed` write programs.

    Called once, when the plugin is loaded. A target is found under its `name`, which no two plugins may share; the
    entry point of a plugin that brings targets and no task may have any name.
    """


@hookspec
def lstm_onnx_observers() -> list[Observer]:  # type: ignore[empty-body]
    """Return new observers of training, each with a `name` by which a person asks for it.

    Called whenever one is asked for: `lstm-onnx train --track NAME`, or `train(..., observers=["NAME"])`. An observer
    imports what it needs in its methods, and says in `prepare` what is missing.
    """


@hookspec
def lstm_onnx_commands(app: Typer) -> None:
    """Add commands to the command line, as in any program that Typer makes: `app.command("NAME")(function)`.

    Called for `lstm-onnx --help` and when a command is asked for that is not built in, if the module of the entry point
    names this hook in its source; the module should be quick to import. A command of our own, or of a plugin that comes
    earlier in the alphabet, is not replaced. Raise `UserError` for what a person can mend.
    """
