"""What a run is made of and when: the time, a fingerprint of the data, releases of what shapes the numbers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from lstm_onnx.version import __version__


def now() -> str:
    """The time in UTC, ISO 8601 to the microsecond."""
    return datetime.now(UTC).isoformat()


def fingerprint(source: Path | None, task: str) -> str:
    """Identify the training data: sha256 of the file, or of names and sizes in a folder, or the bundled set's name."""
    digest = hashlib.sha256()
    if source is None:
        digest.update(f"bundled with {task} {__version__}".encode())
    elif source.is_dir():
        for path in sorted(p for p in source.rglob("*") if p.is_file()):
            digest.update(f"{path.relative_to(source)} {path.stat().st_size}\n".encode())
    else:
        with source.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Releases of what shapes the numbers."""
    return {"lstm-onnx": __version__} | {name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")}
