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
    from lstm_onnx.embedding.target import EmbedTarget

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
