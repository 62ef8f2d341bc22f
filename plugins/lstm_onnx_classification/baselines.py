"""What the model must beat: the nearest training sequence (DTW), or TF-IDF with logistic regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.neighbours import Neighbours
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_classification.dtw import distances

_CELLS = 2e9
"""Cells of DTW matrices, test times training times channels, that are worth a wait (some ten seconds)."""
_LETTERS = 2e7
"""Letters of training texts that are worth the wait for TF-IDF."""
_SURE = 0.99
"""Probability that the nearest neighbour gives its class: it knows no doubt, but log loss must stay finite."""
Columns = Mapping[str, Sequence[Any]]


def baselines(learnt: Learnt, known: Columns, asked: Columns) -> dict[str, Answer | str]:
    """Return the baselines that the data allows, or in their place why they are left out."""
    given, label = learnt.inputs[0].name, learnt.outputs[0]
    targets = np.array(label.prepare_truth(known["label"]))
    if learnt.inputs[0].kind == "text":
        return {"TF-IDF + logistic regression": _tf_idf(known[given], targets, label.width)}
    train, test = known[given], asked[given]
    cells = float(sum(map(len, train))) * float(sum(map(len, test))) * train[0].shape[1]
    if cells > _CELLS:
        return {"1-NN DTW": f"no 1-NN DTW baseline: its {cells / 1e9:.0f} billion cells would take minutes"}
    return {"1-NN DTW": _nearest(train, targets, label.width)}


def nearest_example(learnt: Learnt, known: Columns) -> Answer:
    """Answer with the class of the training example whose features are nearest."""
    label = learnt.outputs[0]
    targets = np.array(label.prepare_truth(known["label"]))
    neighbours = Neighbours(learnt.inputs, known)

    def answer(batch: Arrays) -> dict[str, Array]:
        return _sure(targets[neighbours.of(batch)], label.width)

    return answer


def _sure(classes: Array, count: int) -> dict[str, Array]:
    """Return the answer of one who takes each example for one of `count` classes, whatever a threshold says."""
    found = np.full((len(classes), count), (1 - _SURE) / max(count - 1, 1))
    found[np.arange(len(classes)), classes] = _SURE
    return {"probabilities": found, "label_number": classes}


def _nearest(train: Sequence[Array], targets: Array, classes: int) -> Answer:
    steps = np.concatenate(train).astype(np.float64)
    center, spread = np.nanmean(steps, axis=0), np.nanstd(steps, axis=0)
    spread = np.where(spread > 0, spread, 1)

    def scaled(sequence: Array) -> Array:
        found: Array = np.nan_to_num((sequence.astype(np.float64) - center) / spread)
        return found

    known = [scaled(s) for s in train]

    def answer(batch: Arrays) -> dict[str, Array]:
        pairs = zip(batch["values"], batch["lengths"], strict=True)
        near = [distances(scaled(values[:length]), known).argmin() for values, length in pairs]
        return _sure(targets[np.array(near, dtype=np.int64)], classes)

    return answer


def _tf_idf(texts: Sequence[str], targets: Array, classes: int) -> Answer | str:
    letters = sum(map(len, texts))
    if letters > _LETTERS:
        return f"no TF-IDF baseline: {letters / 1e6:.0f} million letters would take minutes"
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        return "no TF-IDF baseline: it needs scikit-learn (pip install scikit-learn)"
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2 if len(texts) > 100 else 1, sublinear_tf=True)

    @cache  # fitted when it is first asked: not everyone who loads the data wants to know
    def fitted() -> Any:
        try:
            known = words.fit_transform(texts)
        except ValueError:  # no word is in enough texts, as where nothing parts words
            return None
        return LogisticRegression(C=10, max_iter=1000).fit(known, targets)

    def answer(batch: Arrays) -> dict[str, Array]:
        asked, model = written(batch), fitted()
        if model is None:  # without a feature, the regression says how frequent classes are
            shares = np.bincount(targets, minlength=classes) / len(targets)
            return {"probabilities": np.tile(shares, (len(asked), 1))}
        return {"probabilities": np.asarray(model.predict_proba(words.transform(asked)))}

    return answer


def written(batch: Arrays) -> list[str]:
    """Return the texts of a batch, which may stand there as bytes."""
    if "bytes" not in batch:
        return [str(text) for text in batch["text"]]
    return [
        bytes(row[:count]).decode(errors="replace")
        for row, count in zip(batch["bytes"], batch["byte_count"], strict=True)
    ]
