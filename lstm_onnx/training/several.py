"""Several runs of one kind, each with an option of its own: the folds of the data, or seeds.

They lie in one folder, `NAME/fold-1`, `NAME/fold-2` and so on, beside `several.json`, which says what was asked for.
Each is a run like any other. After a kill, those that are finished stay, the one that was begun goes on from its last
epoch, and the others are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lstm_onnx import display
from lstm_onnx.contract import Scores
from lstm_onnx.data.atomic_files import file_name, sweep, write_atomically
from lstm_onnx.data.frames import as_file
from lstm_onnx.errors import UserError
from lstm_onnx.plugins.registry import load_known_file, load_task
from lstm_onnx.task import AnyTask, PrimaryMetric
from lstm_onnx.training.observers import Observer
from lstm_onnx.training.plan import PLAN, Kind, Plan, plan_of, run_name
from lstm_onnx.training.run_folder import TABLE, Run, create_folder, open_run
from lstm_onnx.training.train import resume, train

RESAMPLES = 2000
LEVEL = 0.95
Watch = Callable[[int, int], Sequence[Observer | str]]
"""Returns the observers of run number so and so of so many; each watches one training."""


@dataclass(frozen=True)
class Spread:
    """A metric over several runs: its mean, standard deviation, and a bootstrap interval of the mean."""

    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Several:
    """Several finished runs. It is a path, too.

    Attributes:
        folder: that they lie in.
        kind: what sets them apart.
        runs: in their order.
        primary: the metric that stands for the model.
    """

    folder: Path
    kind: Kind
    runs: tuple[Run, ...]
    primary: PrimaryMetric

    @property
    def scores(self) -> pl.DataFrame:
        """A row for each run, who answered, and metric: `run`, `answer`, `metric`, `value`."""
        rows = []
        for run in self.runs:
            found = _scores_of(run)
            for who, scores in {"model": found.model, **found.baselines}.items():
                rows += [{"run": run.folder.name, "answer": who, "metric": m, "value": v} for m, v in scores.items()]
        return pl.DataFrame(rows)

    @property
    def spread(self) -> dict[str, dict[str, Spread]]:
        """Who answered -> metric -> mean and spread over the runs."""
        found: dict[str, dict[str, Spread]] = {}
        for (who, metric), part in self.scores.group_by("answer", "metric", maintain_order=True):
            found.setdefault(str(who), {})[str(metric)] = spread_of(part.get_column("value").to_list())
        return found

    @property
    def wins(self) -> dict[str, int]:
        """Baseline -> in how many runs the model has the better primary metric."""
        name = self.primary.name
        found = [_scores_of(run) for run in self.runs]
        return {
            who: sum(self.primary.improves(s.model[name], s.baselines[who].get(name, np.nan)) for s in found)
            for who in found[0].baselines
        }

    @property
    def best(self) -> Run:
        """The run with the best primary metric on its own test part."""
        name, sign = self.primary.name, 1 if self.primary.mode == "min" else -1
        return min(self.runs, key=lambda run: np.nan_to_num(sign * _scores_of(run).model[name], nan=np.inf))

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        facts = {
            metric: f"{display.number(s.mean)} ± {display.number(s.deviation)}"
            for metric, s in self.spread["model"].items()
        }
        return display.text(f"{len(self.runs)} {self.kind}s: {self.folder}", facts)


def spread_of(values: Sequence[float]) -> Spread:
    """Return mean, standard deviation and a bootstrap interval of the mean (percentiles) of a few values."""
    known = np.array([v for v in values if np.isfinite(v)])
    if not len(known):
        return Spread(np.nan, np.nan, np.nan, np.nan)
    drawn = known[np.random.default_rng(0).integers(0, len(known), (RESAMPLES, len(known)))].mean(axis=1)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    deviation = float(known.std(ddof=1)) if len(known) > 1 else np.nan
    return Spread(float(known.mean()), deviation, float(low), float(high))


def train_several(
    plugin: str,
    data: Any = None,
    *,
    folds: int | None = None,
    seeds: int | None = None,
    runs: str | Path = "runs",
    name: str | None = None,
    plugin_file: str | Path | None = None,
    watch: Watch = lambda number, count: (),
    **options: Any,
) -> Several:
    """Train a run for each fold of the data, or for each of several seeds.

    Args:
        plugin: name of the task.
        data: as `train` takes it.
        folds: of which each is tested once, by the run that learns from the others. Labels are dealt out evenly, groups
            stay together; of series, each fold has an origin of its own and learns from what came before it.
        seeds: how many, from the seed that is given.
        runs: folder in which theirs is made.
        name: of their folder.
        plugin_file: Python file that holds the plugin, if it is not installed.
        watch: returns observers for each run.
        options: as `train` takes them.

    Raises:
        UserError: as `train`; or neither folds nor seeds are asked for, or both.
        Interrupted: Ctrl-C was pressed; `resume_several` goes on.
    """
    if (folds is None) == (seeds is None):
        raise UserError("--folds and --seeds: say one of them")
    kind: Kind = "fold" if folds is not None else "seed"
    count = folds if folds is not None else seeds or 0
    if count < 2:
        raise UserError(f"--{kind}s {count}: must be 2 or more")
    if kind in options:
        if kind == "fold":
            raise UserError("--fold: --folds trains all of them; leave one of the two out")
        first = int(options.pop("seed"))
    else:
        first = 0
    values = [f"{k}/{count}" for k in range(1, count + 1)] if kind == "fold" else [str(first + k) for k in range(count)]
    found = load_task(plugin, Path(plugin_file) if plugin_file is not None else None)
    is_path = data is None or isinstance(data, str | PathLike)
    with as_file(data, "train") as source:
        stem = source.stem if source is not None and is_path else "table" if source is not None else ""
        folder = create_folder(
            Path(runs), file_name(name or "-".join(filter(None, (plugin, stem, f"{count}-{kind}s"))))
        )
        if source is not None and not is_path:
            write_atomically(folder / TABLE, source.read_bytes())
    plan = Plan(
        kind=kind,
        values=tuple(values),
        plugin=found.task.name,
        plugin_file=str(found.file.resolve()) if found.file is not None else None,
        plugin_digest=found.digest,
        source=(str(source.resolve()) if is_path else TABLE) if source is not None else None,
        options=options,
    )
    write_atomically(folder / PLAN, plan.model_dump_json(indent=2) + "\n")
    try:
        return _go_on(folder, plan, found.task, watch)
    except UserError:
        if not list(folder.glob(f"{kind}-*/run.json")):  # nothing was trained: leave nothing behind
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        raise


def resume_several(folder: str | Path, watch: Watch = lambda number, count: ()) -> Several:
    """Go on where several runs were interrupted: what is finished is not trained again.

    Raises:
        UserError: it is no folder of several runs, or as `resume`.
    """
    plan = plan_of(folder)
    return _go_on(Path(folder), plan, task_of(plan), watch)


def task_of(plan: Plan) -> AnyTask:
    """Load the task of a plan; a plugin's file only where it is one that was trained with on this machine.

    Raises:
        UserError: the plugin is missing, or must not be executed.
    """
    if plan.plugin_file is not None:
        return load_known_file(plan.plugin, Path(plan.plugin_file), plan.plugin_digest).task
    return load_task(plan.plugin).task


def _go_on(folder: Path, plan: Plan, task: AnyTask, watch: Watch) -> Several:
    source = folder / plan.source if plan.source is not None else None
    sweep(folder)
    runs = []
    for number, value in enumerate(plan.values, start=1):
        name = run_name(plan, number)
        observers = watch(number, len(plan.values))
        there = folder / name
        if (there / "run.json").exists() and (run := open_run(there)).record.status == "finished":
            runs.append(run)
        elif (there / "run.json").exists():
            runs.append(resume(there, observers, plugin_file=plan.plugin_file))
        else:
            if there.exists():  # a kill between making the folder and its first file
                sweep(there)
                for path in there.iterdir():
                    path.unlink()
                there.rmdir()
            asked = {**plan.options, plan.kind: value if plan.kind == "fold" else int(value)}
            if plan.kind == "seed":  # on the same parts, or their scores, and that of all together, say little
                asked.setdefault("parts_seed", int(plan.values[0]))
            file = plan.plugin_file
            runs.append(
                train(plan.plugin, source, runs=folder, name=name, plugin_file=file, observers=observers, **asked)
            )
    return Several(folder, plan.kind, tuple(runs), task.primary_metric)


def _scores_of(run: Run) -> Scores:
    scores = run.record.scores
    if scores is None:
        raise UserError(f"{run.folder}: is not finished; go on with: lstm-onnx train --resume {run.folder.parent}")
    return scores
