"""What `train --folds` and `train --seeds` print: mean and spread over the runs, beside the baselines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from lstm_onnx.cli.console import Result, Shown, encode, out, say
from lstm_onnx.display import number
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.task import AnyTask
    from lstm_onnx.training.observers import Observer
    from lstm_onnx.training.several import Several, Spread, Watch


@dataclass(frozen=True)
class TrainedSeveral(Result):
    """Several finished runs."""

    found: Several

    def to_json(self) -> Iterable[str]:
        """Return mean and spread of each metric, and where the runs lie."""
        spread = {who: {metric: vars(s) for metric, s in metrics.items()} for who, metrics in self.found.spread.items()}
        runs = [str(run.folder) for run in self.found.runs]
        about = {"event": "end", "several": str(self.found.folder), "kind": self.found.kind, "runs": runs}
        yield encode(about | {"primary": self.found.primary.name, "spread": spread, "wins": self.found.wins})

    def to_text(self) -> Iterable[Shown]:
        """Return a table of mean and spread, and what to do next."""
        spread, primary = self.found.spread, self.found.primary.name
        count = len(self.found.runs)
        title = f"test scores of {count} {self.found.kind}s: mean ± standard deviation (95% interval of the mean)"
        table = Table(title=title, title_justify="left")
        table.add_column("metric")
        for who in spread:
            table.add_column(who, justify="right")
        for metric in sorted(spread["model"], key=lambda m: m != primary):
            cells = [_cell(metrics.get(metric)) for metrics in spread.values()]
            table.add_row(metric, *cells, style="bold" if metric == primary else None)
        yield table
        lines: dict[str, object] = {}
        if wins := self.found.wins:
            lines["better"] = ", ".join(f"than {who} in {n} of {count}" for who, n in wins.items()) + f" by {primary}"
        lines["runs"] = f"{self.found.folder}/{self.found.kind}-*, of which {self.found.best.folder.name} is the best"
        lines["next"] = f"lstm-onnx export {self.found.best.folder}"
        lines["all"] = f"lstm-onnx export {self.found.folder}: one file that answers with the mean of all {count}"
        yield lines


def _cell(spread: Spread | None) -> str:
    if spread is None or not math.isfinite(spread.mean):
        return "-"
    told = f"{number(spread.mean)} ± {number(spread.deviation)}"
    return f"{told} ({number(spread.low)} to {number(spread.high)})"


def train_several(
    task: AnyTask,
    data: Path | None,
    watchers: Callable[[], list[Observer | str]],
    quiet: bool,
    given: dict[str, Any],
) -> TrainedSeveral:
    """Train the folds or seeds that were asked for."""
    from lstm_onnx.training import several

    if given.pop("start", None) is not None:
        raise UserError("--from: goes on with one run; leave --folds and --seeds out")
    return TrainedSeveral(several.train_several(task.name, data, watch=_watch(watchers, quiet), **given))


def resume_several(folder: Path, watchers: Callable[[], list[Observer | str]], quiet: bool) -> TrainedSeveral:
    """Go on with folds or seeds."""
    from lstm_onnx.training import several

    return TrainedSeveral(several.resume_several(folder, _watch(watchers, quiet)))


def _watch(watchers: Callable[[], list[Observer | str]], quiet: bool) -> Watch:
    def watch(number: int, count: int) -> list[Observer | str]:
        if not quiet:
            say({"run": f"{number} of {count}"}, out)
        return watchers()

    return watch
