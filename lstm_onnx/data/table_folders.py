"""A folder of tables, each of which is one sequence: a file for each recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from lstm_onnx.data.parts import PART_NAMES
from lstm_onnx.data.tables import FORMATS, read_table
from lstm_onnx.errors import UserError

RECORDING, LABEL, SPLIT = "recording", "label", "split"
"""Columns that are added: the file, the folder that it lies in or what a table says of it, and the part."""
_TABLES = tuple(f for f in FORMATS if f not in (".json", ".txt"))


def table_files(folder: Path) -> list[Path]:
    """Return the tables in a folder and its folders, in the order of their names."""
    return sorted(f for f in folder.rglob("*") if f.suffix.lower() in _TABLES and f.is_file() and f.name[0] != ".")


def read_table_folder(
    folder: Path, read: Callable[[Path], pl.DataFrame] = read_table, labelled: bool = False
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read all tables of a folder as one, with a column `recording` that names the file.

    Args:
        folder: holds the files, or folders of them.
        read: reads one.
        labelled: also tell the class of each recording as `label`: the name of its folder or, where all lie in one,
            what a table there says that names the files; and of folders `train` and `test` above the part, as `split`.

    Returns:
        the table, and what was found.

    Raises:
        UserError: there is none, they have different columns, or their classes are not told.
    """
    files = table_files(folder)
    names = _table_of_names(folder, files, read) if labelled else None
    if names is not None:
        files = [f for f in files if f != names[0]]
    if not files:
        raise UserError(f"{folder}: holds no tables; give a folder with a file for each sequence, {', '.join(_TABLES)}")
    labels = [_label(f, folder, names) for f in files] if labelled else []
    parts = [_part(f, folder) for f in files]
    frames: list[pl.DataFrame] = []
    for i, file in enumerate(files):
        frame = read(file)
        if frames and set(frame.columns) != set(frames[0].columns) - {RECORDING, LABEL, SPLIT}:
            other = sorted(set(frame.columns) ^ (set(frames[0].columns) - {RECORDING, LABEL, SPLIT}))
            raise UserError(f"{file}: has other columns than {files[0].name} ('{other[0]}'); give all the same")
        added = [pl.lit(str(file.relative_to(folder))).alias(RECORDING)]
        added += [pl.lit(labels[i]).alias(LABEL)] if labelled else []
        added += [pl.lit(parts[i]).alias(SPLIT)] if labelled and None not in parts else []
        frames.append(frame.with_columns(added))
    together = pl.concat([f.select(frames[0].columns) for f in frames], how="vertical_relaxed")
    return together, (f"{len(files):,} files, a sequence each",)


def _table_of_names(
    folder: Path, files: Sequence[Path], read: Callable[[Path], pl.DataFrame]
) -> tuple[Path, dict[str, str]] | None:
    """Find a table beside the files that names each of them in one column, and its class in another."""
    for file in (f for f in files if f.parent == folder):
        others = [f for f in files if f != file]
        frame = read(file)
        if frame.height > 4 * len(others) + 4 or not others:
            continue
        for column in frame.columns:
            cells = frame.get_column(column).cast(pl.String, strict=False)
            known = {name: i for i, name in enumerate(cells.to_list()) if name}
            if all(any(key in known for key in _keys(f, folder)) for f in others):
                rest = [c for c in frame.columns if c != column]
                named = next((c for c in rest if c.lower() in (LABEL, "class", "target", "category")), None)
                if named is None and len(rest) == 1:
                    named = rest[0]
                if named is None:
                    raise UserError(f"{file}: names the files, and no column is called '{LABEL}'; call the classes so")
                classes = frame.get_column(named).cast(pl.String).to_list()
                return file, {key: str(classes[i]) for key, i in known.items() if classes[i] is not None}
    return None


def _keys(file: Path, folder: Path) -> tuple[str, ...]:
    return str(file.relative_to(folder)), file.name, file.stem


def _label(file: Path, folder: Path, names: tuple[Path, dict[str, str]] | None) -> str:
    if names is not None:
        found = next((names[1][key] for key in _keys(file, folder) if key in names[1]), None)
        if found is None:
            raise UserError(f"{names[0]}: says no class of {file.name}")
        return found
    if file.parent == folder:
        raise UserError(
            f"{file}: lies in no folder of its class; put the files of each class into a folder of its name, or add a "
            f"table with the columns file and {LABEL}"
        )
    return file.parent.name


def _part(file: Path, folder: Path) -> str | None:
    inner = file.relative_to(folder).parts
    return PART_NAMES.get(inner[0].lower()) if len(inner) > 2 else None
