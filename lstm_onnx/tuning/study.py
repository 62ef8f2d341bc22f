"""Where a search is kept: an Optuna study, in a journal file or a database, that several processes may share."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_onnx.errors import UserError, first_line

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

WORKER = "worker"
"""The attribute of a trial that says who works on it: machine and process."""

_OPENINGS = 3
"""How often a database is opened before it is given up."""

LOSS = "loss"
"""The attribute of a trial that says its loss on the validation part."""


def need_optuna() -> None:
    """Refuse to search without the package.

    Raises:
        UserError: it is not installed; says how it is.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise UserError("tune: needs the package optuna: pip install 'lstm-onnx[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def open_study(
    name: str, storage: str | None, folder: Path, modes: Sequence[str], seed: int, prune: bool
) -> tuple[Study, bool]:
    """Open a study, or make it.

    Args:
        name: of it.
        storage: database URL, or path of a journal file; None for the journal in `folder`.
        folder: of the search.
        modes: for each aim, whether it is to be small or large: min, max.
        seed: of what is tried; whoever joins later tries something else.
        prune: whether bad trials are stopped early.

    Returns:
        the study, and whether it is new.

    Raises:
        UserError: the storage cannot be used, or holds a study of this name with other aims.
    """
    import optuna

    least, most = optuna.study.StudyDirection.MINIMIZE, optuna.study.StudyDirection.MAXIMIZE
    directions = [least if mode == "min" else most for mode in modes]
    kept = _storage(storage, folder)
    pruner: BasePruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2)
    if not prune or len(modes) > 1:
        pruner = optuna.pruners.NopPruner()
    try:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=8)
        made = optuna.create_study(storage=kept, study_name=name, directions=directions, sampler=sampler, pruner=pruner)
        return made, True
    except optuna.exceptions.DuplicatedStudyError:
        pass
    joined = optuna.samplers.TPESampler(seed=seed + os.getpid(), n_startup_trials=8)
    study = optuna.load_study(storage=kept, study_name=name, sampler=joined, pruner=pruner)
    if list(study.directions) != directions:
        raise UserError(f"{storage or folder}: holds a search '{name}' with other aims; choose another --name")
    return study, False


def _storage(storage: str | None, folder: Path) -> BaseStorage:
    import optuna
    from optuna.storages import journal

    if storage is not None and "://" in storage:
        from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

        for left in reversed(range(_OPENINGS)):
            try:
                return optuna.storages.get_storage(storage)
            except Exception as error:  # whatever the database's driver raises
                # two processes that come first make the same tables, and one of them is told that they are there
                if left and isinstance(error, IntegrityError | OperationalError | ProgrammingError):
                    time.sleep(1)
                    continue
                raise UserError(f"--storage {storage.split('@')[-1]}: cannot be opened: {first_line(error)}") from error
    path = Path(storage) if storage is not None else folder / "study.log"
    if not path.parent.is_dir():
        raise UserError(f"--storage {path}: there is no folder {path.parent}")
    return optuna.storages.JournalStorage(journal.JournalFileBackend(str(path)))


def me() -> str:
    """Name this machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_dead(worker: str) -> bool:
    """Whether a process of this machine is gone; of others nothing is known, so that they live."""
    host, _, number = worker.rpartition(":")
    if host != socket.gethostname() or not number.isdigit() or worker == me():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def is_left(trial: FrozenTrial) -> bool:
    """Whether a trial was left by a process that was killed."""
    return trial.state.name == "RUNNING" and is_dead(trial.user_attrs.get(WORKER, ""))


def finished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return those that came to a score."""
    return [t for t in trials if t.state.name == "COMPLETE"]
