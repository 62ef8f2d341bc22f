"""The data that a run was trained on: where it is, and whether it still is what it was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lstm_onnx.contract import Provenance
from lstm_onnx.data.folds import folding
from lstm_onnx.errors import UserError
from lstm_onnx.options import validate
from lstm_onnx.task import AnyTask, TaskData
from lstm_onnx.training.provenance import fingerprint, is_there
from lstm_onnx.training.record import Record
from lstm_onnx.training.run_folder import Run


def own_data(run: Run, task: AnyTask, data: Path | None = None) -> Path | None:
    """Return where the data is that a run was trained on: None for the plugin's own.

    Args:
        run: the run folder.
        task: its task.
        data: where the user says that it is; None for where it was.

    Raises:
        UserError: it is gone, or is no longer what it was.
    """
    record = run.record
    source = data if data is not None else run.source
    if source is not None and not is_there(source):
        raise UserError(f"{source}: the data of this run is not there; put it back, or say where it is with --data")
    files = task.data_files(source, task.Config.model_validate(record.config))
    now = fingerprint([f for f in files if is_there(f)], task.name)
    if now != record.fingerprint and not (source is None and files and _of_release_0_1(record, task)):
        what = ", ".join(map(str, files[:3])) or "the data that the plugin draws"
        raise UserError(
            f"{what}: not what the run {record.name} was trained on, it has changed since (or is read with other "
            f"files); put back what it was, or start a new run"
        )
    return source


def load_own(
    task: AnyTask,
    source: Path | None,
    config: BaseModel,
    seed: int,
    info: BaseModel | None,
    base: str | None,
    fold: str | None,
    hold_out: bool = False,
) -> TaskData[Any]:
    """Read the data that a model was trained on as it was read and parted then; with what its base run had learnt."""
    with folding(fold, task.name, hold_out):
        if base is None or info is None:
            return task.load_data(source, config, seed)
        return task.load_again(source, config, seed, info)


def read_otherwise(task: AnyTask, config: BaseModel, changes: Mapping[str, Any]) -> BaseModel:
    """Return options with some changed that only say how data is read: those of `Task.reading`, and `store`.

    Raises:
        UserError: an option is none of these, or has a value that is not allowed.
    """
    allowed = (*task.reading, *({"store"} & task.Config.model_fields.keys()))
    for name in changes:
        if name not in allowed:
            can = f"only how data is read can change: {', '.join(allowed)}" if allowed else "none can change"
            raise UserError(f"'{name}' belongs to the trained model of '{task.name}'; {can}")
    changed: BaseModel = validate(task.Config, {**config.model_dump(), **changes}, of=f"the task {task.name}")
    return changed


def is_own(source: Path, task: AnyTask, config: BaseModel, digest: str) -> bool:
    """Whether data is what a model was trained on, to the byte: `digest` is what its run or file says of that."""
    try:
        files = task.data_files(source, config)
    except UserError:  # such as a test file that lies beside the training data alone
        return False
    return fingerprint([f for f in files if is_there(f)], task.name) == digest


def _of_release_0_1(record: Record, task: AnyTask) -> bool:
    """Whether a run is of the bundled data as release 0.1 named it: by task and release, and it is the same since."""
    return record.fingerprint == fingerprint([], task.name, "0.1.0")


def is_bundled(origin: Provenance, task: AnyTask) -> bool:
    """Whether a file was trained on the data that its plugin brings or draws, as far as the file says."""
    # files of release 0.1 say so by the name of the task and the release, as those still do whose plugin draws its data
    by_name = fingerprint([], task.name, origin.versions.get("lstm-onnx", ""))
    if origin.data == by_name:
        return True
    files = task.data_files(None, task.Config.model_validate(origin.config))
    return bool(files) and origin.data == fingerprint([f for f in files if is_there(f)], task.name)
