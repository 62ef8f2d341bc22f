"""The command line: what commands there are, and which exit status an error has.

A command is a file beside this one, with a function of its name that returns what it came to; `console` prints it.
Nothing but the command that is asked for is imported, so that `--help` answers at once and `predict` never loads torch.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from lstm_onnx.cli.console import complain, err
from lstm_onnx.errors import CheckFailed, Interrupted, UserError, nearest
from lstm_onnx.version import __version__

if TYPE_CHECKING:
    from typer._click import Command, Context
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem

COMMANDS = {
    "init": "Say what a table seems to hold, and write it as options to edit and train with.",
    "train": "Train a model; [bold]--plugin NAME --help[/] shows the options of that task too.",
    "tune": "Search the options of a task for the best run; resumable, by several processes if you like.",
    "export": "Write a run as one .onnx file, or several variants of it, proved against PyTorch first.",
    "verify": "Check that a file is what its contract says, and answers as it should.",
    "adopt": "Give a file that somebody else exported a contract, scaling, golden examples, and proof.",
    "predict": "Answer for new data.",
    "evaluate": "Score a model on the test part of some data, beside naive baselines.",
    "explain": "Say which steps, columns, words or patches an answer rests on.",
    "report": "Write one page, or a model card, about a run or a file: to read, to print, to send.",
    "inspect": "Show what a file says of itself.",
    "sign": "Sign a file, so that whoever has your public key can tell that it is yours.",
    "doctor": "Tell what of a file a runtime would not run, and what to do instead.",
    "bench": "Measure latency, throughput, start-up, memory and size on this machine.",
    "embed": "Write a small, self-testing program in another language around a file.",
    "data": "Write a data set that a plugin brings, or list them all.",
    "new": "Write a plugin of one file to begin from, which trains as it is.",
    "check": "Hold a plugin to what every plugin must pass.",
    "plugins": "List the installed plugins, the broken ones with the reason.",
}
"""Each command with what it does. `NAME` is the function `NAME` in `lstm_onnx/cli/NAME.py`."""

MORE_OBJECTS = 200_000
"""New objects after which garbage is looked for; Python's own 700 are few where importing `export` makes 667,000."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; see the module."""
    # OpenMP reads it as torch is loaded: threads that spin while they wait for one that another program keeps from its
    # core made steps of 30 ms last for more than a second (benchmarks/speed/README.md)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # what is imported and traced stays: looking for garbage among it took 2.8 of 20 s (benchmarks/speed/README.md)
    gc.set_threshold(MORE_OBJECTS, *gc.get_threshold()[1:])
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status: 0, 1 (a check failed), 2 (bad input) or 130 (Ctrl-C)."""
    try:
        build().main(list(arguments), prog_name="lstm-onnx", standalone_mode=False)
    except CheckFailed as error:
        complain("failed:", str(error))
        return 1
    except UserError as error:
        complain("error:", str(error))
        return 130 if isinstance(error, Interrupted) else 2
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package.startswith("lstm_onnx"):
            raise
        complain("error:", f"this needs the package {package}, which a light install leaves out: pip install lstm-onnx")
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        complain("error:", _of_system(error))
        return 2
    except TyperException as error:
        if message := _message(error):  # there is none where the help was shown for want of a command
            complain("error:", f"{message} (lstm-onnx --help)")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        err.print("stopped")
        return 130
    return 0


def _of_system(error: OSError) -> str:
    """Say in a line what the system refused, whichever file it was and whoever asked: permissions, names, disks."""
    name = os.fsdecode(error.filename)
    shown = name if len(name) <= 240 else f"{name[:80]}…{name[-40:]}"
    return f"{shown}: {error.strerror or type(error).__name__}; check the name, and what you may read and write"


def _message(error: TyperException) -> str:
    """Return the message of a command line that cannot be read; a word that is no choice gets a suggestion."""
    message = error.format_message()
    parameter = getattr(error, "param", None)
    known = getattr(getattr(parameter, "type_descriptor", None), "choices", None)
    if known and (wrong := re.search(r"'([^']*)' is not one of ", message)):
        option = max(parameter.opts, key=len)  # type: ignore[union-attr]
        return f"{option} {wrong[1]}: there is no such {option.lstrip('-')}{nearest(wrong[1], map(str, known))}"
    return message


def build() -> TyperGroup:
    """Put the application together."""
    app = typer.Typer(
        name="lstm-onnx",
        cls=_Commands,
        help="Train an LSTM, and ship one .onnx file that is the whole answer.",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    app.callback()(_top)
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def _print_version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit()


def _top(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="print the version and stop"),
    ] = False,
) -> None:
    """Train an LSTM, and ship one .onnx file that is the whole answer."""


class _Commands(TyperGroup):
    """Our commands, each imported when it runs, and those of plugins, which are loaded when help or a name needs it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.update({n: _Unloaded(n, help=help, rich_markup_mode="rich") for n, help in COMMANDS.items()})

    @cached_property
    def plugins(self) -> tuple[dict[str, Command], list[str]]:
        """Commands of plugins, and what went wrong."""
        from lstm_onnx.cli.plugin_commands import plugin_commands

        return plugin_commands(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return a command by its name."""
        if cmd_name in self.commands or cmd_name.startswith("-"):
            return self.commands.get(cmd_name)
        self.commands.update(self.plugins[0])
        for line in () if cmd_name in self.commands else self.plugins[1]:
            complain("broken:", line)
        return self.commands.get(cmd_name)

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the help, with the commands of plugins."""
        self.commands.update(self.plugins[0])
        super().format_help(ctx, formatter)
        for line in self.plugins[1]:
            complain("broken:", line)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command; plugins are loaded where none of ours begins so."""
        if incomplete and not any(name.startswith(incomplete) for name in self.commands):
            self.commands.update(self.plugins[0])
        return super().shell_complete(ctx, incomplete)


class _Unloaded(TyperCommand):
    """One of our commands, known by name and help until it is asked to read its words."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any
    ) -> Context:
        """Import the command, and let it read the words."""
        assert self.name is not None
        command, words = load(self.name, args, parent is not None and parent.resilient_parsing)
        return command.make_context(info_name, words, parent=parent, **extra)


def load(name: str, words: Sequence[str] = (), lenient: bool = False) -> tuple[TyperCommand, list[str]]:
    """Import one of our commands.

    Args:
        name: of the command.
        words: that follow it, as they may name a task, whose options then are options of `train`.
        lenient: do without the task's options where it does not load, as for `--help` and completion.

    Returns:
        the command, and the words with `--batch 1 8` written as `--batch 1 --batch 8`.
    """
    from lstm_onnx.cli.command import make_command, models_of, spread_lists

    module = import_module(f"lstm_onnx.cli.{name}")
    function = getattr(module, name)
    models: dict[str, type[BaseModel]] = {}
    if name in ("train", "tune"):
        models = module.option_models(words, lenient or "--help" in words)
    command = make_command(name, COMMANDS[name], function, models)
    words = spread_lists(words, models_of(function))
    return command, spread_lists(words, models.values(), free=True)
