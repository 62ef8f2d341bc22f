"""Which column of a table is what: what is answered, and what goes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lstm_onnx.data.columns import called
from lstm_onnx.data.parts import split_column
from lstm_onnx.data.tables import is_empty, is_numeric
from lstm_onnx.data.timestamps import looks_like_time, require_asked
from lstm_onnx.errors import UserError
from lstm_onnx.features.role_options import RoleOptions, RolesT
from lstm_onnx.features.table_pictures import holds_pictures

TARGETS = ("target", "label", "y")
_SEQUENCE = ("sequence", "series", "case", "recording", "trial", "sample", "unit")
_IDS = (*_SEQUENCE, *(f"{name}_id" for name in _SEQUENCE), "id")
_TIME = ("time", "step", "t", "timestamp", "date", "datetime", "cycle", "tick")
_FEW = 50
"""A column of names with no more levels than this, or a tenth of the rows, holds categories."""


def find_roles(
    frame: pl.DataFrame, where: Path, config: RolesT, option: str = "target"
) -> tuple[RolesT, tuple[str, ...]]:
    """Take the columns that were asked for, and find the others by their names and by what they hold.

    Args:
        frame: the table.
        where: its file, for errors.
        config: what was asked for.
        option: that names the columns to answer, for errors.

    Returns:
        the options with all roles filled in, and a line for each thing that was found.

    Raises:
        UserError: a column is not there, has two roles, or none can be told; says which option decides.
    """
    taken = _asked_for(frame, where, config, option)
    target = config.target or tuple(c for c in (called(frame, TARGETS),) if c is not None)
    if not target:
        raise UserError(
            f"{where}: no column is called {', '.join(TARGETS[:-1])} or {TARGETS[-1]}; name what to answer with "
            f"--target; there is: {', '.join(frame.columns[:20])}"
        )
    split = config.split or split_column(frame)
    free = [c for c in frame.columns if c not in {*taken, *target, split}]
    notes: list[str] = []
    sequence, time = config.sequence, config.time
    named = called(frame.select(free), _IDS)
    if not sequence and named is not None and not config.wide:
        free.remove(named)
        if frame.get_column(named).n_unique() < frame.height:
            sequence = (named,)
        else:
            notes.append(f"column '{named}' names the rows, and is not learnt from")
    if sequence and time is None and (time := called(frame.select(free), _TIME)) is not None:
        free.remove(time)
    found = _Kinds(frame, sequence)
    kinds = {c: found.kind(c) for c in free}
    steps = config.channels or tuple(c for c, kind in kinds.items() if kind == "step")
    numbers = tuple(c for c, kind in kinds.items() if kind == "number")
    if config.wide:
        if sequence or config.channels:
            raise UserError(f"{where}: --wide takes each row for a sequence; leave out --sequence and --channels")
        steps, numbers = numbers, ()
    if config.channels and not sequence:
        raise UserError(f"{where}: --channels change from step to step; say with --sequence what tells sequences apart")
    resolved = config.model_copy(
        update={
            "target": target,
            "sequence": sequence,
            "time": time,
            "channels": () if config.wide else steps,
            "number": (*config.number, *numbers),
            "text": (*config.text, *(c for c, kind in kinds.items() if kind == "text")),
            "category": (*config.category, *(c for c, kind in kinds.items() if kind == "category")),
            "image": (*config.image, *(c for c, kind in kinds.items() if kind == "picture")),
            "ignore": (*config.ignore, *(c for c, kind in kinds.items() if kind == "other")),
        }
    )
    _tell(resolved, steps, [c for c, kind in kinds.items() if kind == "other"], notes)
    if not (steps or resolved.text or resolved.category or resolved.number or resolved.image):
        raise UserError(f"{where}: no column is left to learn from beside {', '.join(map(repr, target))}; add some")
    return resolved, tuple(notes)


def wide_steps(frame: pl.DataFrame, config: RoleOptions, split: str | None) -> list[str]:
    """Name the steps of a table with a sequence in each row: its columns of numbers without another role."""
    others = {*config.target, *config.number, *config.category, *config.text, *config.ignore, config.group, split}
    return [c for c in frame.columns if c not in others and is_numeric(frame.get_column(c))]


def _asked_for(frame: pl.DataFrame, where: Path, config: RoleOptions, answers: str) -> dict[str, str]:
    """Return the columns that options name, with the option; each may have one role."""
    taken: dict[str, str] = {}
    options = ("target", "sequence", "time", "channels", "text", "category", "number", "image", "ignore")
    for name in (*options, "group", "split"):
        chosen, option = getattr(config, name), answers if name == "target" else name
        for column in (chosen,) if isinstance(chosen, str) else chosen or ():
            require_asked(frame, column, where, f"--{option}")
            if column in taken and {option, taken[column]} != {"sequence", "group"}:
                raise UserError(f"{where}: column '{column}' is asked for by --{taken[column]} and --{option}; it can "
                                "be one")  # fmt: skip
            taken[column] = option
    return taken


@dataclass(frozen=True)
class _Kinds:
    """What columns look like."""

    frame: pl.DataFrame
    sequence: tuple[str, ...]

    def kind(self, column: str) -> str:
        """Return `step`, `number`, `text`, `category`, `picture`, or `other` for what cannot be used."""
        cells = self.frame.get_column(column)
        if is_numeric(cells):
            return "step" if self._changes(column) else "number"
        if is_empty(cells) or cells.dtype != pl.String or looks_like_time(self.frame, column) or self._changes(column):
            return "other"
        if holds_pictures(cells):
            return "picture"
        head = cells.drop_nulls().head(1000).str.strip_chars()
        if len(head) and 2 * int(head.str.contains(r"\s\S+\s").sum()) >= len(head):
            return "text"
        return "category" if cells.n_unique() <= max(_FEW, self.frame.height // 10) else "other"

    def _changes(self, column: str) -> bool:
        if not self.sequence:
            return False
        counts = self.frame.group_by(self.sequence).agg(pl.col(column).n_unique().alias("n")).get_column("n")
        return bool((counts > 1).any())


def _tell(config: RoleOptions, steps: Sequence[str], unused: Sequence[str], notes: list[str]) -> None:
    told = {"answers": config.target, "steps": steps, "texts": config.text, "categories": config.category}
    told |= {"numbers": config.number, "pictures": config.image}
    parts = [f"{what} {_listed(columns)}" for what, columns in told.items() if columns]
    if config.sequence:
        order = f"in the order of '{config.time}'" if config.time else "in the order in which they stand"
        tells = "tells" if len(config.sequence) == 1 else "tell"
        parts.append(f"{' and '.join(map(repr, config.sequence))} {tells} sequences apart, steps {order}")
    notes.append("; ".join(parts))
    if unused:
        notes.append(f"not used: {_listed(unused)}")


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - 6} more" if len(columns) > 6 else ""
    return ", ".join(repr(c) for c in columns[:6]) + more
