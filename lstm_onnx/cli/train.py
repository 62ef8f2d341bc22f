"""`lstm-onnx train`: train a model, or go on with an interrupted run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, Field

from lstm_onnx.cli import several
from lstm_onnx.cli.command import given
from lstm_onnx.cli.console import Result, Shown, encode, out
from lstm_onnx.cli.options import data_in_toml, plugin_in_toml, read_toml, value_of
from lstm_onnx.cli.searching import train_best
from lstm_onnx.cli.several import TrainedSeveral
from lstm_onnx.cli.tables import behind, scores_json, scores_table
from lstm_onnx.errors import UserError
from lstm_onnx.options import OnCommandLine, Options, check_disjoint, flag
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
        if not _speaks():
            return
        record = self.run.record
        about = {
            "event": "end",
            "run": str(self.run.folder),
            "best_epoch": record.best_epoch,
            "ahead": list(record.ahead),
        }
        yield encode(about | scores_json(record.scores))

    def to_text(self) -> Iterable[Shown]:
        """Return the scores, and where everything lies."""
        if not _speaks():
            return
        record = self.run.record
        if record.scores is not None:
            yield scores_table(record.scores, f"test scores of epoch {record.best_epoch}")
        pictures = sorted(self.run.plots.glob("*.png"))
        lost = behind(record.scores, record.ahead) if record.scores is not None else {}
        yield lost | {
            "run": self.run.folder,
            "pictures": ", ".join(str(p) for p in pictures) or "none",
            "next": f"lstm-onnx export {self.run.folder}",
        }


def _speaks() -> bool:
    """Whether this process is the first of several that train one model, or the only one."""
    from lstm_onnx.training.workers import asked

    return asked()[0] == 0


class RunOptions(Options):
    """What to train, and where to leave it."""

    plugin: Annotated[str | None, OnCommandLine(complete=task_names)] = Field(
        None, description="task to train, see lstm-onnx plugins; that of the plugin file, if it has only one"
    )
    config: Path | None = Field(None, description="TOML file with any of these options, as lstm-onnx init writes it")
    resume: Path | None = Field(None, description="run folder of an interrupted training to go on with")
    start: Annotated[Path | None, OnCommandLine("from")] = Field(
        None, description="run folder to go on from with new data: its options, its words and classes, its weights"
    )
    plugin_file: Path | None = Field(None, description="Python file that holds the plugin, if it is not installed")
    name: str | None = Field(None, description="name of the run folder")
    runs: Path = Field(Path("runs"), description="folder of the run folders")
    track: tuple[str, ...] = Field(
        (), description="also tell this tracker: tensorboard, mlflow, or a plugin's; several"
    )
    folds: int | None = Field(
        None, ge=2, description="train so many runs, each tested on another part of the data: mean and spread"
    )
    seeds: int | None = Field(None, ge=2, description="train so many runs with seeds from --seed on: mean and spread")
    auto: bool = Field(False, description="search the task's options for a while, and leave the best run: see tune")
    minutes: float = Field(10.0, gt=0, description="of --auto, how long to search; the recipe is trained to its end")
    quiet: bool = Field(False, description="print only the last lines")


_FOR_SEVERAL = ("folds", "seeds", "runs", "name", "plugin_file", "start")


def train(
    data: Annotated[
        Path | None, typer.Argument(help="file or folder to learn from; the plugin's own set if not given")
    ] = None,
    data_option: Annotated[
        Path | None, typer.Option("--data", help="the same as DATA; with --resume, where the data is now")
    ] = None,
    *,
    options: RunOptions,
    as_json: bool,
    **fields: Any,
) -> Trained | TrainedSeveral:
    """Train, showing how it goes; `fields` are options of the task and of training.

    Raises:
        UserError: no task is named, data is named twice, or as `lstm_onnx.train`.
    """
    from lstm_onnx.training import train as training
    from lstm_onnx.training.workers import refuse_workers

    if data is not None and data_option is not None and data != data_option:
        raise UserError(f"--data {data_option}: learns from {data} already; leave one of them out")
    if options.resume is not None:
        others = {"DATA": data, "--config": options.config, "--name": options.name}
        others |= {flag(field): value for field, value in fields.items()}
        if extra := [option for option, value in others.items() if value is not None]:
            raise UserError(f"--resume: goes on with the data and options of that run; leave {extra[0]} out")
        return _resume(options.resume, data_option, options, as_json)
    found = named_task(options.plugin or _plugin_of(options.start), options.config, options.plugin_file)
    if found is None:
        raise UserError(f"say which task to train with --plugin; there is: {', '.join(task_names())}")
    task = found.task
    if data is None and data_option is None and options.config is not None:
        data = data_in_toml(options.config)
    models: dict[str, type[BaseModel]] = {"training": TrainingOptions, task.name: task.Config}
    stored = read_toml(options.config, models) if options.config is not None else {}
    values = {n: {**stored.get(n, {}), **given(fields, model)} for n, model in models.items()}
    if options.auto or options.folds is not None or options.seeds is not None:
        refuse_workers("--auto" if options.auto else "--folds" if options.folds is not None else "--seeds")
    if options.auto:
        chosen = data if data is not None else data_option
        return Trained(train_best(task.name, chosen, options, {**values[task.name], **values["training"]}, as_json))
    if options.folds is not None or options.seeds is not None:
        asked = {**values[task.name], **values["training"], **options.model_dump(include=set(_FOR_SEVERAL))}
        watchers = _watchers(task, options, as_json)
        chosen = data if data is not None else data_option
        return several.train_several(task, chosen, watchers, options.quiet or as_json, asked)
    with closing(_view(task, as_json)) as view:
        run = training.train(
            task.name,
            data if data is not None else data_option,
            runs=options.runs,
            name=options.name,
            plugin_file=options.plugin_file,
            observers=_observers(view, options),
            start=options.start,
            **values[task.name],
            **values["training"],
        )
    return Trained(run)


def _plugin_of(start: Path | None) -> str | None:
    """Name the task of the run that is gone on from."""
    if start is None:
        return None
    from lstm_onnx.training.run_folder import open_run

    return open_run(start).record.task


def _watchers(task: AnyTask, options: RunOptions, as_json: bool) -> Callable[[], list[Observer | str]]:
    """Return what makes the observers of one run of several."""
    return lambda: _observers(_view(task, as_json), options)


def _resume(folder: Path, data: Path | None, options: RunOptions, as_json: bool) -> Trained | TrainedSeveral:
    from lstm_onnx.training import train as training
    from lstm_onnx.training.plan import is_several, plan_of
    from lstm_onnx.training.restore import find_task
    from lstm_onnx.training.run_folder import open_run
    from lstm_onnx.training.several import task_of

    if is_several(folder):
        if data is not None:
            raise UserError(f"--data {data}: {folder} holds several runs, whose data stays where it was; leave it out")
        first = task_of(plan_of(folder))
        return several.resume_several(folder, _watchers(first, options, as_json), options.quiet or as_json)
    with closing(_view(find_task(open_run(folder), options.plugin_file).task, as_json)) as view:
        observers = _observers(view, options)
        return Trained(training.resume(folder, observers, data=data, plugin_file=options.plugin_file))


def _view(task: AnyTask, as_json: bool) -> TrainingView:
    from lstm_onnx.cli.training_view import TrainingView

    return TrainingView(out, task.primary_metric.name, as_json)


def _observers(view: TrainingView, options: RunOptions) -> list[Observer | str]:
    return [*options.track] if options.quiet else [view, *options.track]


def option_models(words: Sequence[str], lenient: bool) -> dict[str, type[BaseModel]]:
    """Return the models whose fields are options of `train`: the task that the words name brings some too.

    Raises:
        UserError: the task does not load, unless that is `lenient`, or hides options of training.
    """
    file, toml = value_of("--plugin-file", words), value_of("--config", words)
    models: dict[str, type[BaseModel]] = {"training": TrainingOptions}
    try:
        start = value_of("--from", words)
        plugin = value_of("--plugin", words) or _plugin_of(Path(start) if start else None)
        found = named_task(plugin, Path(toml) if toml else None, Path(file) if file else None)
    except UserError:
        if not lenient:
            raise
        found = None
    if found is not None:
        models[found.task.name] = found.task.Config
    check_disjoint(models)
    return models


def named_task(plugin: str | None, config: Path | None, plugin_file: Path | None) -> Found | None:
    """Load the task that is named by an option, by a TOML file, or as the only one of a plugin file."""
    name = plugin if plugin is not None or config is None else plugin_in_toml(config)
    if name is not None:
        from lstm_onnx.plugins.registry import load_task

        return load_task(name, plugin_file)
    if plugin_file is not None:
        from lstm_onnx.plugins.registry import load_only_task

        return load_only_task(plugin_file)
    return None
