"""`lstm-onnx tune`: search the options of a task for the best run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, Field

from lstm_onnx.cli.command import given
from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.options import data_in_toml, read_toml
from lstm_onnx.cli.searching import said, teller
from lstm_onnx.cli.tables import frame_table, scores_json, scores_table
from lstm_onnx.cli.train import named_task, option_models
from lstm_onnx.display import number
from lstm_onnx.errors import UserError
from lstm_onnx.options import OnCommandLine
from lstm_onnx.plugins.entry_points import task_names
from lstm_onnx.training.options import TrainingOptions
from lstm_onnx.tuning.options import TuneOptions

if TYPE_CHECKING:
    from lstm_onnx.tuning.result import Tuned

__all__ = ["option_models", "tune"]


class SearchOptions(TuneOptions):
    """What to search, and how."""

    plugin: Annotated[str | None, OnCommandLine(complete=task_names)] = Field(
        None, description="task to search the options of; that of the plugin file, if it has only one"
    )
    config: Path | None = Field(None, description="TOML file with options that stay as they are given")
    plugin_file: Path | None = Field(None, description="Python file that holds the plugin, if it is not installed")
    quiet: bool = Field(False, description="print only the last lines")


@dataclass(frozen=True)
class Searched(Result):
    """A search that ended."""

    found: Tuned

    def to_json(self) -> Iterable[str]:
        """Return the best run, the front, and what mattered."""
        found = self.found
        front = [{"run": str(b.run.folder), "value": b.value, "second": b.second} for b in found.front]
        about: dict[str, Any] = {
            "event": "end",
            "search": str(found.folder),
            "run": str(found.best.run.folder),
            "metric": found.metric,
        }
        about |= {"best": found.best.value, "recipe": found.recipe, "options": dict(found.best.options)}
        about |= {"importances": dict(found.importances), "front": front, "trials": found.trials.height}
        yield encode(about | scores_json(found.best.run.record.scores))

    def to_text(self) -> Iterable[Shown]:
        """Return the best trials, the scores of the best run, and where everything lies."""
        found, record = self.found, self.found.best.run.record
        mode = "desc" if found.best.value > found.recipe else "asc"
        table = found.trials.sort(found.metric, descending=mode == "desc", nulls_last=True)
        yield frame_table(table, 10, f"trials, the best {found.metric} on the validation part first")
        if found.front:
            yield {f"run {b.run.folder.name}": f"{number(b.value)}, {number(b.second or 0)}" for b in found.front}
        if record.scores is not None:
            yield scores_table(record.scores, f"test scores of {found.best.run.folder.name}")
        weights = list(found.importances.items())[:4]
        lines: dict[str, object] = {
            "best": f"{number(found.best.value)} {found.metric} in validation; the recipe {number(found.recipe)}",
            "with": said(found.best.options) or "the options as they were",
        }
        if weights:
            lines["mattered"] = ", ".join(f"{n.replace('_', '-')} {share:.0%}" for n, share in weights)
        lines["run"] = found.best.run.folder
        lines["pictures"] = ", ".join(map(str, found.pictures))
        lines["options"] = f"{found.toml}: lstm-onnx train --config {found.toml} trains with them on all there is"
        lines["next"] = f"lstm-onnx export {found.best.run.folder}"
        yield lines


def tune(
    data: Annotated[
        Path | None, typer.Argument(help="file or folder to learn from; the plugin's own set if not given")
    ] = None,
    *,
    options: SearchOptions,
    as_json: bool,
    **fields: Any,
) -> Searched:
    """Search, showing each trial; `fields` are options of the task and of training, which stay as given.

    Raises:
        UserError: no task is named, or as `lstm_onnx.tune`.
    """
    from lstm_onnx.tuning import tune as tuning

    found = named_task(options.plugin, options.config, options.plugin_file)
    if found is None:
        raise UserError(f"say which task to search with --plugin; there is: {', '.join(task_names())}")
    if data is None and options.config is not None:
        data = data_in_toml(options.config)
    models: dict[str, type[BaseModel]] = {"training": TrainingOptions, found.task.name: found.task.Config}
    stored = read_toml(options.config, models) if options.config is not None else {}
    asked = {k: v for n, model in models.items() for k, v in {**stored.get(n, {}), **given(fields, model)}.items()}
    chosen = {name: getattr(options, name) for name in TuneOptions.model_fields if name in options.model_fields_set}
    told = teller(as_json, options.quiet)
    return Searched(tuning.tune(found.task.name, data, plugin_file=options.plugin_file, told=told, **chosen, **asked))
