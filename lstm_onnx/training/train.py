"""Begins a training, or goes on with one: from what was asked for to the session that the loop works on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from torch import nn

from lstm_onnx.data.atomic_files import file_name, sweep
from lstm_onnx.data.folds import folding
from lstm_onnx.data.frames import as_file
from lstm_onnx.data.given import given_run
from lstm_onnx.errors import UserError
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.options import validate
from lstm_onnx.plugins import trust
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask, TaskData
from lstm_onnx.training.adam import Adam
from lstm_onnx.training.checkpoint import load_checkpoint
from lstm_onnx.training.devices import thread_count, threads_for, to_tensors
from lstm_onnx.training.going_on import options_of, restore_base
from lstm_onnx.training.loop import TrainingSession, fit, save
from lstm_onnx.training.observers import Observer
from lstm_onnx.training.options import TrainingOptions, of_release_0_1, sort_options, suited
from lstm_onnx.training.own_data import load_own, own_data
from lstm_onnx.training.precision import device_for
from lstm_onnx.training.provenance import fingerprint, now, versions
from lstm_onnx.training.record import Record
from lstm_onnx.training.refit import check_refit
from lstm_onnx.training.rehearsal import in_one_line, rehearse
from lstm_onnx.training.restore import find_task, load_weights
from lstm_onnx.training.run_folder import Run, create_folder, keep_table, open_run
from lstm_onnx.training.tensor_files import has_digest, load_tensors
from lstm_onnx.training.tracking.registry import together
from lstm_onnx.training.workers import Workers, join


def train(
    plugin: str,
    data: Any = None,
    *,
    runs: str | Path = "runs",
    name: str | None = None,
    plugin_file: str | Path | None = None,
    observers: Observer | str | Sequence[Observer | str] = (),
    start: Run | str | Path | None = None,
    **options: Any,
) -> Run:
    """Train a model and leave it in a new run folder.

    Args:
        plugin: name of the task.
        data: what to learn from: path of a file or folder, or a table of polars, pandas or pyarrow; None takes the
            small real data set that the plugin brings. The content of a table is kept in the run folder, as
            `data.parquet`; its hash is the run's fingerprint. So `resume`, `evaluate` and `export` of variants that are
            judged on the data need no file of yours. A file is not copied: it has to stay where it is.
        runs: folder in which the run folder is made.
        name: name of the run folder; from the task and the data if not given.
        plugin_file: Python file that holds the plugin, if it is not installed.
        observers: are told how it goes; each is an `Observer`, or the name of one that a plugin announces, such as
            `tensorboard` or `mlflow`.
        start: a run to go on from with new data: with its options, with what it learnt of its data (words, classes,
            scaling), and from its weights. What it never learnt, such as a new class, is refused.
        options: of the task (its `Config`) and of training (`TrainingOptions`), by name: `horizon=14, epochs=30`.

    Raises:
        UserError: the options or the data cannot be used.
        Interrupted: Ctrl-C was pressed; the run folder is whole.
    """
    workers = join()
    options, observers = of_release_0_1(options, observers)
    found = load_task(plugin, Path(plugin_file) if plugin_file else None)
    task = found.task
    given = sort_options(options, {task.name: task.Config, "training": TrainingOptions})
    base = None
    if start is not None:
        base = restore_base(given_run(start, "train"), task, Path(plugin_file) if plugin_file else None)
    chosen: BaseModel = (
        options_of(base, given[task.name])
        if base is not None
        else validate(task.Config, given[task.name], of=f"the task {task.name}")
    )
    settings = validate(TrainingOptions, {**task.training, **given["training"]}, of="training")
    if settings.refit:
        settings = settings.model_copy(update={"hold_out": True})
    observer = together(observers if workers.is_first else ())
    is_table = not isinstance(data, str | os.PathLike)
    with as_file(data, "train") as source:
        torch.manual_seed(settings.seed)
        with in_one_line(task, "load_data"), folding(settings.fold, task.name, settings.hold_out):
            if base is None:
                examples = task.load_data(source, chosen, settings.data_seed)
            else:
                examples = task.load_again(source, chosen, settings.data_seed, base.info)
        if settings.refit:
            check_refit(task, examples, base is not None)
        chosen = examples.config or chosen
        with in_one_line(task, "build_model"):
            model = task.build_model(chosen, examples.info).to(device_for(settings))
        if base is not None:
            load_weights(model, load_tensors(base.run.weights)[0], base.run.weights)
        settings = suited(task, chosen, settings, given["training"], len(examples.train))
        rehearse(task, chosen, examples, model, settings.precision)
        if settings.threads is None:
            settings = settings.model_copy(update={"threads": threads_for(model, settings.batch_size)})
        if base is None:
            with thread_count(settings.threads):
                task.solve_first(model, to_tensors(examples.train.batches(settings.batch_size), model), chosen)
        record = Record(
            name=file_name(name or _name(task, source, is_table)),
            task=task.name,
            plugin=found.origin,
            plugin_file=str(found.file.resolve()) if found.file else None,
            plugin_digest=found.digest,
            created=now(),
            source=str(source.resolve()) if source else None,
            fingerprint=fingerprint(task.data_files(source, chosen), task.name),
            base=base.run.record.name if base is not None else None,
            licence=task.data_sets()[0].licence if source is None and task.data_sets() else None,
            summary=examples.summary,
            notes=list(examples.notes),
            understood=examples.understood,
            config=chosen.model_dump(mode="json"),
            info=examples.info.model_dump(mode="json"),
            training=settings,
            parameters=sum(p.numel() for p in model.parameters()),
            versions=versions(),
        )
        if found.file is not None and found.digest is not None:
            trust.remember(found.digest, found.file)  # whoever calls this has named the file
        run = Run(create_folder(workers.runs(Path(runs)), record.name), record)
        record.name = run.folder.name  # `day-2` where there was a `day`
        if source is not None and is_table:
            keep_table(run, source)
    session = _session(task, chosen, examples, model, run, observer, workers)
    save(session)
    run.save()
    return _fit(session)


def _name(task: AnyTask, source: Path | None, is_table: bool) -> str:
    """Name a run after its task and its data."""
    if source is None:
        return task.name
    return f"{task.name}-{'table' if is_table else source.stem}"


def resume(
    run: Run | str | Path,
    observers: Observer | str | Sequence[Observer | str] = (),
    *,
    data: str | Path | None = None,
    plugin_file: str | Path | None = None,
    **old: Any,
) -> Run:
    """Go on with a run that was interrupted, to the same result as if it had not been.

    Args:
        run: the run, or its folder.
        observers: as in `train`.
        data: where the run's data is now, if it was moved.
        plugin_file: where the file is that holds the run's plugin, if it was moved.
        old: names of release 0.1.

    Raises:
        UserError: there is nothing to resume, or the data has changed since.
        Interrupted: Ctrl-C was pressed again.
    """
    workers = join()
    _, observers = of_release_0_1(old, observers)
    run = open_run(given_run(run, "resume"))
    record = run.record
    if record.status == "finished" or not run.checkpoint.exists():
        raise UserError(f"{run.folder}: training is finished, there is nothing to resume; start a new run instead")
    found = find_task(run, Path(plugin_file) if plugin_file else None)
    task = found.task
    if found.digest != record.plugin_digest is not None:
        raise UserError(f"{found.file}: is not the plugin that the run was begun with; start a new run instead")
    source = own_data(run, task, Path(data) if data is not None else None)
    if data is not None and source is not None:
        record.source = str(source.resolve())
    record.plugin_file = str(found.file.resolve()) if found.file else None
    if workers.is_first:
        sweep(run.folder)  # what a kill left half-written
    config = task.Config.model_validate(record.config)
    observer = together(observers if workers.is_first else ())
    torch.manual_seed(record.training.seed)
    info = task.Info.model_validate(record.info)
    asked = record.training
    examples = load_own(task, source, config, asked.data_seed, info, record.base, asked.fold, asked.hold_out)
    model = task.build_model(config, examples.info).to(device_for(asked))
    session = _session(task, config, examples, model, run, observer, workers)
    session.progress, session.best = load_checkpoint(run.checkpoint, model, session.optimizer)
    if not has_digest(run.checkpoint):
        note = f"{run.checkpoint}: of release 0.1, without a digest, so that damage in it would not be noticed"
        session.data = replace(session.data, notes=(*session.data.notes, note))
    workers.agree(lambda: None)  # all have read what the first one will write over
    if not workers.is_first:
        session = replace(session, run=Run(create_folder(workers.runs(run.folder), record.name), record))
    return _fit(session)


def _fit(session: TrainingSession) -> Run:
    try:
        return fit(session)
    finally:
        session.workers.leave()


def _session(
    task: AnyTask,
    config: BaseModel,
    data: TaskData[Any],
    model: nn.Module,
    run: Run,
    observer: Observer,
    workers: Workers,
) -> TrainingSession:
    settings = run.record.training
    weights = dict(model.named_parameters())
    followed = [t for name, t in model.state_dict().items() if name not in weights and t.is_floating_point()]
    decoupled = settings.optimizer == "adamw"
    optimizer = Adam(weights.values(), settings.weight_decay, decoupled, followed)
    answer = torch_reference(task.graphs(model, config, data.info)[0])
    return TrainingSession(task, config, data, model, answer, optimizer, settings, run, observer, workers=workers)
