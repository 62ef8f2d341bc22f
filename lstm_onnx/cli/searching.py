"""What a search shows of each trial, and what `train --auto` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_onnx.cli.console import encode, out
from lstm_onnx.display import number
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.cli.train import RunOptions
    from lstm_onnx.training.run_folder import Run
    from lstm_onnx.tuning.tune import Told


def train_best(task: str, data: Path | None, options: RunOptions, asked: Mapping[str, Any], as_json: bool) -> Run:
    """Search for a while, and return the best run: what `train --auto` does.

    Raises:
        UserError: an option does not go with `--auto`, or as `lstm_onnx.tune`.
    """
    from lstm_onnx.tuning import tune as tuning

    others = {"--folds": options.folds, "--seeds": options.seeds, "--from": options.start, "--track": options.track}
    if extra := [name for name, value in others.items() if value]:
        raise UserError(f"--auto: trains run after run by itself; leave {extra[0]} out")
    place: dict[str, Any] = {"runs": options.runs, "plugin_file": options.plugin_file, "minutes": options.minutes}
    named = {"name": options.name} if options.name is not None else {}
    found = tuning.tune(task, data, told=teller(as_json, options.quiet), trials=100, **place, **named, **asked)
    return found.best.run


def teller(as_json: bool, quiet: bool) -> Callable[[Told], None]:
    """Return what says a line for each trial."""

    def told(trial: Told) -> None:
        if as_json:
            about = {"event": "trial", "name": trial.name, "state": trial.state, trial.metric: trial.value}
            print(encode(about | {"best": trial.best, "seconds": trial.seconds, "options": dict(trial.options)}))
        elif not quiet:
            reached = {"complete": f"{trial.metric} {number(trial.value)}", "pruned": "stopped early"}
            told = reached.get(trial.state, f"failed: {trial.why or 'no score'}")
            line = (
                f"{trial.name:<9} {told:<18} best {number(trial.best)}  {trial.seconds:6.1f} s  {said(trial.options)}"
            )
            out.print(line, highlight=False, markup=False, soft_wrap=True)

    return told


def said(options: Mapping[str, Any]) -> str:
    """Say what a trial changed, in a line."""
    return " ".join(f"{n.replace('_', '-')}={_short(v)}" for n, v in options.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
