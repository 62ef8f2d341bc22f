"""The options to begin with: what a task finds in a table, as a TOML file to edit, which `train --config` takes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.data.open_table import open_table
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import FORMATS
from lstm_onnx.errors import UserError
from lstm_onnx.options import choices, without_none
from lstm_onnx.plugins.entry_points import task_names
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask

NOT_DECIDED = "?"
"""The role of a column where the task did not come to decide it."""
_WIDEST = 40


@dataclass(frozen=True)
class FirstOptions:
    """What was found.

    Attributes:
        plugin: the task.
        config: its options, with what was found filled in.
        understood: how each column is read.
        notes: one line for each thing that a person should know.
        refusal: why the task does not take the data as it stands, if it does not.
    """

    plugin: str
    config: BaseModel
    understood: tuple[ColumnReading, ...]
    notes: tuple[str, ...]
    refusal: str | None = None


def find_options(data: Path, plugin: str | None = None, plugin_file: Path | None = None) -> FirstOptions:
    """Let a task read some data, and return what it found.

    Args:
        data: file or folder.
        plugin: the task; without it, the only one of those that are installed which takes the data.
        plugin_file: Python file that holds the plugin, if it is not installed.

    Raises:
        UserError: the data is not there, or no task, or more than one, takes it.
    """
    if not data.exists():
        raise UserError(f"{data}: no such file or folder")
    if plugin is not None:
        task = load_task(plugin, plugin_file).task
        try:
            return _read(task, data)
        except UserError as error:
            return FirstOptions(plugin, task.Config(), _surveyed(data), (), str(error))
    found: list[FirstOptions] = []
    refused: list[str] = []
    for name in task_names():
        try:
            found.append(_read(load_task(name).task, data))
        except UserError as error:
            refused.append(f"{name}: {str(error).removeprefix(f'{data}: ')}")
    if len(found) > 1:
        names = " and ".join(one.plugin for one in found)
        raise UserError(f"{data}: {names} take it; say which task it is for with --plugin")
    if not found:
        raise UserError(
            f"{data}: no task takes it as it stands ({'; '.join(refused)}); say which it is for with --plugin, and the "
            "file says what to settle"
        )
    return found[0]


def _read(task: AnyTask, data: Path) -> FirstOptions:
    config = task.Config()
    read = task.load_data(data, config, 0)
    return FirstOptions(task.name, read.config or config, read.understood, read.notes)


def _surveyed(data: Path) -> tuple[ColumnReading, ...]:
    """How the columns of a table look, without a role; nothing for data that is no table."""
    if not data.is_file() or data.suffix.lower() not in FORMATS:
        return ()
    try:
        table = open_table(data, TableOptions())
    except UserError:
        return ()
    return tuple(table.reading(c, NOT_DECIDED) for c in table.frame.columns)


def write_options(found: FirstOptions, data: Path, to: Path, overwrite: bool = False) -> None:
    """Write the TOML file.

    Args:
        found: what is to stand in it.
        data: what was read; the file names it from where it lies itself.
        to: the file.
        overwrite: whether a file that says something else may be replaced.

    Raises:
        UserError: there is such a file.
    """
    text = "\n".join(_lines(found, data, to)) + "\n"
    if to.exists() and not overwrite and to.read_text(encoding="utf-8", errors="replace") != text:
        raise UserError(f"{to}: is there already, and says something else; give another --out, or --overwrite")
    write_atomically(to, text)


def _lines(found: FirstOptions, data: Path, to: Path) -> Iterator[str]:
    yield f"# Options for a model of {data.name}: edit them, then run: lstm-onnx train --config {to}"
    if found.refusal is not None:
        yield f"# It is not taken as it stands: {found.refusal}"
    if found.understood:
        yield "#"
        yield from (f"# {line}".rstrip() for line in _table(found.understood))
    yield from (f"# {line}".rstrip() for line in (*([""] if found.notes else []), *found.notes))
    yield ""
    yield f"plugin = {_toml(found.plugin)}"
    yield f"data = {_toml(os.path.relpath(data, to.parent))}  # from where this file lies"
    default = type(found.config)()
    for settled in (True, False):
        yield ""
        yield ("# found in the data" if settled else "# what else may be said, as it is (or an example of it)")
        for name, field in type(found.config).model_fields.items():
            value = getattr(found.config, name)
            if (value != getattr(default, name)) == settled:
                told = f"  # {field.description}" if field.description else ""
                shown = _toml(value if value is not None else _example(field))
                yield f"{'' if settled else '# '}{name} = {shown}{told}"


def _table(readings: Sequence[ColumnReading]) -> Iterator[str]:
    rows = [("column", "used as", "kind", "example", "odd")]
    rows += [(r.column, r.role, r.kind, " ".join((r.example or "").split())[:_WIDEST], r.odd or "") for r in readings]
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _example(field: FieldInfo) -> Any:
    """A value that an option might have which has none."""
    if words := choices(field):
        return words[0]
    kind = without_none(field.annotation)
    return {int: 1, float: 0.5, bool: True}.get(kind, "NAME")


def _toml(value: Any) -> str:
    """Write a value as TOML; its strings are those of JSON."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return json.dumps(value, ensure_ascii=False)
