"""Small models to plant faults in, trained here on real data: numbers, sequences, texts."""

from __future__ import annotations

import csv
import importlib
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lstm_onnx as lo
from lstm_onnx.training.run_folder import Run

ADDING = Path(__file__).parents[2] / "examples" / "adding.py"
MODULES = (
    "argparse",
    "datetime",
    "decimal",
    "email.message",
    "json",
    "logging",
    "pathlib",
    "re",
    "socket",
    "subprocess",
)


@dataclass(frozen=True)
class Subject:
    """A trained run and its file."""

    name: str
    run: Run
    file: Path


def subjects(folder: Path, names: tuple[str, ...] = ("adding", "traffic", "vowels", "texts")) -> list[Subject]:
    """Train and export; a minute or two."""
    found = []
    for name in names:
        run = _train(name, folder)
        found.append(Subject(name, run, lo.export(run, folder / f"{name}.onnx").path))
    return found


def _train(name: str, folder: Path) -> Run:
    common: dict[str, Any] = {"runs": folder / "runs", "name": name}
    if name == "adding":
        return lo.train(
            "adding", plugin_file=ADDING, config={"count": 2000, "hidden": 16}, settings=_epochs(4), **common
        )
    if name == "traffic":
        config: dict[str, Any] = {"horizon": 12, "window": 48, "hidden": 16, "quantiles": (0.1, 0.5, 0.9)}
        return lo.train("forecasting", **config, **_epochs(2), **common)
    if name == "vowels":
        return lo.train("classification", hidden=16, **_epochs(6), **common)
    config = {"hidden": 16, "embedding": 12, "vocabulary": 1000}
    return lo.train("classification", texts(folder / "texts.csv"), **config, **_epochs(4), **common)


def _epochs(count: int) -> dict[str, Any]:
    return {"epochs": count, "threads": 1}


def texts(path: Path) -> Path:
    """Write what Python's own modules say of themselves, a paragraph a row, with the module as its label."""
    rows = []
    for name in MODULES:
        module = importlib.import_module(name)
        told = [inspect.getdoc(m) or "" for m in (module, *_members(module))]
        paragraphs = dict.fromkeys(" ".join(p.split()) for text in told for p in text.split("\n\n"))
        rows += [(p, name) for p in paragraphs if 5 <= len(p.split()) <= 60]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


def _members(module: object) -> list[object]:
    classes = [c for _, c in inspect.getmembers(module, inspect.isclass)]
    functions = [f for _, f in inspect.getmembers(module, inspect.isfunction)]
    return [*classes, *functions, *(m for c in classes for _, m in inspect.getmembers(c, inspect.isfunction))]
