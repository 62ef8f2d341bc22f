"""The training loop, readable from top to bottom.

Every epoch draws its random numbers from (seed, epoch) alone, and its learning rate from the step alone; so a run that
is resumed after any finished epoch gives the same weights as one that was never interrupted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import nn

from lstm_onnx.errors import Interrupted
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.task import Answer, AnyTask, PrimaryMetric, TaskData
from lstm_onnx.training.adam import Adam
from lstm_onnx.training.checkpoint import Storing, TrainingProgress, Weights, weights_of
from lstm_onnx.training.denormals import flushed_to_zero
from lstm_onnx.training.devices import thread_count, to_tensors
from lstm_onnx.training.examples import choose, save_examples
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.options import TrainingOptions
from lstm_onnx.training.plots import draw_run
from lstm_onnx.training.ready import made_ready
from lstm_onnx.training.refit import refit
from lstm_onnx.training.restore import load_weights, rebuild
from lstm_onnx.training.run_folder import Run
from lstm_onnx.training.scoring import check_stored, score_beside_baselines
from lstm_onnx.training.step import learn_from
from lstm_onnx.training.validation import calibrate, validate
from lstm_onnx.training.workers import ALONE, WorkerLost, Workers


@dataclass
class TrainingSession:
    """What one call of `train` or `resume` works with."""

    task: AnyTask
    config: BaseModel
    data: TaskData[Any]
    model: nn.Module
    answer: Answer
    optimizer: Adam
    settings: TrainingOptions
    run: Run
    observer: Observer
    progress: TrainingProgress = field(default_factory=TrainingProgress)
    best: Weights = field(default_factory=dict)
    workers: Workers = ALONE
    storing: Storing = field(init=False)

    def __post_init__(self) -> None:
        """Store in the folder of the run."""
        self.storing = Storing(self.run)


def save(s: TrainingSession) -> None:
    """Store all that `resume` needs, soon if not now."""
    s.storing.put(s.model, s.optimizer, s.progress, s.best)


def fit(s: TrainingSession) -> Run:
    """Train until the end or until it gets no better, score what was stored, and close the run.

    Raises:
        UserError: the loss is no number any more.
        Interrupted: Ctrl-C was pressed; the run folder is whole.
    """
    batches = -(-len(s.data.train) // s.settings.batch_size)
    s.observer.started(s.run, s.data, batches)
    try:
        with thread_count(s.settings.threads), flushed_to_zero():
            try:
                while s.progress.epoch < s.settings.epochs and not _is_stale(s):
                    _one_epoch(s, batches)
            finally:
                s.storing.now()
            load_weights(s.model, s.best, s.run.weights)
            calibrated = calibrate(s)
            if s.settings.refit:
                refit(s, batches, calibrated)
            return _finish(s) if s.workers.is_first else s.run
    except (KeyboardInterrupt, WorkerLost) as why:
        s.run.record.status = "interrupted"
        s.run.save()
        if not s.workers.is_first:
            raise
        kept = f"the best weights (epoch {s.progress.best_epoch}) are kept" if s.progress.epoch else "nothing is lost"
        because = f"{why}, so training" if isinstance(why, WorkerLost) else ""
        raise Interrupted(
            f"{because} stopped after epoch {s.progress.epoch} of {s.settings.epochs}; {kept}. ".lstrip()
            + f"Go on with: lstm-onnx train --resume {s.run.folder}"
        ) from None
    finally:
        s.observer.finished(s.run)


def _is_stale(s: TrainingSession) -> bool:
    return s.data.validation is not None and s.progress.epoch - s.progress.best_epoch >= s.settings.patience


def _one_epoch(s: TrainingSession, batches: int) -> None:
    """Train for one epoch, validate, and store."""
    began, p = time.perf_counter(), s.progress
    epoch = p.epoch + 1
    torch.manual_seed(_mix(s.settings.seed, epoch) + s.workers.rank)  # dropout
    order = np.random.default_rng([s.settings.seed, epoch])  # order of the examples
    s.model.train()
    total = 0.0
    drawn = to_tensors(s.data.train.batches(s.settings.batch_size, order), s.model)
    for number, batch in enumerate(made_ready(drawn, s.model, s.settings.batch_size), start=1):
        step, all_steps = (epoch - 1) * batches + number - 1, s.settings.epochs * batches
        value = learn_from(s, batch, step, all_steps, f"epoch {epoch}, step {number}")
        total += value
        s.observer.stepped(epoch, number, value)
    with s.optimizer.averaged():
        row: Row = s.workers.agree(lambda: {"epoch": epoch, "train_loss": total / batches} | validate(s))
        watched = s.task.watched(s.config)
        watched = PrimaryMetric("loss") if np.isnan(row.get(watched.name, np.nan)) else watched
        reached = row.get("validation_loss" if watched.name == "loss" else watched.name, np.nan)
        loss_now = row.get("validation_loss", np.nan)
        # scores that are shares of a few examples are often equal: then the loss decides
        is_equal = reached == p.best_score and PrimaryMetric("loss").improves(loss_now, p.best_loss)
        is_best = s.data.validation is None or not s.best or watched.improves(reached, p.best_score) or is_equal
        p.epoch, p.seconds = epoch, p.seconds + time.perf_counter() - began
        row["learning_rate"], row["seconds"] = s.settings.rate(step, all_steps), p.seconds
        p.history.append(row)
        if is_best:
            p.best_epoch, p.best_score, p.best_loss = epoch, reached, loss_now
            s.best = weights_of(s.model)
    save(s)
    s.observer.epoch_ended(row, is_best)


def _finish(s: TrainingSession) -> Run:
    """Score what was stored on the test split, keep some examples, draw, and only then call the run finished."""
    record = s.run.record
    model = rebuild(s.task, s.config, s.data.info, s.run.weights).to(next(s.model.parameters()).device)
    graph = s.task.graphs(model, s.config, s.data.info)[0]
    answer = torch_reference(graph)
    check_stored(s.task, s.answer, answer, s.data)
    record.scores, totals = score_beside_baselines(s.task, answer, s.data, s.config)
    record.ahead = s.task.primary_metric.ahead(record.scores)
    record.epochs_done, record.best_epoch, record.seconds = s.progress.epoch, s.progress.best_epoch, s.progress.seconds
    save_examples(s.run, choose(graph, [s.data.test, s.data.validation, s.data.train], answer))
    draw_run(s.run, s.task, graph, answer, s.data, totals)
    record.status = "finished"
    s.run.save()
    s.run.checkpoint.unlink(missing_ok=True)
    return s.run


def _mix(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
