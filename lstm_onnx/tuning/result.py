"""What a search came to: the best run, every trial, pictures, and the options to train with from now on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lstm_onnx import display
from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.errors import UserError
from lstm_onnx.training.plots import save_figure
from lstm_onnx.training.run_folder import Run, open_run
from lstm_onnx.tuning.pictures import front_figure, importance_figure, importances, search_figure
from lstm_onnx.tuning.space import Dimension
from lstm_onnx.tuning.study import LOSS, finished

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Best:
    """A trial that no other beats: its run, its score, what it changed, and its second aim, if there is one."""

    run: Run
    value: float
    options: Mapping[str, Any]
    second: float | None = None


@dataclass(frozen=True, repr=False)
class Tuned:
    """A search, as far as it has come. It is a path, too: that of its folder.

    Attributes:
        folder: of its runs.
        metric: on the validation part, by which trials are held against each other.
        best: the trial with the best score, the recipe if nothing beat it.
        recipe: what the options as they were reach.
        front: with two aims, the trials that no other beats in both, by the second.
        trials: a row for each: `trial`, `state`, the metric, `seconds`, and what was tried.
        importances: how much each option explains, the most first.
        pictures: that were drawn.
        toml: options to train with: `lstm-onnx train --config`.
    """

    folder: Path
    metric: str
    best: Best
    recipe: float
    front: tuple[Best, ...]
    trials: pl.DataFrame
    importances: Mapping[str, float]
    pictures: tuple[Path, ...]
    toml: Path

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        facts = {
            f"best {self.metric}": f"{display.number(self.best.value)} (the recipe {display.number(self.recipe)})",
            "run": self.best.run.folder,
            "trials": self.trials.height,
        }
        return display.text(f"Search: {self.folder}", facts)


def result_of(
    folder: Path,
    study: Study,
    space: Sequence[Dimension],
    metric: str,
    mode: str,
    second: str | None,
    plugin: str,
    source: Path | None,
    given: Mapping[str, Any],
) -> Tuned:
    """Sum up a search, draw it, and write the best options.

    Raises:
        UserError: no trial is complete yet.
    """
    trials = study.get_trials(deepcopy=False)
    done = [t for t in finished(trials) if (folder / t.user_attrs["run"]).is_dir()]
    if not done and finished(trials):
        raise UserError(
            f"{folder}: every trial that is complete lies on another machine; see there, or give a folder as --runs "
            f"that all machines share"
        )
    if not done:
        raise UserError(
            f"{folder}: no trial is complete yet; give it more time, or let the process that works on it end"
        )
    sign = 1 if mode == "min" else -1
    # scores that are shares of a few examples are often equal: then the loss decides
    first = min(done, key=lambda t: (sign * t.values[0], t.user_attrs.get(LOSS, np.inf), t.number))
    read = {d.name: d for d in space}

    def best_of(trial: FrozenTrial) -> Best:
        changed = (
            {} if trial.user_attrs.get("recipe") else {n: read[n].read(v) for n, v in trial.params.items() if n in read}
        )
        cost = trial.values[1] if len(trial.values) > 1 else None
        return Best(open_run(folder / trial.user_attrs["run"]), trial.values[0], changed, cost)

    best = best_of(first)
    recipe = next((t.values[0] for t in trials if t.user_attrs.get("recipe") and t.values), float("nan"))
    fronts = sorted(study.best_trials, key=lambda t: t.values[1]) if second is not None else []
    fronts = [t for t in fronts if t in done]
    figures = {"search": search_figure(trials, metric, mode)}
    weights = importances(study)
    if weights:
        figures["importances"] = importance_figure(weights)
    if second is not None:
        figures["front"] = front_figure(trials, fronts, metric, second)
    pictures = tuple(save_figure(figure, folder / "plots" / f"{name}.png") for name, figure in figures.items())
    toml = folder / "best.toml"
    write_atomically(toml, _toml(plugin, source, {**given, **best.options}))
    return Tuned(
        folder,
        metric,
        best,
        recipe,
        tuple(best_of(t) for t in fronts),
        _table(trials, read, metric, second),
        weights,
        pictures,
        toml,
    )


def _table(
    trials: Sequence[FrozenTrial], read: Mapping[str, Dimension], metric: str, second: str | None
) -> pl.DataFrame:
    rows, done = [], finished(trials)
    for t in trials:
        row: dict[str, Any] = {"trial": t.user_attrs.get("run", f"trial-{t.number}"), "state": t.state.name.lower()}
        row[metric] = t.values[0] if t in done else None
        if second is not None:
            row[second] = t.values[1] if t in done else None
        row["seconds"] = t.user_attrs.get("seconds")
        row |= {name: _plain(d.read(t.params[name])) if name in t.params else None for name, d in read.items()}
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def _toml(plugin: str, source: Path | None, options: Mapping[str, Any]) -> str:
    """Write options as `train --config` reads them; JSON's numbers, words and lists are TOML's, too."""
    lines = {"plugin": plugin} | ({"data": str(source.resolve())} if source is not None else {}) | dict(options)
    written = {n: list(v) if isinstance(v, tuple) else str(v) if isinstance(v, Path) else v for n, v in lines.items()}
    return "".join(f"{n} = {json.dumps(v, ensure_ascii=False)}\n" for n, v in written.items() if v is not None)
