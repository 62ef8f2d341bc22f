"""Where long arrays are kept: in memory, or in files that the operating system maps into it and takes out again."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lstm_onnx.errors import UserError

MAPPED = 1 << 18
"""Bytes that Linux maps around one that is asked for, about: 64 KB, or the whole of a larger piece that the page cache
has (0.65 MB for each of 64 in a file of 80 MB, measured on Linux 6.18)."""
TOUCHED = 1 << 26
"""Bytes that are read or written before a room on disk lets go of what it has mapped."""


class Room:
    """Makes arrays in memory."""

    on_disk = False

    def empty(self, shape: Sequence[int], kind: DTypeLike) -> NDArray[Any]:
        """Return an array to be filled."""
        return np.empty(tuple(shape), dtype=kind)

    def touched(self, count: int) -> None:
        """Be told that so many bytes of its arrays were read or written."""


class DiskRoom(Room):
    """Makes arrays in files without a name, which are gone when nothing uses them any more.

    What is mapped counts as memory of the process, although the system can take it away at any time. So that it is
    little in truth and on paper, pages are let go of now and then; their content stays in the file.

    Args:
        folder: where the files are made; None for the folder of temporary files (`TMPDIR`).

    Raises:
        UserError: the folder cannot be made.
    """

    on_disk = True

    def __init__(self, folder: Path | None = None) -> None:
        self.folder, self._maps, self._touched = folder, list[mmap.mmap](), 0
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(f"{folder}: no folder for files (--store): {error.strerror or error}") from None

    def empty(self, shape: Sequence[int], kind: DTypeLike) -> NDArray[Any]:
        """Return an array of zeros in a file.

        Raises:
            UserError: the disk has no place for it.
        """
        size = int(np.prod(tuple(shape), dtype=np.int64)) * np.dtype(kind).itemsize
        if not size:
            return super().empty(shape, kind)
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                if hasattr(os, "posix_fallocate"):  # a full disk is told now, not by a signal in the middle of training
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.truncate(size)
                found = mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise self.full(size, error) from None
        self._maps.append(found)
        return np.frombuffer(found, dtype=kind).reshape(tuple(shape))

    def growing(self) -> Growing:
        """Return bytes to be written one after the other, in a file."""
        return Growing(self)

    def map(self, file: IO[bytes], size: int) -> NDArray[np.uint8]:
        """Map so many bytes of a file, to be read."""
        if not size:
            return np.empty(0, dtype=np.uint8)
        found = mmap.mmap(file.fileno(), size)
        self._maps.append(found)
        return np.frombuffer(found, dtype=np.uint8)

    def full(self, size: int, error: OSError) -> UserError:
        """Return the error for a disk without a place for so many bytes."""
        place = self.folder or tempfile.gettempdir()
        return UserError(
            f"{place}: no place for {size / 1e6:,.0f} MB: {error.strerror or error}; name a folder on a disk that "
            "has it with --store"
        )

    def touched(self, count: int) -> None:
        """Let go of mapped pages when enough of them were touched."""
        self._touched += count
        if self._touched >= TOUCHED and hasattr(mmap, "MADV_DONTNEED"):
            self._touched = 0
            for one in self._maps:
                one.madvise(mmap.MADV_DONTNEED)


class Growing:
    """Bytes in a file without a name: written one after the other, and then mapped.

    Args:
        room: a room on disk.
    """

    def __init__(self, room: DiskRoom) -> None:
        self._room, self.size = room, 0
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=room.folder, buffering=1 << 20)
        except OSError as error:
            raise room.full(0, error) from None
        weakref.finalize(self, self._file.close)

    def add(self, data: bytes) -> None:
        """Append some.

        Raises:
            UserError: the disk is full.
        """
        try:
            self._file.write(data)
        except OSError as error:
            raise self._room.full(self.size + len(data), error) from None
        self.size += len(data)

    def mapped(self) -> NDArray[np.uint8]:
        """Return all of them, (bytes,); nothing more can be written.

        Raises:
            UserError: the disk is full.
        """
        try:
            self._file.flush()
            return self._room.map(self._file, self.size)
        except OSError as error:
            raise self._room.full(self.size, error) from None
        finally:
            self._file.close()


MEMORY = Room()
"""What is used where nothing else is said."""


def memory_size() -> int | None:
    """Return the bytes of memory that the machine, or the group that the process is in, has; None if unknown."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        text = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return whole
    return min(whole, int(text)) if text.isdecimal() else whole
