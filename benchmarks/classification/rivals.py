"""What others reach on the same parts, measured here: the majority class, 1-NN DTW, TF-IDF with logistic regression.

python -m benchmarks.classification.rivals                  # every set
python -m benchmarks.classification.rivals r8 --out r.json

Needs dtaidistance (sequences) and scikit-learn (texts); nothing of this runs the plugin.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.classification.parts import Part, read
from benchmarks.classification.sets import SETS

Array = NDArray[Any]

SURE = 0.99
"""Probability that a nearest neighbour gives its class: it knows no doubt, but its log loss must stay finite."""
WINDOWS = range(21)
"""Warping windows to choose from, in hundredths of the length of a sequence, as the UCR archive does."""
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Inverse regularisation strengths of logistic regression to choose from."""
FOLDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"which: {', '.join(SETS)}; all if none")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    if unknown := set(options.sets) - set(SETS):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there is: {', '.join(SETS)}")
    found: dict[str, dict[str, Any]] = {}
    for name in options.sets or SETS:
        with tempfile.TemporaryDirectory() as folder:
            train, test = read(SETS[name](Path(folder)))
        found[name] = {}
        for rival, figures in rivals(train, test):
            found[name][rival] = figures
            print(f"{name}: {rival}: {json.dumps(figures)}", flush=True)
        if options.out:
            options.out.write_text(json.dumps(found, indent=1) + "\n")


def rivals(train: Part, test: Part) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each method that fits the data, and its scores on the test part."""
    classes = sorted(set(train.labels))
    target, truth = (np.array([classes.index(label) for label in part.labels]) for part in (train, test))
    shares = np.bincount(target, minlength=len(classes)) / len(target)
    yield "majority class", scores(np.tile(shares, (len(truth), 1)), truth)
    if isinstance(train.items[0], str):
        yield "TF-IDF + logistic regression", _tf_idf(train, target, test, truth)
        return
    known, asked = _standardised(train.items, test.items)
    began = time.perf_counter()
    nearest = _nearest(_between(known, asked), target, len(classes))
    yield "1-NN DTW", scores(nearest, truth) | {"seconds": round(time.perf_counter() - began, 1)}
    if known[0].shape[1] == 1 and len({len(s) for s in known}) == 1:
        began = time.perf_counter()
        window = _best_window(known, target)
        nearest = _nearest(_between(known, asked, _steps(window, known)), target, len(classes))
        seconds = round(time.perf_counter() - began, 1)
        yield "1-NN DTW, best window", scores(nearest, truth) | {"window": window / 100, "seconds": seconds}


def scores(probabilities: Array, truth: Array) -> dict[str, Any]:
    """Accuracy, macro F1 over the classes there are, and log loss, of probabilities (example, class)."""
    answer = probabilities.argmax(axis=1)
    f1 = []
    for k in np.unique(truth):
        right, said, there = ((answer == k) & (truth == k)).sum(), (answer == k).sum(), (truth == k).sum()
        f1.append(2 * right / (said + there))
    given = probabilities[np.arange(len(truth)), truth].clip(1e-15)
    figures = {"accuracy": np.mean(answer == truth), "macro_f1": np.mean(f1), "log_loss": -np.log(given).mean()}
    return {name: round(float(value), 4) for name, value in figures.items()}


def _standardised(train: list[Array], test: list[Array]) -> tuple[list[Array], list[Array]]:
    """Scale each channel by its mean and spread over all steps of the training part, as the plugin does."""
    steps = np.concatenate(train).astype(np.float64)
    center, spread = steps.mean(axis=0), steps.std(axis=0)
    scaled = [[np.ascontiguousarray((s - center) / spread) for s in part] for part in (train, test)]
    return scaled[0], scaled[1]


def _distances(sequences: list[Array], block: tuple[tuple[int, int], tuple[int, int]], window: int | None) -> Array:
    """DTW distances of rows to columns; all channels are warped together. `window` counts steps to either side."""
    from dtaidistance import dtw, dtw_ndim

    kind = dtw if sequences[0].shape[1] == 1 else dtw_ndim
    ready = [s[:, 0] for s in sequences] if kind is dtw else sequences
    # the package's window of 1 is the diagonal alone; what lies outside the block stays infinite
    wide = None if window is None else window + 1
    found: Array = kind.distance_matrix_fast(ready, block=block, window=wide, parallel=False, compact=False)
    return found


def _between(known: list[Array], asked: list[Array], window: int | None = None) -> Array:
    """Return distances (asked, known)."""
    n, m = len(known), len(asked)
    whole = _distances([*known, *asked], ((0, n), (n, n + m)), window)
    return whole[:n, n:].T


def _nearest(distances: Array, target: Array, classes: int) -> Array:
    """Return probabilities (asked, class) that name the class of the nearest."""
    found = np.full((len(distances), classes), (1 - SURE) / max(classes - 1, 1))
    found[np.arange(len(distances)), target[distances.argmin(axis=1)]] = SURE
    return found


def _steps(window: int, known: list[Array]) -> int:
    return round(window / 100 * len(known[0]))


def _best_window(known: list[Array], target: Array) -> int:
    """Choose the window that leaves the fewest errors when each training sequence is asked of the others."""
    right = []
    for window in WINDOWS:
        n = len(known)
        upper = _distances(known, ((0, n), (0, n)), _steps(window, known))
        both = np.minimum(upper, upper.T)
        np.fill_diagonal(both, np.inf)
        right.append(int((target[both.argmin(axis=1)] == target).sum()))
    return list(WINDOWS)[int(np.argmax(right))]


def _tf_idf(train: Part, target: Array, test: Part, truth: Array) -> dict[str, Any]:
    """Words and pairs of them, its strength chosen by cross-validation within the training part."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    began = time.perf_counter()
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    seen = words.fit_transform(train.items)
    search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": STRENGTHS}, cv=FOLDS)
    search.fit(seen, target)
    figures = scores(search.predict_proba(words.transform(test.items)), truth)
    return figures | {"C": search.best_params_["C"], "seconds": round(time.perf_counter() - began, 1)}


if __name__ == "__main__":
    main()
