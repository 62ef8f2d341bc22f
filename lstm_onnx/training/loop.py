"""The training loop, readable from top to bottom.

Every epoch draws its random numbers from (seed, epoch) alone, and its learning rate from the step alone; so a run that
is resumed after any finished epoch gives the same weights as one that was never interrupted.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from lstm_onnx.data.atomic_files import file_name, sweep
from lstm_onnx.errors import Interrupted, UserError
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.plugins import trust
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import Answer, AnyTask, PrimaryMetric, TaskData
from lstm_onnx.training.devices import fastest_threads, pick_device, thread_count, to_tensors
from lstm_onnx.training.examples import choose, save_examples
from lstm_onnx.training.options import TrainingOptions, validate
from lstm_onnx.training.plots import draw_run
from lstm_onnx.training.restore import find_task, load_weights, own_data
from lstm_onnx.training.run_folder import (
    Record,
    Run,
    create_folder,
    fingerprint,
    now,
    open_run,
    to_metadata,
    versions,
)
from lstm_onnx.training.scoring import score, score_beside_baselines
from lstm_onnx.training.tensor_files import load_tensors, save_tensors

Row = dict[str, float]


class Observer(Protocol):
    """Who is told how training goes; the command line draws its progress bar from this."""

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Training begins, with so many batches per epoch."""

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """One optimizer step is done; `batch` counts from 1 within the epoch."""

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """One epoch is done and stored; `row` is its line of the history."""


class SilentObserver:
    """An observer that does nothing."""

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Ignore it."""

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """Ignore it."""

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """Ignore it."""


@dataclass
class TrainingProgress:
    """How far training has come; with the model and the optimizer, all that a checkpoint holds."""

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = float("nan")
    best_loss: float = float("nan")
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)


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
    progress: TrainingProgress = field(default_factory=TrainingProgress)


def train(
    plugin: str,
    data: str | Path | None = None,
    *,
    config: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    runs: str | Path = "runs",
    name: str | None = None,
    plugin_file: str | Path | None = None,
    observer: Observer | None = None,
) -> Run:
    """Train a model and leave it in a new run folder.

    Args:
        plugin: name of the task.
        data: file or folder to learn from; None takes the small real data set that the plugin brings.
        config: options of the task, as in its `Config`.
        settings: options of training, as in `TrainingOptions`.
        runs: folder in which the run folder is made.
        name: name of the run folder; from the task and the data if not given.
        plugin_file: Python file that holds the plugin, if it is not installed.
        observer: is told how it goes.

    Raises:
        UserError: the options or the data cannot be used.
        Interrupted: Ctrl-C was pressed; the run folder is whole.
    """
    found = load_task(plugin, Path(plugin_file) if plugin_file else None)
    task = found.task
    chosen: BaseModel = validate(task.Config, config or {}, of=f"the task {task.name}")
    training = validate(TrainingOptions, {**task.training, **(settings or {})}, of="training")
    source = Path(data) if data is not None else None
    torch.manual_seed(training.seed)
    examples = task.load_data(source, chosen, training.seed)
    chosen = examples.config or chosen
    model = task.build_model(chosen, examples.info).to(pick_device(training.device))
    if training.threads is None:
        training = training.model_copy(update={"threads": fastest_threads(task, model, examples.train, training)})
    record = Record(
        name=file_name(name or (f"{task.name}-{source.stem}" if source else task.name)),
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
        training=training,
        parameters=sum(p.numel() for p in model.parameters()),
        versions=versions(),
    )
    if found.file is not None and found.digest is not None:
        trust.remember(found.digest, found.file)  # whoever calls this has named the file
    run = Run(create_folder(Path(runs), record.name), record)
    record.name = run.folder.name  # `day-2` where there was a `day`
    session = _session(task, chosen, examples, model, run)
    _save_checkpoint(session, {})
    run.save()
    return _fit(session, observer or SilentObserver())


def resume(
    folder: str | Path,
    observer: Observer | None = None,
    data: str | Path | None = None,
    plugin_file: str | Path | None = None,
) -> Run:
    """Go on with a run that was interrupted, to the same result as if it had not been.

    Args:
        folder: the run folder.
        observer: is told how it goes.
        data: where the run's data is now, if it was moved.
        plugin_file: where the file is that holds the run's plugin, if it was moved.

    Raises:
        UserError: there is nothing to resume, or the data has changed since.
        Interrupted: Ctrl-C was pressed again.
    """
    run = open_run(Path(folder))
    record = run.record
    if record.status == "finished" or not run.checkpoint.exists():
        raise UserError(f"{run.folder}: training is finished, there is nothing to resume; start a new run instead")
    found = find_task(run, Path(plugin_file) if plugin_file else None)
    task = found.task
    if found.digest != record.plugin_digest is not None:
        raise UserError(f"{found.file}: is not the plugin that the run was begun with; start a new run instead")
    source = own_data(run, task, Path(data) if data is not None else None)
    record.source = str(source.resolve()) if source is not None else None
    record.plugin_file = str(found.file.resolve()) if found.file else None
    sweep(run.folder)  # what a kill left half-written
    config = task.Config.model_validate(record.config)
    torch.manual_seed(record.training.seed)
    examples = task.load_data(source, config, record.training.seed)
    model = task.build_model(config, examples.info).to(pick_device(record.training.device))
    session = _session(task, config, examples, model, run)
    best = _load_checkpoint(session)
    return _fit(session, observer or SilentObserver(), best)


def _session(task: AnyTask, config: BaseModel, data: TaskData[Any], model: nn.Module, run: Run) -> TrainingSession:
    settings = run.record.training
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
    answer = torch_reference(task.graphs(model, config, data.info)[0])
    return TrainingSession(task, config, data, model, answer, optimizer, settings, run)


def _fit(s: TrainingSession, observer: Observer, best: dict[str, Tensor] | None = None) -> Run:
    best = best or {}
    batches = -(-len(s.data.train) // s.settings.batch_size)
    observer.started(s.run, s.data, batches)
    try:
        with thread_count(s.settings.threads):
            while s.progress.epoch < s.settings.epochs and not _is_stale(s):
                best = _one_epoch(s, batches, observer, best)
            load_weights(s.model, best, s.run.weights)
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


def _is_stale(s: TrainingSession) -> bool:
    return s.data.validation is not None and s.progress.epoch - s.progress.best_epoch >= s.settings.patience


def _one_epoch(s: TrainingSession, batches: int, observer: Observer, best: dict[str, Tensor]) -> dict[str, Tensor]:
    """Train for one epoch, validate, and store; return the best weights so far."""
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
        observer.stepped(epoch, number, value)
    row: Row = {"epoch": epoch, "train_loss": total / batches} | _validate(s)
    watched = PrimaryMetric("loss") if np.isnan(row.get(s.task.primary_metric.name, np.nan)) else s.task.primary_metric
    reached = row.get("validation_loss" if watched.name == "loss" else watched.name, np.nan)
    loss_now = row.get("validation_loss", np.nan)
    # scores that are shares of a few examples are often equal: then the loss decides
    is_equal = reached == p.best_score and PrimaryMetric("loss").improves(loss_now, p.best_loss)
    is_best = s.data.validation is None or not best or watched.improves(reached, p.best_score) or is_equal
    p.epoch, p.seconds = epoch, p.seconds + time.perf_counter() - began
    row["learning_rate"], row["seconds"] = rate, p.seconds
    p.history.append(row)
    if is_best:
        p.best_epoch, p.best_score, p.best_loss = epoch, reached, loss_now
        best = {name: t.detach().cpu().clone() for name, t in s.model.state_dict().items()}
        save_tensors(s.run.weights, best)
    _save_checkpoint(s, best)
    s.run.save_history(p.history)
    observer.epoch_ended(row, is_best)
    return best


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
    save_tensors(s.run.weights, s.model.state_dict())


def _finish(s: TrainingSession) -> Run:
    """Score the best weights on the test split, keep some examples, draw, and only then call the run finished."""
    record, graph = s.run.record, s.task.graphs(s.model, s.config, s.data.info)[0]
    record.scores, totals = score_beside_baselines(s.task, s.answer, s.data, s.config)
    record.epochs_done, record.best_epoch = s.progress.epoch, s.progress.best_epoch
    record.seconds = s.progress.seconds
    save_examples(s.run, choose(graph, [s.data.test, s.data.validation, s.data.train], s.answer))
    draw_run(s.run, s.task, graph, s.answer, s.data.test, totals)
    record.status = "finished"
    s.run.save()
    s.run.checkpoint.unlink(missing_ok=True)
    return s.run


def _mix(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def _save_checkpoint(s: TrainingSession, best: dict[str, Tensor]) -> None:
    tensors = {f"model.{name}": t for name, t in s.model.state_dict().items()}
    tensors |= {f"best.{name}": t for name, t in best.items()}
    for index, state in s.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": t for name, t in state.items()}
    save_tensors(s.run.checkpoint, tensors, to_metadata(vars(s.progress)))


def _load_checkpoint(s: TrainingSession) -> dict[str, Tensor]:
    """Put model, optimizer and progress back to where they were; return the best weights so far."""
    path = s.run.checkpoint
    tensors, metadata = load_tensors(path)
    load_weights(s.model, _within("model.", tensors), path)
    stored: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _within("optimizer.", tensors).items():
        index, key = name.split(".", 1)
        stored.setdefault(int(index), {})[key] = tensor
    s.optimizer.load_state_dict({"state": stored, "param_groups": s.optimizer.state_dict()["param_groups"]})
    try:
        s.progress = TrainingProgress(**{key: json.loads(value) for key, value in metadata.items()})
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: does not say how far training has come ({error}); start a new run instead") from None
    return _within("best.", tensors)


def _within(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
