"""Finding the pictures that a table names: in the folder that is given, beside the table, or in a folder beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from lstm_onnx.data.images import IMAGE_FORMATS


def picture_folders(first: str, here: Path, given: Path | None = None, notes: list[str] | None = None) -> list[Path]:
    """Return the folders in which pictures are looked for: the given one, and that of the table.

    If the first picture is in none of them, a folder beside the table that has it is taken, too, and noted.

    Args:
        first: name of the first picture.
        here: the table's folder.
        given: by a person, as it stands or from `here`.
        notes: gets a line where a folder was found.
    """
    folders = [here] if given is None else [given, here / given, here]
    if not locate(first, folders).is_file():
        beside = sorted(folder for folder in here.iterdir() if folder.is_dir())
        found = next((folder for folder in beside if locate(first, [folder]).is_file()), None)
        if found is not None:
            if notes is not None:
                notes.append(f"pictures are found in {found}")
            folders.append(found)
    return folders


def locate(name: str, folders: Sequence[Path]) -> Path:
    """Return where a picture is: by the path that stands there, also as Windows writes it, or by its last part alone.

    A name without an ending is that of the only picture that is called so.
    """
    ways = (name, Path(name).name, *((name.replace("\\", "/"), PureWindowsPath(name).name) if "\\" in name else ()))
    tried = [folder / path for folder in folders for path in dict.fromkeys(ways)]
    found: Path | None = next((path for path in tried if path.is_file()), None)
    if found is None and Path(ways[-1]).suffix.lower() not in IMAGE_FORMATS:
        endings = [p for path in tried if path.parent.is_dir() for p in _with_ending(path)]
        found = endings[0] if len({p.resolve() for p in endings}) == 1 else None
    return found or tried[0]


def _with_ending(path: Path) -> list[Path]:
    found = (path.with_name(path.name + ending) for e in IMAGE_FORMATS for ending in (e, e.upper()))
    return [p for p in found if p.is_file()]
