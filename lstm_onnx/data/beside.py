"""The file of test examples that lies beside a file to learn from."""

from __future__ import annotations

import re
from pathlib import Path

from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.errors import UserError

_TRAIN = re.compile(r"^(?P<name>.*)(?P<part>train)$", re.IGNORECASE)


def test_file_of(source: Path, asked: str | None = None) -> Path | None:
    """Return the test file that is asked for, or lies beside a training file; None if there is none.

    Args:
        source: the file to learn from: X_TEST.ts lies beside X_TRAIN.ts, test.csv beside train.csv.
        asked: the value of `--test-file`, from where the command runs or from where `source` lies.

    Raises:
        UserError: there is no file as asked.
    """
    if shown_piece() is not None:
        return None  # of a table that is read in pieces; whoever shows them reads the test file, too
    if asked is not None:
        near = source.parent / asked
        path = Path(asked) if Path(asked).exists() or not near.exists() else near
        if not path.exists():
            raise UserError(f"{path}: no such file (from --test-file); check the spelling and the folder")
        return path
    if not (match := _TRAIN.match(source.stem)):
        return None
    part = match["part"]
    test = "TEST" if part.isupper() else "Test" if part[0].isupper() else "test"
    beside = source.with_name(f"{match['name']}{test}{source.suffix}")
    return beside if beside.is_file() else None
