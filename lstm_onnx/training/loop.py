"""The training loop, readable from top to bottom.

Every epoch draws its random numbers from (seed, epoch) alone, and its learning rate from the step alone; so a run that
is resumed after any finished epoch gives the same weights as one that was never interrupted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import nn

from lstm_onnx.data.atomic_files import file_name, sweep
from lstm_onnx.data.frames import as_file
from lstm_onnx.data.given import given_run
from lstm_onnx.errors import Interrupted, UserError
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.options import validate
from lstm_onnx.plugins import trust
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import Answer, AnyTask, PrimaryMetric, TaskData
from lstm_onnx.training.checkpoint import (
    TrainingProgress,
    Weights,
    load_checkpoint,
    save_checkpoint,
    save_weights,
    weights_of,
)
from lstm_onnx.training.devices import pick_device, thread_count, threads_for, to_tensors
from lstm_onnx.training.examples import choose, save_examples
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.options import TrainingOptions, of_release_0_1, sort_options
from lstm_onnx.training.plots import draw_run
from lstm_onnx.training.provenance import fingerprint, now, versions
from lstm_onnx.training.record import Record
from lstm_onnx.training.restore import find_task, load_weights, own_data, rebuild
from lstm_onnx.training.run_folder import Run, create_folder, keep_table, open_run
from lstm_onnx.training.scoring import check_stored, score, score_beside_baselines
from lstm_onnx.training.tracking.registry import together


@dataclass
class TrainingSession:
    """What one call of `train` or `resume` works with."""

    task: AnyTask
    config: BaseModel
    data: TaskData[Any]
    model: nn.Module
    answer: Answer
    optimizer: torch.optim.Optimizer
    settings: TrainingOptions
    run: Run
    observer: Observer
    progress: TrainingProgress = field(default_factory=TrainingProgress)
    best: Weights = field(default_factory=dict)


def train(
    plugin: str,
    data: Any = None,
    *,
    runs: str | Path = "runs",
    name: str | None = None,
    plugin_file: str | Path | None = None,
    observers: Observer | str | Sequence[Observer | str] = (),
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
        options: of the task (its `Config`) and of training (`TrainingOptions`), by name: `horizon=14, epochs=30`.

    Raises:
        UserError: the options or the data cannot be used.
        Interrupted: Ctrl-C was pressed; the run folder is whole.
    """
    options, observers = of_release_0_1(options, observers)
    found = load_task(plugin, Path(plugin_file) if plugin_file else None)
    task = found.task
    given = sort_options(options, {task.name: task.Config, "training": TrainingOptions})
    chosen: BaseModel = validate(task.Config, given[task.name], of=f"the task {task.name}")
    settings = validate(TrainingOptions, {**task.training, **given["training"]}, of="training")
    observer = together(observers)
    is_table = not isinstance(data, str | os.PathLike)
    with as_file(data, "train") as source:
        torch.manual_seed(settings.seed)
        examples = task.load_data(source, chosen, settings.seed)
        chosen = examples.config or chosen
        model = task.build_model(chosen, examples.info).to(pick_device(settings.device))
        if settings.threads is None:
            settings = settings.model_copy(update={"threads": threads_for(model, settings.batch_size)})
        record = Record(
            name=file_name(name or _name(task, source, is_table)),
            task=task.name,
            plugin=found.origin,
            plugin_file=str(found.file.resolve()) if found.file else None,
            plugin_digest=found.digest,
            created=now(),
            source=str(source.resolve()) if source else None,
            fingerprint=fingerprint(task.data_files(source, chosen), task.name),
            licence=task.data_sets()[0].licence if source is None and task.data_sets() else None,
            summary=examples.summary,
            notes=list(examples.notes),
            config=chosen.model_dump(mode="json"),
            info=examples.info.model_dump(mode="json"),
            training=settings,
            parameters=sum(p.numel() for p in model.parameters()),
            versions=versions(),
        )
        if found.file is not None and found.digest is not None:
            trust.remember(found.digest, found.file)  # whoever calls this has named the file
        run = Run(create_folder(Path(runs), record.name), record)
        record.name = run.folder.name  # `day-2` where there was a `day`
        if source is not None and is_table:
            keep_table(run, source)
    session = _session(task, chosen, examples, model, run, observer)
    _save(session)
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
    sweep(run.folder)  # what a kill left half-written
    config = task.Config.model_validate(record.config)
    observer = together(observers)
    torch.manual_seed(record.training.seed)
    examples = task.load_data(source, config, record.training.seed)
    model = task.build_model(config, examples.info).to(pick_device(record.training.device))
    session = _session(task, config, examples, model, run, observer)
    session.progress, session.best = load_checkpoint(run.checkpoint, model, session.optimizer)
    return _fit(session)


def _session(
    task: AnyTask, config: BaseModel, data: TaskData[Any], model: nn.Module, run: Run, observer: Observer
) -> TrainingSession:
    settings = run.record.training
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
    answer = torch_reference(task.graphs(model, config, data.info)[0])
    return TrainingSession(task, config, data, model, answer, optimizer, settings, run, observer)


def _save(s: TrainingSession) -> None:
    save_checkpoint(s.run.checkpoint, s.model, s.optimizer, s.progress, s.best)


def _fit(s: TrainingSession) -> Run:
    batches = -(-len(s.data.train) // s.settings.batch_size)
    s.observer.started(s.run, s.data, batches)
    try:
        with thread_count(s.settings.threads):
            while s.progress.epoch < s.settings.epochs and not _is_stale(s):
                _one_epoch(s, batches)
            load_weights(s.model, s.best, s.run.weights)
            _calibrate(s)
            return _finish(s)
    except KeyboardInterrupt:
        s.run.record.status = "interrupted"
        s.run.save()
        kept = f"the best weights (epoch {s.progress.best_epoch}) are kept" if s.progress.epoch else "nothing is lost"
        raise Interrupted(
            f"stopped after epoch {s.progress.epoch} of {s.settings.epochs}; {kept}. "
            f"Go on with: lstm-onnx train --resume {s.run.folder}"
        ) from None
    finally:
        s.observer.finished(s.run)


def _is_stale(s: TrainingSession) -> bool:
    return s.data.validation is not None and s.progress.epoch - s.progress.best_epoch >= s.settings.patience


def _one_epoch(s: TrainingSession, batches: int) -> None:
    """Train for one epoch, validate, and store."""
    began, p = time.perf_counter(), s.progress
    epoch = p.epoch + 1
    torch.manual_seed(_mix(s.settings.seed, epoch))  # dropout
    order = np.random.default_rng([s.settings.seed, epoch])  # order of the examples
    s.model.train()
    total = 0.0
    for number, batch in enumerate(to_tensors(s.data.train.batches(s.settings.batch_size, order), s.model), start=1):
        rate = s.settings.rate((epoch - 1) * batches + number - 1, s.settings.epochs * batches)
        for group in s.optimizer.param_groups:
            group["lr"] = rate
        loss = s.task.loss(s.model, batch)
        s.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if s.settings.clip:
            nn.utils.clip_grad_norm_(s.model.parameters(), s.settings.clip)
        s.optimizer.step()
        value = loss.item()
        if not np.isfinite(value):
            raise UserError(
                f"the loss became {value} in epoch {epoch}, step {number}; lower --learning-rate (now "
                f"{s.settings.learning_rate:g}) or --clip, or look for extreme values in the data"
            )
        total += value
        s.observer.stepped(epoch, number, value)
    row: Row = {"epoch": epoch, "train_loss": total / batches} | _validate(s)
    watched = PrimaryMetric("loss") if np.isnan(row.get(s.task.primary_metric.name, np.nan)) else s.task.primary_metric
    reached = row.get("validation_loss" if watched.name == "loss" else watched.name, np.nan)
    loss_now = row.get("validation_loss", np.nan)
    # scores that are shares of a few examples are often equal: then the loss decides
    is_equal = reached == p.best_score and PrimaryMetric("loss").improves(loss_now, p.best_loss)
    is_best = s.data.validation is None or not s.best or watched.improves(reached, p.best_score) or is_equal
    p.epoch, p.seconds = epoch, p.seconds + time.perf_counter() - began
    row["learning_rate"], row["seconds"] = rate, p.seconds
    p.history.append(row)
    if is_best:
        p.best_epoch, p.best_score, p.best_loss = epoch, reached, loss_now
        s.best = weights_of(s.model)
        save_weights(s.best, s.run.weights)
    _save(s)
    s.run.save_history(p.history)
    s.observer.epoch_ended(row, is_best)


def _validate(s: TrainingSession) -> Row:
    """Mean loss and primary metric on the validation split; nothing without one."""
    if s.data.validation is None:
        return {}
    s.model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for batch in s.data.validation.batches(s.settings.batch_size):
            size = len(next(iter(batch.values())))
            total += s.task.loss(s.model, next(to_tensors(iter([batch]), s.model))).item() * size
            count += size
    name = s.task.primary_metric.name
    return {"validation_loss": total / count, name: score(s.task, s.answer, s.data.validation, s.config)[name]}


def _calibrate(s: TrainingSession) -> None:
    """Let the task adjust the best weights on the validation split, and keep what it made of them."""
    if s.data.validation is None:
        return
    s.model.eval()
    with torch.no_grad():
        s.task.calibrate(s.model, to_tensors(s.data.validation.batches(s.settings.batch_size), s.model), s.config)
    save_weights(weights_of(s.model), s.run.weights)


def _finish(s: TrainingSession) -> Run:
    """Score what was stored on the test split, keep some examples, draw, and only then call the run finished."""
    record = s.run.record
    model = rebuild(s.task, s.config, s.data.info, s.run.weights).to(next(s.model.parameters()).device)
    graph = s.task.graphs(model, s.config, s.data.info)[0]
    answer = torch_reference(graph)
    check_stored(s.task, s.answer, answer, s.data)
    record.scores, totals = score_beside_baselines(s.task, answer, s.data, s.config)
    record.epochs_done, record.best_epoch = s.progress.epoch, s.progress.best_epoch
    record.seconds = s.progress.seconds
    save_examples(s.run, choose(graph, [s.data.test, s.data.validation, s.data.train], answer))
    draw_run(s.run, s.task, graph, answer, s.data.test, totals)
    record.status = "finished"
    s.run.save()
    s.run.checkpoint.unlink(missing_ok=True)
    return s.run


def _mix(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
