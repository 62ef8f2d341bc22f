"""Power cuts without a plug: what a disk would hold if the power went at each moment of some work.

`Disk` records which content of which file, and which names of which folder, were synced (`os.fsync`) while a program
ran in this process. From that follows what is left after a cut, in the two worst worlds that file systems allow: names
reach the disk at once and content only when synced (the file of 0 bytes under the final name), or names only when their
folder is synced (the file that is not there). A real disk is between the two.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Tree = dict[str, bytes | None]
"""Paths below a folder -> content of a file, or None for a folder."""


@dataclass
class Disk:
    """A folder, and what of it has reached the disk.

    Attributes:
        root: the folder.
        visit: is called after each event with the two worst trees (names early, names late).
    """

    root: Path
    visit: Callable[[str, Tree, Tree], None]
    events: int = 0
    _synced: dict[int, bytes] = field(default_factory=dict)
    _names: dict[str, Tree] = field(default_factory=dict)

    @contextmanager
    def recording(self) -> Iterator[Disk]:
        """Record every `os.fsync` and `os.replace` that happens inside, and call `visit` after each."""
        sync, replace = os.fsync, os.replace

        def recorded_sync(handle: int) -> None:
            sync(handle)
            self._note_sync(handle)
            self._happened("fsync")

        def recorded_replace(source: os.PathLike[str], target: os.PathLike[str]) -> None:
            replace(source, target)
            self._happened(f"rename to {Path(target).name}")

        os.fsync, os.replace = recorded_sync, recorded_replace  # type: ignore[assignment]
        try:
            yield self
        finally:
            os.fsync, os.replace = sync, replace

    def early(self) -> Tree:
        """What is left where names are faster than content."""
        return {p: None if n is None else self._synced.get(n, b"") for p, n in self._inodes().items()}

    def late(self) -> Tree:
        """What is left where only synced folders keep the names in them."""
        found: Tree = {}
        ahead = [""]
        while ahead:
            folder = ahead.pop()
            for path, content in self._names.get(folder, {}).items():
                found[path] = content
                if content is None:
                    ahead.append(path)
        return found

    def _happened(self, what: str) -> None:
        self.events += 1
        self.visit(what, self.early(), self.late())

    def _note_sync(self, handle: int) -> None:
        status = os.fstat(handle)
        for path, inode in {"": None, **self._inodes()}.items():
            place = self.root / path
            if place.stat().st_ino != status.st_ino:
                continue
            if inode is not None:
                self._synced[inode] = place.read_bytes()
                continue
            self._names[path] = {
                p: None if n is None else self._synced.get(n, b"")
                for p, n in self._inodes().items()
                if os.path.dirname(p) == path
            }

    def _inodes(self) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        for place in sorted(self.root.rglob("*")):
            found[str(place.relative_to(self.root))] = None if place.is_dir() else place.stat().st_ino
        return found


def lay_out(tree: Tree, folder: Path) -> Path:
    """Write a tree into a folder that is emptied first, and return the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path, content in sorted(tree.items()):
        place = folder / path
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return folder
