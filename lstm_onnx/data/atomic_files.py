"""Writing files so that nobody ever finds half of one, whatever stops the program: an error, a kill, a power cut."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from lstm_onnx.errors import UserError

LONGEST_NAME = 240
"""Bytes of a file name, of the 255 that file systems take: `replacing` adds some of its own."""
_LEFT_OVER_AFTER = 24 * 3600.0
"""Seconds after which what a killed program left beside its files is swept away."""


@contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[Path]:
    """Hand out a name beside `path` to write to; it takes `path`'s place when the block ends well, and goes otherwise.

    The content is on the disk before it gets its name, and the name before this returns (`fsync` of the file and of its
    folder): without that, a power cut leaves a file of 0 bytes under the final name, up to half a minute later.

    Args:
        path: the file.
        durable: wait for the disk; else a power cut may lose the file, which only what can be made again may be.

    Raises:
        UserError: the folder does not exist, `path` is a folder, its name is too long, or the disk or the permissions
            forbid writing.
    """
    path = Path(path)
    try:
        _refuse_place(path)
        if durable:
            sweep(path.parent, f".{_plain(path.name[:200])}.*.part", _LEFT_OVER_AFTER)
        beside = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
        try:
            yield beside
            if durable:
                move(beside, path)
            else:
                os.replace(beside, path)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None


def _refuse_place(path: Path) -> None:
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise UserError(f"{path.name[:40]}…: a name of more than {LONGEST_NAME} bytes; choose a shorter one")
    if path.is_dir():
        raise UserError(f"{path}: is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise UserError(f"{path}: its folder does not exist; create {path.parent} first")


def write_atomically(path: Path, content: bytes | str, durable: bool = True) -> None:
    """Write a whole file at once: a reader sees the old content or the new, never a part. Text is UTF-8.

    Args:
        path: the file.
        content: what it shall hold.
        durable: as in `replacing`.

    Raises:
        UserError: as `replacing`.
    """
    with replacing(path, durable) as beside:
        _write(beside, content)


def write_together(files: Mapping[Path, bytes | str], stale: Iterable[Path] = ()) -> None:
    """Write files that belong together: all are on the disk before the first gets its name.

    Names change in the order of `files`. As no file system changes two at once, a kill can come between them: `stale`
    are removed first, so that what is left is incomplete for all to see, and never old beside new.

    Raises:
        UserError: as `replacing`; then no name has changed, but for what failed in renaming itself.
    """
    with ExitStack() as stack:
        first, *others = files
        # left in reverse order: the last that is entered gets its name first
        for path in reversed(others):
            _write(stack.enter_context(replacing(path)), files[path])
        with replacing(first) as beside:
            _write(beside, files[first])
            for path in stale:
                path.unlink(missing_ok=True)
            _sync(first.parent)


def _write(path: Path, content: bytes | str) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def move(source: Path, target: Path) -> None:
    """Give `source`, a file or a folder with all that is in it, the name `target`, so that a power cut loses neither.

    Raises:
        OSError: it cannot be moved.
    """
    for path in [source, *source.rglob("*")] if source.is_dir() else [source]:
        _sync(path)
    os.replace(source, target)
    _sync(target.parent)


def make_folder(folder: Path, exist_ok: bool = True) -> None:
    """Make a folder and those above it that are missing, and see to it that a power cut does not lose them.

    Raises:
        FileExistsError: it is there, and must not be.
        UserError: it cannot be made.
    """
    try:
        new = [p for p in (folder, *folder.parents) if not p.exists()]
        folder.mkdir(parents=True, exist_ok=exist_ok)
        for made in new:
            _sync(made.parent)
    except FileExistsError:
        if exist_ok:
            raise UserError(f"{folder}: is a file, where a folder is needed; choose another name") from None
        raise
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror or error}") from None


@contextmanager
def stage_beside(folder: Path) -> Iterator[Path]:
    """Hand out an empty folder beside `folder`, to fill and `move`; it goes when the block ends.

    What killed programs left there more than a day ago goes too.
    """
    prefix = f".{folder.name[:100]}.stage-"
    sweep(folder.parent, f"{_plain(prefix)}*", _LEFT_OVER_AFTER)
    stage = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def sweep(folder: Path, pattern: str = ".*.part", older_than: float = 0.0) -> None:
    """Remove what programs that were killed left half-written in a folder.

    Args:
        folder: where to look.
        pattern: names of the files and folders.
        older_than: seconds since they were last written to; 0 only where nobody else can be at work.
    """
    for left in [p for p in folder.iterdir() if fnmatchcase(p.name, pattern)]:
        with suppress(OSError):
            if time.time() - left.stat().st_mtime >= older_than:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _sync(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders, and keeps their names by itself
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def file_name(name: str) -> str:
    """Make a name that is safe as a file name everywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:200] or "model"
