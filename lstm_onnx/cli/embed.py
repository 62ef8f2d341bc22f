"""`lstm-onnx embed`: write a small, self-testing program around a file."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import broken, folding
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.embedding.generate import Embedded
    from lstm_onnx.embedding.target import EmbedTarget


@dataclass(frozen=True)
class Program(Result):
    """A program that was written."""

    written: Embedded

    def to_json(self) -> Iterable[str]:
        """Return its files, its commands, and what a person must know."""
        w = self.written
        steps = {what: some for what, some in w.commands.items() if some}
        yield encode({"folder": str(w.folder), "files": w.files, "commands": steps, "notes": w.notes})

    def to_text(self) -> Iterable[Shown]:
        """Return how to build, test and run it."""
        w = self.written
        steps = {what: " && ".join(some) for what, some in w.commands.items() if some}
        yield {"written": f"{w.folder} ({len(w.files)} files)", "go there": f"cd {shlex.quote(str(w.folder))}"} | steps
        for note in w.notes:
            yield {"note": note}
        if w.missing:
            yield {"not here": f"{', '.join(w.missing)}: needs {w.needs}"}


@dataclass(frozen=True)
class Targets(Result):
    """What `embed` can write for, and which plugins could not be asked."""

    targets: list[EmbedTarget]
    lost: list[str]

    def to_json(self) -> Iterable[str]:
        """Return the targets."""
        yield encode([{"name": t.name, "title": t.title, "needs": t.needs} for t in self.targets])

    def to_text(self) -> Iterable[Shown]:
        """Return the targets, and what that takes."""
        table = folding("target", "what is written", "needs")
        for t in self.targets:
            table.add_row(t.name, t.title, t.needs)
        yield table
        yield from map(broken, self.lost)


def embed(
    file: Annotated[Path | None, typer.Argument(help="exported .onnx file")] = None,
    target: Annotated[str | None, typer.Option(help="language and runtime, such as c; --list shows all")] = None,
    to: Annotated[Path | None, typer.Option("-o", "--out", help="folder to write the program to")] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite files in the folder, whoever wrote them")] = False,
    show: Annotated[bool, typer.Option("--list", help="list the targets and what they need, and stop")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="what the target lets you choose, such as module of go"),
    ] = None,
    plugin_file: Annotated[
        Path | None, typer.Option(help="Python file that holds the plugin, if it is not installed")
    ] = None,
) -> Program | Targets:
    """Write a program around a file, or list what it can be written for.

    Raises:
        UserError: something is missing, or as `lstm_onnx.embed`.
    """
    if show:
        from lstm_onnx.embedding.registry import load_targets

        return Targets(*load_targets(plugin_file))
    if file is None or target is None or to is None:
        raise UserError("say what to embed, for what and where: lstm-onnx embed FILE --target c --out DIR; or --list")
    from lstm_onnx.embedding import generate

    chosen = {}
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UserError(f"--set {setting}: has no equals sign; write it as --set NAME=VALUE")
        chosen[name] = value
    return Program(generate.embed(file, target, to, force, plugin_file, chosen))
