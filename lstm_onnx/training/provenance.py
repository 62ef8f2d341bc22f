"""What a run is made of and when: the time, a fingerprint of the data, releases of what shapes the numbers."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from lstm_onnx.data.parquet_pieces import files_of_pattern, is_pattern
from lstm_onnx.errors import UserError
from lstm_onnx.version import __version__


def now() -> str:
    """The time in UTC, ISO 8601 to the microsecond."""
    return datetime.now(UTC).isoformat()


def fingerprint(files: Sequence[Path], task: str, release: str = __version__) -> str:
    """Identify the training data by content: sha256 of the one file, or of the digests of all files by name.

    Args:
        files: every file, folder and pattern of files that was read; none for data that a task draws.
        task: name of the task, which then stands for the data together with the release.
        release: of this package.
    """
    files = [one for path in files for one in (files_of_pattern(path) if is_pattern(path) else [path])]
    if not files:
        return hashlib.sha256(f"bundled with {task} {release}".encode()).hexdigest()
    if len(files) == 1 and files[0].is_file():
        return digest(files[0])
    whole = hashlib.sha256()
    for place in files:
        inside = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        for path in inside:
            whole.update(f"{path.relative_to(place) if path != place else path.name} ".encode(errors="surrogateescape"))
            whole.update(bytes.fromhex(digest(path)))
    return whole.hexdigest()


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder, or any file of such a pattern."""
    return path.exists() or (is_pattern(path) and bool(glob.glob(str(path), recursive=True)))


def digest(path: Path) -> str:
    """Return the sha256 of a file, as 64 hex digits.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None


def versions() -> dict[str, str]:
    """Releases of what shapes the numbers."""
    return {"lstm-onnx": __version__} | {name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")}
