"""The runs that a verb was given: one, several, or a folder in which several of one kind lie."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from lstm_onnx.contract import Contract
from lstm_onnx.data.given import given_run
from lstm_onnx.errors import UserError
from lstm_onnx.training.plan import is_several, plan_of, run_name
from lstm_onnx.training.run_folder import Run, newest_run, open_run

Runs = Run | str | PathLike[str] | Sequence[Run | str | PathLike[str]] | None
"""A run, its folder, a folder of several of one kind (folds, seeds), or a list of these; None for the newest one."""


def given_runs(given: Runs, verb: str, runs: Path = Path("runs")) -> list[Run]:
    """Open the runs that were given; without any the newest one in `runs`.

    Raises:
        UserError: one is no run, is there twice, or is one of several that were not all trained yet.
    """
    if given is None or (isinstance(given, Sequence) and not isinstance(given, str) and not given):
        return [newest_run(runs)]
    several = isinstance(given, Sequence) and not isinstance(given, str)
    found: list[Run] = []
    for one in given if several else [given]:  # type: ignore[union-attr]
        folder = given_run(one, verb)
        found += _all_in(folder) if is_several(folder) else [open_run(folder)]
    there = [run.folder.resolve() for run in found]
    if twice := [run.folder for run in found if there.count(run.folder.resolve()) > 1]:
        raise UserError(f"{twice[0]}: is given twice; name each run once")
    return found


def _all_in(folder: Path) -> list[Run]:
    plan = plan_of(folder)
    names = [run_name(plan, number) for number in range(1, len(plan.values) + 1)]
    found = [open_run(folder / name) for name in names if (folder / name / "run.json").is_file()]
    if len(found) < len(names) or any(run.record.status != "finished" for run in found):
        raise UserError(f"{folder}: not all of its runs are trained; go on with: lstm-onnx train --resume {folder}")
    return found


def require_members(contract: Contract | None, runs: Sequence[Run]) -> None:
    """Hold runs to those that a file says it was exported from.

    Raises:
        UserError: there are more or fewer of them.
    """
    members = contract.provenance.members or () if contract is not None else ()
    if contract is not None and len(runs) != max(len(members), 1):
        names = ", ".join(m.run for m in members) or contract.provenance.run
        raise UserError(
            f"--run: was given {len(runs)} run{'s' * (len(runs) > 1)}, and the file was exported from "
            f"{len(members) or 1}: {names}; give each, in this order, or the folder that they lie in"
        )


def name_of(runs: Sequence[Run]) -> str:
    """Name what is made of runs: after the one, the folder that several of one kind lie in, or the first."""
    parents = {run.folder.resolve().parent for run in runs}
    if len(runs) == 1:
        return runs[0].folder.name
    parent = next(iter(parents))
    return parent.name if len(parents) == 1 and is_several(parent) else f"{runs[0].folder.name}-ensemble"
