"""The file as somebody else exported it, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from lstm_onnx.errors import UserError, first_line, nearest
from lstm_onnx.exporting.about import About
from lstm_onnx.graph.description import Description
from lstm_onnx.task import Answer


@dataclass(frozen=True)
class Original:
    """What does not change while a file is adopted.

    Attributes:
        path: the file.
        found: what it says of itself.
        about: what a person, or a Darts spec, says of it.
        answer: what ONNX Runtime answers when it runs the file as it was.
    """

    path: Path
    found: Description
    about: About
    answer: Answer


def load_whole(path: Path) -> onnx.ModelProto:
    """Read a file with its weights, be they in it or beside it.

    Raises:
        UserError: they cannot be read.
    """
    try:
        return onnx.load(path)
    except Exception as error:
        raise UserError(f"{path}: its weights cannot be read ({first_line(error)})") from error


def refuse_unknown_names(path: Path, found: Description, about: About) -> None:
    """Refuse what is said of an input or output that the file does not have."""
    for side, tensors in (("inputs", found.inputs), ("outputs", found.outputs)):
        names = [t.name for t in tensors]
        for name in getattr(about, side):
            if name not in names:
                raise UserError(f"{path}: has no {side[:-1]} '{name}', of which was told{nearest(name, names)}")
