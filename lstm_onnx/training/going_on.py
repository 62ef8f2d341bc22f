"""Training that goes on from a finished run with new data: its options, what it learnt of its data, its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lstm_onnx.errors import UserError
from lstm_onnx.options import flag, validate
from lstm_onnx.task import AnyTask
from lstm_onnx.training.own_data import read_otherwise
from lstm_onnx.training.restore import Restored, restore
from lstm_onnx.training.run_folder import open_run


def restore_base(base: Path, task: AnyTask, plugin_file: Path | None) -> Restored:
    """Restore the run to go on from.

    Raises:
        UserError: it is of another task, or not whole.
    """
    run = open_run(base)
    if run.record.task != task.name:
        raise UserError(f"--from {base}: is a run of '{run.record.task}', and '{task.name}' is asked for")
    return restore(run, plugin_file=plugin_file)


def options_of(base: Restored, given: Mapping[str, Any]) -> BaseModel:
    """Return the options of the run that is gone on from, with changes to how data is read.

    Raises:
        UserError: an option is given that makes another model.
    """
    task, config = base.task, base.config
    wished = validate(task.Config, {**config.model_dump(), **given}, of=f"the task {task.name}")
    for name in given:
        now, then = getattr(wished, name), getattr(config, name)
        if now != then and name not in task.reading:
            raise UserError(
                f"{flag(name)} {now}: the run '{base.run.record.name}' has {then}, and --from goes on with "
                f"the model as it is; leave the option out, or train a new model"
            )
    return read_otherwise(task, config, {n: getattr(wished, n) for n in given if n in task.reading})
