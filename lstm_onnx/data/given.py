"""What a verb was given, as a path: of an exported file, or of a run folder; with errors that say what is needed.

Results of other verbs (a `Run`, a `Model`, what `export` returns) are paths, too: they have `__fspath__`.
"""

from __future__ import annotations

import os
from pathlib import Path

from lstm_onnx.errors import UserError, no_such_file


def given_path(given: object, verb: str, wanted: str) -> Path:
    """Return what was given as a path.

    Raises:
        UserError: it is none; says what it is and what `verb` needs.
    """
    if isinstance(given, str | os.PathLike):
        return Path(given)
    what = "nothing" if given is None else f"a {type(given).__name__}"
    raise UserError(f"{verb}: was given {what}, and needs {wanted}")


def given_file(given: object, verb: str) -> Path:
    """Return the path of an exported file, given by its path, by what `export` returned, or by a loaded `Model`.

    Raises:
        UserError: there is no such file, or a run folder was given that has not been exported.
    """
    path = given_path(given, verb, "an exported .onnx file: its path, or what export returned")
    if is_run(path):
        raise UserError(
            f"{path}: is a run folder, and {verb} needs a file; export it first: lstm-onnx export {path}, or in Python "
            f"run.export()"
        )
    if path.is_dir():
        raise UserError(f"{path}: is a folder, and {verb} needs an exported .onnx file in it")
    if not path.is_file():
        raise no_such_file(path, (".onnx",))
    return path


def given_run(given: object, verb: str) -> Path:
    """Return the path of a run folder, given by its path or by the `Run`.

    Raises:
        UserError: a file was given, or something else.
    """
    path = given_path(given, verb, "a run folder: its path, or what train returned")
    if path.is_file():
        raise UserError(f"{path}: is a file, and {verb} needs the folder of a run, such as runs/NAME")
    return path


def is_run(path: Path) -> bool:
    """Whether a path is a run folder."""
    return (path / "run.json").is_file()
