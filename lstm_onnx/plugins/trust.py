"""Which plugin files may be executed: those that the user names, and those that he trained with on this machine.

A run folder says which file its plugin was; but a run folder may come from somebody else, and a file that is executed
can do anything. So a file that only a run folder names is executed if, byte for byte, it is one that the user named
himself when he trained here: the sha256 of those are kept in his configuration folder. Anything else has to be named on
the command line (`--plugin-file`) by somebody who has read it.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from lstm_onnx.data.atomic_files import make_folder, write_atomically
from lstm_onnx.errors import UserError

CONFIG = "LSTM_ONNX_CONFIG"
"""Environment variable that names another folder than `~/.config/lstm-onnx`."""
_LARGEST = 1 << 20
"""Bytes of the list that are read at most."""


def digest_of(content: bytes) -> str:
    """Return the sha256 of a plugin file's content, as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def remember(digest: str, path: Path) -> None:
    """Note that the user named this file himself; where that cannot be written, he will have to name it again."""
    known = _known()
    if digest in known:
        return
    with suppress(UserError, OSError):
        make_folder(_list().parent)
        write_atomically(_list(), json.dumps(known | {digest: path.name}, indent=1) + "\n")


def is_known(digest: str) -> bool:
    """Whether a file of this content was named by the user before, on this machine."""
    return digest in _known()


def _list() -> Path:
    given = os.environ.get(CONFIG)
    base = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(given) if given else (Path(base) if base else Path.home() / ".config") / "lstm-onnx"
    return folder / "plugin-files.json"


def _known() -> dict[str, str]:
    try:
        with _list().open("rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
