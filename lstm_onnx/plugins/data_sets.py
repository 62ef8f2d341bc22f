"""The data sets that plugins bring, for whoever wants to see them, or try a command of the manual."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from lstm_onnx.data.atomic_files import make_folder, replacing
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.plugins.entry_points import task_names
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import DataSet


def data_sets() -> dict[str, DataSet]:
    """Return every data set of every plugin that loads, by name."""
    found: dict[str, DataSet] = {}
    for name in task_names():
        try:
            sets = load_task(name).task.data_sets()
        except UserError:
            continue  # `lstm-onnx plugins` says why
        found |= {one.name: one for one in sets if one.name not in found}
    return found


def brought(name: str, plugin: str) -> DataSet:
    """Return a data set that an installed plugin brings, for another that learns from it, too.

    Args:
        name: of the data set.
        plugin: who brings it.

    Raises:
        UserError: it is not there.
    """
    found = {one.name: one for one in load_task(plugin).task.data_sets()}
    if name not in found:
        raise UserError(f"the plugin '{plugin}' brings no data called '{name}', which is needed; give data of your own")
    return found[name]


def write_data_set(name: str, folder: Path, known: Mapping[str, DataSet]) -> list[Path]:
    """Write the files of a data set into a folder; what is there already and differs is not overwritten.

    Raises:
        UserError: there is no such data set, or a file of that name holds something else.
    """
    if name not in known:
        raise UserError(f"no plugin brings data called '{name}'{nearest(name, known)}")
    make_folder(folder)
    targets = {file: folder / file.name for file in known[name].files}
    for file, target in targets.items():
        if target.exists() and target.read_bytes() != file.read_bytes():
            raise UserError(f"{target}: is there, and holds something else; name another folder with --out")
    for file, target in targets.items():
        with replacing(target) as beside:
            shutil.copyfile(file, beside)
    return list(targets.values())
