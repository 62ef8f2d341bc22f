"""The command line: reads options, calls one function, prints. No logic.

Heavy imports stay inside the commands, so that `--help` answers at once and `predict` never loads torch.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

import typer
from rich.console import Console
from rich.markup import escape
from typer.exceptions import TyperException

from lstm_onnx.cli import options
from lstm_onnx.cli.plugin_list import survey
from lstm_onnx.contract import Variant
from lstm_onnx.errors import CheckFailed, Interrupted, UserError, nearest
from lstm_onnx.plugins.registry import Found, load_task, task_names
from lstm_onnx.training.options import TrainingOptions, check_disjoint
from lstm_onnx.version import __version__

out = Console()
err = Console(stderr=True)

Provider = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="where ONNX Runtime computes")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads; one is fastest for small models")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of tables")]
Timeout = Annotated[
    float | None, typer.Option(min=0, help="seconds that the model may take altogether; a foreign one may never end")
]
PluginFile = Annotated[Path | None, typer.Option(help="Python file that holds the plugin, if it is not installed")]
Runs = Annotated[Path, typer.Option(help="folder of the run folders")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; see the module."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status: 0, 1 (a check failed), 2 (bad input) or 130 (Ctrl-C)."""
    try:
        found, plugin_error = _peek(arguments)
        models = _option_models(found)
        app = build(models)
        if arguments[:1] == ["train"]:
            if plugin_error and "--help" not in arguments:
                raise plugin_error
            arguments = options.spread_lists(arguments, list(models.values()))
        elif arguments[:1] == ["bench"]:
            arguments = _spread_numbers(arguments, {"--batch", "--length", "--threads"})
        typer.main.get_command(app).main(arguments, prog_name="lstm-onnx", standalone_mode=False)
    except CheckFailed as error:
        err.print(f"[red]failed:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    except UserError as error:
        err.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 130 if isinstance(error, Interrupted) else 2
    except TyperException as error:
        message = error.format_message().replace("Value error, ", "")
        err.print(f"[red]error:[/] {escape(message)} (lstm-onnx --help)", highlight=False, soft_wrap=True)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        err.print("stopped")
        return 130
    return 0


def _peek(arguments: list[str]) -> tuple[Found | None, UserError | None]:
    """Load the plugin that `train` is about to use, because its options become options of the command."""
    if arguments[:1] != ["train"]:
        return None, None
    name = _value_of("--plugin", arguments)
    toml = _value_of("--config", arguments)
    if name is None and toml is not None:
        name = options.plugin_in_toml(Path(toml))
    if name is None:
        return None, None
    file = _value_of("--plugin-file", arguments)
    try:
        return load_task(name, Path(file) if file else None), None
    except UserError as error:
        return None, error


def _value_of(option: str, arguments: list[str]) -> str | None:
    for position, argument in enumerate(arguments):
        if argument == option and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith(option + "="):
            return argument.removeprefix(option + "=")
    return None


def _spread_numbers(arguments: list[str], lists: set[str]) -> list[str]:
    """Turn `--batch 1 8 FILE` into `--batch 1 --batch 8 FILE`; a word that is no number ends the list."""
    spread: list[str] = []
    current: str | None = None
    for argument in arguments:
        if not argument.isdecimal():
            name = argument.partition("=")[0]
            current = name if name in lists else None
        elif current is not None and spread[-1] != current:
            spread.append(current)
        spread.append(argument)
    return spread


def _option_models(found: Found | None) -> dict[str, Any]:
    models: dict[str, Any] = {"training": TrainingOptions}
    if found is not None:
        models[found.task.name] = found.task.Config
    check_disjoint(models)
    return models


def build(models: dict[str, Any]) -> typer.Typer:
    """Put the application together; `models` are those whose fields are options of `train`."""
    app = typer.Typer(
        name="lstm-onnx",
        help="Train an LSTM, and ship one .onnx file that is the whole answer.",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    app.callback()(version)
    for command in (
        _train_command(models),
        export,
        verify,
        predict,
        evaluate,
        inspect_file,
        doctor,
        bench,
        embed,
        plugins,
    ):
        app.command("inspect" if command is inspect_file else command.__name__)(command)
    return app


def version(
    show: Annotated[bool, typer.Option("--version", help="print the version and stop", is_eager=True)] = False,
) -> None:
    """Train an LSTM, and ship one .onnx file that is the whole answer."""
    if show:
        print(__version__)
        raise typer.Exit()


def _train_command(models: dict[str, Any]) -> Callable[..., None]:
    def train(
        plugin: Annotated[str | None, typer.Option(help=f"task to train: {', '.join(task_names())}")] = None,
        data: Annotated[Path | None, typer.Option(help="file to learn from; the plugin's own set if not given")] = None,
        config: Annotated[Path | None, typer.Option(help="TOML file with any of these options")] = None,
        resume: Annotated[Path | None, typer.Option(help="run folder of an interrupted training to go on with")] = None,
        plugin_file: PluginFile = None,
        name: Annotated[str | None, typer.Option(help="name of the run folder")] = None,
        runs: Runs = Path("runs"),
        quiet: Annotated[bool, typer.Option("--quiet", help="print only the last lines")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="print a JSON object a line")] = False,
        **given: Any,
    ) -> None:
        """Train a model; [bold]--plugin NAME --help[/] shows the options of that task too."""
        from lstm_onnx.cli import commands

        values = options.split_values(given, models)
        if resume is not None:
            commands.resume(resume, data, plugin_file, out, quiet, as_json)
            return
        if plugin is None and len(models) == 1:
            raise UserError(f"say which task to train with --plugin; there is: {', '.join(task_names())}")
        task_name = next(n for n in models if n != "training")
        if config is not None:
            stored = options.read_toml(config, models)
            values = {n: {**stored[n], **values[n]} for n in models}
        commands.train(
            task_name, data, values[task_name], values["training"], runs, name, plugin_file, out, quiet, as_json
        )

    fixed = list(inspect.signature(train, eval_str=True).parameters.values())[:-1]
    fixed = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in fixed]
    made = [p for n, model in models.items() for p in options.parameters(model, n)]
    train.__signature__ = inspect.Signature([*fixed, *made])  # type: ignore[attr-defined]
    return train


def export(
    run_folder: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="run folder; the newest one")] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="file to write; exported/NAME.onnx. Beside it, variants add their name"),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(help="fp32, streaming, int8 or fp16; several at once: --variant fp32 --variant int8"),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(min=0, help="percent of the test metric that int8 or fp16 may lose against fp32")
    ] = 1.0,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="write a variant that loses more, and say so in it; overwrite what another run made"
        ),
    ] = False,
    opset: Annotated[int | None, typer.Option(help="ONNX opset of the files; what the graph needs, 18 or so")] = None,
    ir_version: Annotated[int | None, typer.Option(help="ONNX IR of the files; the lowest that carries it")] = None,
    target: Annotated[str | None, typer.Option(help="refuse what this runtime cannot run; see doctor")] = None,
    numeric: Annotated[
        bool, typer.Option("--numeric", help="without strings, which few runtimes have: ids in, numbers of labels out")
    ] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="change an option that a trained model can do with; several"),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="where the data of the run is now, if it was moved")] = None,
    plugin_file: PluginFile = None,
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Write a run as one .onnx file, or several variants of it, proved against PyTorch first."""
    from lstm_onnx.cli import commands
    from lstm_onnx.exporting.export import ExportOptions

    chosen = _variants(variant or ["fp32"])
    to_change = options.named_values(changes or [])
    wish = ExportOptions(chosen, max_drop, force, opset, ir_version, target, numeric, to_change, data, plugin_file)
    commands.export(run_folder, to, runs, wish, out, as_json)


def _variants(given: list[str]) -> tuple[Variant, ...]:
    known = get_args(Variant)
    for name in given:
        if name not in known:
            raise UserError(f"--variant {name}: there is no such variant{nearest(name, known)}")
    return tuple(cast(list[Variant], given))


def verify(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    run_folder: Annotated[Path | None, typer.Option("--run", help="also compare with PyTorch's answers")] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="what to ask besides ONNX Runtime: reference, openvino, c, or all that is installed"),
    ] = None,
    plugin_file: PluginFile = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Check that a file is what its contract says, and answers as it should."""
    from lstm_onnx.cli import commands
    from lstm_onnx.inference.deadline import deadline

    with deadline(timeout):
        commands.verify(file, run_folder, engine, plugin_file, out, as_json)


def predict(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    data: Annotated[
        Path | None,
        typer.Argument(help="table (CSV, Parquet), picture, folder of them, or arrays by name (.npz, .json)"),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option(help="a text to answer for, instead of a file; several: --text A --text B")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="show only so many labels of each answer, the likeliest first")
    ] = None,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="read rows from standard input, CSV or JSON, and answer each at once in JSON"),
    ] = False,
    to: Annotated[Path | None, typer.Option("--out", help="write the answers as .csv, .parquet or .json")] = None,
    plot: Annotated[Path | None, typer.Option(help="draw the answers to this .png, .svg or .pdf")] = None,
    attention: Annotated[
        Path | None, typer.Option(help="draw what the model looked at, if it attends, to this .png, .svg or .pdf")
    ] = None,
    plugin_file: PluginFile = None,
    provider: Provider = "auto",
    threads: Threads = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Answer for new data."""
    from lstm_onnx.cli import commands
    from lstm_onnx.inference.deadline import deadline

    if stream:
        others: dict[str, Any] = {"DATA": data, "--text": text, "--top-k": top_k, "--out": to, "--plot": plot}
        others |= {"--attention": attention, "--timeout": timeout}
        if extra := [name for name, value in others.items() if value is not None]:
            raise UserError(f"--stream reads standard input and prints JSON lines; leave {extra[0]} out")
        commands.predict_stream(file, provider, threads)
        return
    if text and data is not None:
        raise UserError(f"--text: answers for texts instead of the file {data}; leave one of them out")
    given = text or data
    if not given:
        raise UserError("say what to answer for: a file of data after the model, --text, or --stream")
    with deadline(timeout):
        commands.predict(file, given, top_k, to, plot, attention, plugin_file, provider, threads, out, as_json)


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="run folder or exported .onnx file")],
    data: Annotated[Path | None, typer.Argument(help="file to score on; the model's own test data")] = None,
    plot: Annotated[Path | None, typer.Option(help="folder for the task's pictures")] = None,
    plugin_file: PluginFile = None,
    provider: Provider = "auto",
    threads: Threads = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on the test part of some data, beside naive baselines."""
    from lstm_onnx.cli import commands
    from lstm_onnx.inference.deadline import deadline

    with deadline(timeout):
        commands.evaluate(model, data, plot, plugin_file, provider, threads, out, as_json)


def inspect_file(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    as_json: AsJson = False,
) -> None:
    """Show what a file says of itself."""
    from lstm_onnx.cli import commands

    commands.inspect(file, out, as_json)


def bench(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="exported .onnx files; variants are files")],
    batch: Annotated[
        list[int] | None, typer.Option(min=1, help="examples a call, 1 if not given; several: --batch 1 8")
    ] = None,
    length: Annotated[
        list[int] | None,
        typer.Option(min=1, help="steps of a sequence, or pixels of a side; as in training, of a streaming file 1"),
    ] = None,
    threads: Annotated[list[int] | None, typer.Option(min=1, help="CPU threads; 1 and the number of cores")] = None,
    provider: Provider = "auto",
    seconds: Annotated[float, typer.Option(min=0.01, help="seconds to spend on each combination")] = 1.0,
    plot: Annotated[Path | None, typer.Option(help="draw latency against size to this .png, .svg or .pdf")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure latency, throughput, start-up, memory and size on this machine."""
    from lstm_onnx.cli import commands

    commands.bench(files, batch or [1], length or [], threads or [], provider, seconds, plot, out, as_json)


def doctor(
    file: Annotated[Path, typer.Argument(help="exported .onnx file, or any other")],
    target: Annotated[
        list[str] | None, typer.Option(help="runtime that shall run it, such as web or openvino; several; all")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what of a file a runtime would not run, and what to do instead."""
    from lstm_onnx.cli import commands

    commands.doctor(file, target, out, as_json)


def embed(
    file: Annotated[Path | None, typer.Argument(help="exported .onnx file")] = None,
    target: Annotated[str | None, typer.Option(help="language and runtime, such as c; --list shows all")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="folder to write the program to")] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite files in the folder, whoever wrote them")] = False,
    show: Annotated[bool, typer.Option("--list", help="list the targets and what they need, and stop")] = False,
    plugin_file: PluginFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a small, self-testing program in another language around a file."""
    from lstm_onnx.cli import commands

    if show:
        commands.embed_targets(plugin_file, out, as_json)
        return
    if file is None or target is None or to is None:
        raise UserError("say what to embed, for what and where: lstm-onnx embed FILE --target c --out DIR; or --list")
    commands.embed(file, target, to, force, plugin_file, out, as_json)


def plugins(as_json: AsJson = False) -> None:
    """List the installed plugins, the broken ones with the reason."""
    from lstm_onnx.cli import console

    found = survey()
    if as_json:
        print(json.dumps([vars(p) for p in found], indent=2))
        return
    out.print(console.plugins_table(found))
