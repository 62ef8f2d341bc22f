"""`lstm-onnx train`: train a model, or go on with an interrupted run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel

from lstm_onnx.cli.command import given
from lstm_onnx.cli.console import Result, Shown, encode, out
from lstm_onnx.cli.options import plugin_in_toml, read_toml, value_of
from lstm_onnx.cli.tables import scores_json, scores_table
from lstm_onnx.errors import UserError
from lstm_onnx.options import check_disjoint, flag
from lstm_onnx.plugins.entry_points import task_names
from lstm_onnx.training.options import TrainingOptions

if TYPE_CHECKING:
    from lstm_onnx.cli.training_view import TrainingView
    from lstm_onnx.plugins.registry import Found
    from lstm_onnx.task import AnyTask
    from lstm_onnx.training.observers import Observer
    from lstm_onnx.training.run_folder import Run


@dataclass(frozen=True)
class Trained(Result):
    """A finished run."""

    run: Run

    def to_json(self) -> Iterable[str]:
        """Return the last event."""
        record = self.run.record
        about = {"event": "end", "run": str(self.run.folder), "best_epoch": record.best_epoch}
        yield encode(about | scores_json(record.scores))

    def to_text(self) -> Iterable[Shown]:
        """Return the scores, and where everything lies."""
        record = self.run.record
        if record.scores is not None:
            yield scores_table(record.scores, f"test scores of epoch {record.best_epoch}")
        pictures = sorted(self.run.plots.glob("*.png"))
        yield {
            "run": self.run.folder,
            "pictures": ", ".join(str(p) for p in pictures) or "none",
            "next": f"lstm-onnx export {self.run.folder}",
        }


def train(
    data: Annotated[
        Path | None, typer.Argument(help="file or folder to learn from; the plugin's own set if not given")
    ] = None,
    plugin: Annotated[
        str | None,
        typer.Option(
            help="task to train, see lstm-onnx plugins; that of the plugin file, if it has only one",
            autocompletion=task_names,
        ),
    ] = None,
    data_option: Annotated[
        Path | None, typer.Option("--data", help="the same as DATA; with --resume, where the data is now")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with any of these options")] = None,
    resume: Annotated[Path | None, typer.Option(help="run folder of an interrupted training to go on with")] = None,
    plugin_file: Annotated[
        Path | None, typer.Option(help="Python file that holds the plugin, if it is not installed")
    ] = None,
    name: Annotated[str | None, typer.Option(help="name of the run folder")] = None,
    runs: Annotated[Path, typer.Option(help="folder of the run folders")] = Path("runs"),
    track: Annotated[
        list[str] | None, typer.Option(help="also tell this tracker: tensorboard, mlflow, or a plugin's; several")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="print only the last lines")] = False,
    as_json: bool = False,
    **fields: Any,
) -> Trained:
    """Train, showing how it goes.

    Raises:
        UserError: no task is named, data is named twice, or as `lstm_onnx.train`.
    """
    from lstm_onnx.training import loop

    if data is not None and data_option is not None and data != data_option:
        raise UserError(f"--data {data_option}: learns from {data} already; leave one of them out")
    if resume is not None:
        others = {"DATA": data, "--config": config, "--name": name}
        others |= {flag(field): value for field, value in fields.items()}
        if extra := [option for option, value in others.items() if value is not None]:
            raise UserError(f"--resume {resume}: goes on with the options of that run; leave {extra[0]} out")
        return _resume(resume, data_option, plugin_file, track or [], quiet, as_json)
    found = _task_of(plugin, config, plugin_file)
    if found is None:
        raise UserError(f"say which task to train with --plugin; there is: {', '.join(task_names())}")
    task = found.task
    models: dict[str, type[BaseModel]] = {"training": TrainingOptions, task.name: task.Config}
    stored = read_toml(config, models) if config is not None else {n: {} for n in models}
    values = {n: {**stored[n], **given(fields, model)} for n, model in models.items()}
    view = _view(task, quiet, as_json)
    with closing(view):
        run = loop.train(
            task.name,
            data if data is not None else data_option,
            runs=runs,
            name=name,
            plugin_file=plugin_file,
            observers=[*([] if quiet else [view]), *(track or [])],
            **values[task.name],
            **values["training"],
        )
    return Trained(run)


def _resume(
    folder: Path, data: Path | None, plugin_file: Path | None, track: Sequence[str], quiet: bool, as_json: bool
) -> Trained:
    from lstm_onnx.training import loop
    from lstm_onnx.training.restore import find_task
    from lstm_onnx.training.run_folder import open_run

    view = _view(find_task(open_run(folder), plugin_file).task, quiet, as_json)
    with closing(view):
        observers: list[Observer | str] = [*([] if quiet else [view]), *track]
        return Trained(loop.resume(folder, observers, data=data, plugin_file=plugin_file))


def _view(task: AnyTask, quiet: bool, as_json: bool) -> TrainingView:
    from lstm_onnx.cli.training_view import TrainingView

    return TrainingView(out, task.primary_metric.name, as_json)


def option_models(words: Sequence[str], lenient: bool) -> dict[str, type[BaseModel]]:
    """Return the models whose fields are options of `train`: the task that the words name brings some too.

    Raises:
        UserError: the task does not load, unless that is `lenient`, or hides options of training.
    """
    file, toml = value_of("--plugin-file", words), value_of("--config", words)
    models: dict[str, type[BaseModel]] = {"training": TrainingOptions}
    try:
        found = _task_of(value_of("--plugin", words), Path(toml) if toml else None, Path(file) if file else None)
    except UserError:
        if not lenient:
            raise
        found = None
    if found is not None:
        models[found.task.name] = found.task.Config
    check_disjoint(models)
    return models


def _task_of(plugin: str | None, config: Path | None, plugin_file: Path | None) -> Found | None:
    """Load the task that is named by an option, by a TOML file, or as the only one of a plugin file."""
    name = plugin if plugin is not None or config is None else plugin_in_toml(config)
    if name is not None:
        from lstm_onnx.plugins.registry import load_task

        return load_task(name, plugin_file)
    if plugin_file is not None:
        from lstm_onnx.plugins.registry import load_only_task

        return load_only_task(plugin_file)
    return None
