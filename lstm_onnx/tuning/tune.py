"""Searches the options of a task: the recipe first, then what may be better, until time or trials are over.

Everything lies in one folder: `recipe` and `trial-N` are runs like any other, `study.log` holds what was tried. The
same command goes on with it after any end, kill -9 included, and several processes may work on one search at a time.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from lstm_onnx.data.atomic_files import file_name, make_folder, sweep, write_atomically
from lstm_onnx.data.frames import as_file
from lstm_onnx.errors import Interrupted, UserError
from lstm_onnx.options import check_disjoint, validate
from lstm_onnx.plugins.registry import Found, load_task
from lstm_onnx.task import PrimaryMetric
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.options import TrainingOptions, sort_options
from lstm_onnx.training.run_folder import TABLE, Run, open_run
from lstm_onnx.training.train import resume, train
from lstm_onnx.training.workers import refuse_workers
from lstm_onnx.tuning import study as studies
from lstm_onnx.tuning.options import TuneOptions
from lstm_onnx.tuning.result import Tuned, result_of
from lstm_onnx.tuning.space import Dimension, space_of

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

PLAN, RECIPE = "tune.json", "recipe"
LOSS = "validation_loss"


@dataclass(frozen=True)
class Told:
    """What is told of a trial that ended.

    Attributes:
        name: of it.
        state: complete, pruned or failed.
        metric: by which trials are held against each other.
        value: reached, NaN where there is none.
        best: so far.
        options: that it tried.
        seconds: that it took.
        why: it failed.
    """

    name: str
    state: str
    metric: str
    value: float
    best: float
    options: Mapping[str, Any]
    seconds: float
    why: str = ""


class Plan(BaseModel):
    """What `tune.json` holds: what is searched, so that another search does not go on in its folder."""

    model_config = ConfigDict(extra="forbid")

    plugin: str
    plugin_digest: str | None
    source: str | None
    options: dict[str, Any]
    search: tuple[str, ...]
    second: str | None


def tune(
    plugin: str,
    data: Any = None,
    *,
    plugin_file: str | Path | None = None,
    told: Callable[[Told], None] = lambda told: None,
    **fields: Any,
) -> Tuned:
    """Search the options that a task declares, for the best score on the validation part.

    Args:
        plugin: name of the task.
        data: as `train` takes it.
        plugin_file: Python file that holds the plugin, if it is not installed.
        told: is told of each trial that ends.
        fields: fields of `TuneOptions`, and options of the task and of training, which then stay as they are given.

    Raises:
        UserError: an option or the data cannot be used; Optuna is not installed; the folder holds another search.
        Interrupted: Ctrl-C was pressed; the same call goes on.
    """
    refuse_workers("tune")
    studies.need_optuna()
    found = load_task(plugin, Path(plugin_file) if plugin_file is not None else None)
    models: dict[str, type[BaseModel]] = {"training": TrainingOptions, found.task.name: found.task.Config}
    check_disjoint({"tune": TuneOptions, **models})
    chosen = validate(TuneOptions, {n: fields.pop(n) for n in TuneOptions.model_fields if n in fields}, "tune")
    by_model = sort_options(fields, models)
    config = validate(found.task.Config, by_model[found.task.name], f"the task {found.task.name}")
    given = {**by_model[found.task.name], **by_model["training"]}
    space = space_of(models, given, chosen.search)
    is_path = data is None or isinstance(data, str | PathLike)
    with as_file(data, "tune") as source:
        stem = source.stem if source is not None and is_path else "table" if source is not None else ""
        name = file_name(chosen.name or "-".join(filter(None, ("tune", found.task.name, stem))))
        folder = Path(chosen.runs) / name
        plan = Plan(
            plugin=found.task.name,
            plugin_digest=found.digest,
            source=(str(source.resolve()) if is_path else TABLE) if source is not None else None,
            options=given,
            search=chosen.search,
            second=chosen.second,
        )
        _begin(folder, plan)
        if source is not None and not is_path:
            write_atomically(folder / TABLE, source.read_bytes())
            source = folder / TABLE
    watched = found.task.watched(config)
    modes = [watched.mode, *(["min"] if chosen.second else [])]
    seed = int(given.get("seed", 0))
    study, is_new = studies.open_study(name, chosen.storage, folder, modes, seed, not chosen.full)
    search = _Search(found, source, given, space, folder, study, watched, chosen, told)
    search.recipe(is_new)
    search.trials()
    return result_of(folder, study, space, search.metric, watched.mode, chosen.second, plan.plugin, source, given)


def _begin(folder: Path, plan: Plan) -> None:
    """Make the folder, or see that it holds this very search, which another process may be beginning just now."""
    path = folder / PLAN
    make_folder(folder)
    there = {p.name for p in folder.iterdir() if not p.name.endswith(".part")}  # a plan that is being written is one
    if PLAN not in there:
        if there:
            raise UserError(f"{folder}: is there, and holds no search; choose another --name")
        write_atomically(path, plan.model_dump_json(indent=2) + "\n")
    try:
        found = Plan.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError):
        raise UserError(f"{path}: cannot be read; choose another --name") from None
    if found != Plan.model_validate_json(plan.model_dump_json()):
        raise UserError(
            f"{folder}: holds a search of other data or with other options; give the same to go on, or choose another "
            f"--name"
        )


class _Stopped(Exception):
    """A trial is not worth going on with, or its time is over."""


class _Watcher(Observer):
    """Reports each epoch of a trial, and stops it where it is not worth its time."""

    def __init__(self, trial: Trial | None, metric: str, deadline: float) -> None:
        self.trial, self.metric, self.deadline = trial, metric, deadline

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        """Report the score, and stop if that is bad or late."""
        if self.trial is None:  # the recipe runs to its end
            return
        value = row.get(self.metric, np.nan)
        if np.isfinite(value) and len(self.trial.study.directions) == 1:
            self.trial.report(float(value), int(row["epoch"]))
            if self.trial.should_prune():
                raise _Stopped
        if time.monotonic() > self.deadline:
            raise _Stopped


class _Search:
    """One process at work on a search."""

    def __init__(
        self,
        found: Found,
        source: Path | None,
        given: Mapping[str, Any],
        space: list[Dimension],
        folder: Path,
        study: Study,
        watched: PrimaryMetric,
        options: TuneOptions,
        told: Callable[[Told], None],
    ) -> None:
        self.found, self.source, self.given, self.space = found, source, dict(given), space
        self.folder, self.study, self.watched, self.options, self.told = folder, study, watched, options, told
        self.deadline = time.monotonic() + 60 * options.minutes if options.minutes is not None else np.inf
        self.metric = watched.name

    def recipe(self, is_new: bool) -> None:
        """Train with the options as they are, unless that was done or somebody is at it: all is held against it."""
        there = self._recipe_trial()
        if there is not None:
            self.metric = there.user_attrs["metric"]
            return
        worker = self.study.user_attrs.get("recipe_by")
        if not is_new and worker is not None and not studies.is_dead(worker):
            return
        self.study.set_user_attr("recipe_by", studies.me())
        began = time.monotonic()
        run = self._run(RECIPE, {}, _Watcher(None, self.metric, np.inf))
        history = run.history
        if LOSS not in history.columns:
            raise UserError(
                f"tune: '{self.found.task.name}' keeps no examples to validate, by which trials could be held against "
                f"each other; give it some"
            )
        if self.metric not in history.columns or not np.isfinite(history.get_column(self.metric).to_numpy()).any():
            self.metric = LOSS
        self._add_recipe(run, time.monotonic() - began)

    def _recipe_trial(self) -> FrozenTrial | None:
        return next((t for t in self.study.get_trials(deepcopy=False) if t.user_attrs.get("recipe")), None)

    def _add_recipe(self, run: Run, seconds: float) -> None:
        from optuna.trial import create_trial

        used = {**run.record.config, **run.record.training.model_dump(mode="json")}
        kept = {d.name: d.keep(used.get(d.name)) for d in self.space}
        params = {name: value for name, value in kept.items() if value is not None}
        values = self._values(run)
        several = len(self.study.directions) > 1
        curve = {} if several else {int(r["epoch"]): float(self._reached(r)) for r in run.history.to_dicts()}
        attributes = {"recipe": True, "run": run.folder.name, "metric": self.metric, "seconds": seconds}
        attributes[studies.LOSS] = _loss(run)
        self.study.add_trial(
            create_trial(
                values=values,
                params=params,
                distributions={d.name: d.distribution() for d in self.space if d.name in params},
                user_attrs=attributes,
                intermediate_values=curve,
            )
        )
        read = {d.name: d.read(params[d.name]) for d in self.space if d.name in params}
        self._tell(RECIPE, "complete", values[0], read, seconds)

    def trials(self) -> None:
        """Try one after the other until there are enough, or time is over."""
        while time.monotonic() < self.deadline:
            there = self.study.get_trials(deepcopy=False)
            left = next((t for t in there if studies.is_left(t)), None)
            if left is not None:  # a process that worked on it was killed
                self._take_over(left)
                continue
            if len(there) >= self.options.trials:
                return
            trial = self.study.ask({d.name: d.distribution() for d in self.space})
            trial.set_user_attr(studies.WORKER, studies.me())
            self._try(trial)

    def _take_over(self, left: FrozenTrial) -> None:
        from optuna import Trial

        trial = Trial(self.study, left._trial_id)
        trial.set_user_attr(studies.WORKER, studies.me())
        self._try(trial)

    def _try(self, trial: Trial) -> None:
        name = f"trial-{trial.number}"
        params = {d.name: d.read(trial.params[d.name]) for d in self.space if d.name in trial.params}
        began = time.monotonic()
        why = ""
        try:
            run = self._run(name, params, _Watcher(trial, self.metric, self.deadline))
            values = self._values(run)
            trial.set_user_attr(studies.LOSS, _loss(run))
        except _Stopped:
            state, values = "pruned", []
        except Interrupted:
            raise
        except UserError as error:  # options that do not go together
            state, values, why = "failed", [], str(error)
        else:
            state = "complete" if all(np.isfinite(values)) else "failed"
        seconds = time.monotonic() - began
        trial.set_user_attr("run", name)
        trial.set_user_attr("seconds", seconds)
        if why:
            trial.set_user_attr("why", why)
        if state == "complete":
            self.study.tell(trial.number, values)
        else:
            from optuna.trial import TrialState

            self.study.tell(trial.number, state=TrialState.PRUNED if state == "pruned" else TrialState.FAIL)
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self._tell(name, state, values[0] if values else np.nan, params, seconds, why)

    def _run(self, name: str, params: Mapping[str, Any], watcher: Observer) -> Run:
        """Train, or go on with what a kill left."""
        folder = self.folder / name
        file = self.found.file
        if (folder / "run.json").exists():
            there = open_run(folder)
            if there.record.status == "finished":
                return there
            if there.checkpoint.exists():
                return resume(there, watcher, plugin_file=file)
        if folder.exists():
            sweep(folder)
            shutil.rmtree(folder)
        asked = {**self.given, **params, "hold_out": True}
        return train(
            self.found.task.name,
            self.source,
            runs=self.folder,
            name=name,
            plugin_file=file,
            observers=watcher,
            **asked,
        )

    def _values(self, run: Run) -> list[float]:
        """Return the score of the best epoch, and the second aim."""
        row = run.history.row(by_predicate=pl.col("epoch") == run.record.best_epoch, named=True)
        values = [float(self._reached(row))]
        if self.options.second is not None:
            values.append(self._cost(run))
        return values

    def _reached(self, row: Mapping[str, float]) -> float:
        value = row.get(self.metric, np.nan)
        return -value if self.metric == LOSS and self.watched.mode == "max" else value

    def _cost(self, run: Run) -> float:
        """Export a run, and return the kB of the file or the microseconds of a call."""
        from lstm_onnx.benchmarking.benchmark import benchmark
        from lstm_onnx.exporting.export import export

        path = run.folder / "model.onnx"
        if not path.exists():
            export(run, path, plugin_file=self.found.file)
        if self.options.second == "size":
            return path.stat().st_size / 1024
        return benchmark(path, threads=1, seconds=0.5)[0].median

    def _tell(
        self, name: str, state: str, value: float, params: Mapping[str, Any], seconds: float, why: str = ""
    ) -> None:
        done = [t.values[0] for t in studies.finished(self.study.get_trials(deepcopy=False))]
        best = (min if self.watched.mode == "min" else max)(done, default=np.nan)
        self.told(Told(name, state, self.metric, value, best, params, seconds, why))


def _loss(run: Run) -> float:
    """Return the loss on the validation part in the best epoch: it decides between equal scores."""
    row = run.history.row(by_predicate=pl.col("epoch") == run.record.best_epoch, named=True)
    return float(row[LOSS])
