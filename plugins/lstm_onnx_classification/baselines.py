"""What the model must beat: the nearest training sequence (DTW), or TF-IDF with logistic regression."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_classification.dtw import distances
from lstm_onnx_classification.examples import SplitExamples, StepArray

_CELLS = 2e9
"""Cells of DTW matrices, test times training times channels, that are worth a wait (some ten seconds)."""
_LETTERS = 2e7
"""Letters of training texts that are worth the wait for TF-IDF."""
_SURE = 0.99
"""Probability that the nearest neighbour gives its class: it knows no doubt, but log loss must stay finite."""


def baselines(loaded: SplitExamples) -> tuple[dict[str, Answer], tuple[str, ...]]:
    """Return the baselines that the data allows, and a note for each that was left out."""
    if loaded.column:
        return _tf_idf(loaded)
    train, test = (cast(list[StepArray], part.items) for part in (loaded.train, loaded.test))
    cells = float(sum(map(len, train))) * float(sum(map(len, test))) * len(loaded.channels)
    if cells > _CELLS:
        return {}, (f"no 1-NN DTW baseline: its {cells / 1e9:.0f} billion cells would take minutes",)
    return {"1-NN DTW": _nearest(loaded, train)}, ()


def _nearest(loaded: SplitExamples, train: list[StepArray]) -> Answer:
    targets, classes = loaded.targets(loaded.train), len(loaded.classes)
    steps = np.concatenate(train).astype(np.float64)
    center, spread = np.nanmean(steps, axis=0), np.nanstd(steps, axis=0)
    spread = np.where(spread > 0, spread, 1)

    def scaled(sequence: Array) -> Array:
        found: Array = np.nan_to_num((sequence.astype(np.float64) - center) / spread)
        return found

    known = [scaled(s) for s in train]

    def answer(batch: Arrays) -> dict[str, Array]:
        found = np.full((len(batch["lengths"]), classes), (1 - _SURE) / max(classes - 1, 1))
        for row, values, length in zip(found, batch["values"], batch["lengths"], strict=True):
            row[targets[distances(scaled(values[:length]), known).argmin()]] = _SURE
        return {"probabilities": found}

    return answer


def _tf_idf(loaded: SplitExamples) -> tuple[dict[str, Answer], tuple[str, ...]]:
    letters = sum(map(len, loaded.train.items))
    if letters > _LETTERS:
        return {}, (f"no TF-IDF baseline: {letters / 1e6:.0f} million letters would take minutes",)
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
    except ImportError:
        return {}, ("no TF-IDF baseline: it needs scikit-learn (pip install scikit-learn)",)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2 if len(loaded.train) > 100 else 1, sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1000),
    )

    @cache  # fitted when it is first asked: not everyone who loads the data wants to know
    def fitted() -> Any:
        return model.fit(loaded.train.items, loaded.targets(loaded.train))

    def answer(batch: Arrays) -> dict[str, Array]:
        found: Any = fitted().predict_proba([str(t) for t in batch["text"]])
        return {"probabilities": np.asarray(found)}

    return {"TF-IDF + logistic regression": answer}, ()
