"""Where the files lie that a table names, when the table is a part of a larger one and no longer lies beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_folder: ContextVar[Path | None] = ContextVar("_folder", default=None)


@contextmanager
def found_from(folder: Path) -> Iterator[None]:
    """Take this for the folder of all tables that are asked about within the block."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def folder_of(data: Any) -> Path:
    """Return the folder that names in a table are relative to: its own; the present one for a table in memory."""
    known = _folder.get()
    return known if known is not None else data.parent if isinstance(data, Path) else Path()
