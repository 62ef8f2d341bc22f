"""Writes a plugin of one file that trains, exports and verifies as it is, to begin from."""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path

from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.errors import UserError


def write_plugin(name: str, folder: Path) -> Path:
    """Write `NAME.py`.

    Args:
        name: of the task: a Python name in small letters.
        folder: to write it to.

    Raises:
        UserError: the name cannot be a task's, or there is such a file.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower() or not name.isascii():
        raise UserError(f"'{name}' cannot name a task: take small letters, digits and _, such as my_task")
    path = folder / f"{name}.py"
    if path.exists():
        raise UserError(f"{path}: is there already; take another name, or another folder with --out")
    text = (files("lstm_onnx.features") / "new_plugin.txt").read_text(encoding="utf-8")
    words = {"CLASS": "".join(part.capitalize() for part in name.split("_")) or "New", "FILE": path.name}
    words |= {"SUMMARY": f"The task {name}: to begin from.", "NAME": name}
    for word, instead in words.items():
        text = text.replace(word, instead)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text)
    return path
