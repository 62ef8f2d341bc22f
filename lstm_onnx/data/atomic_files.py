"""Writing files so that nobody ever finds half of one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstm_onnx.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Hand out a name beside `path` to write to; it takes `path`'s place when the block ends well, and goes otherwise.

    Raises:
        UserError: the folder does not exist, `path` is a folder, or the disk or the permissions forbid writing.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise UserError(f"{path}: its folder does not exist; create {path.parent} first")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a whole file at once: a reader sees the old content or the new, never a part. Text is UTF-8.

    Raises:
        UserError: as `replacing`.
    """
    with replacing(path) as beside:
        beside.write_bytes(content.encode() if isinstance(content, str) else content)


def file_name(name: str) -> str:
    """Make a name that is safe as a file name everywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"
