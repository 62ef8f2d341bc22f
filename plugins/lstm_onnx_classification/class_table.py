"""How well each class is told from the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from lstm_onnx.contract import Array
from lstm_onnx.task import Totals
from lstm_onnx_classification.metrics import average_precision


def class_table(names: Sequence[str], totals: Totals) -> pl.DataFrame:
    """Return a row for each class.

    Columns: `precision`, the share of answers of the class that are right; `recall`, the share of its examples that are
    found; `f1`, the harmonic mean of both; `average_precision`, the area under precision over recall; `examples` that
    are of it, `answers` that name it. A share of nothing is missing.
    """
    confusion = totals["macro_f1"][0].total  # its last row is of classes that were never learnt
    hits, there, called = np.diag(confusion), confusion[:-1].sum(axis=1), confusion.sum(axis=0)
    scored = totals["auc"][0].total.arrays()
    areas = [average_precision(scored["probabilities"][:, k], scored["target"] == k) for k in range(len(names))]
    return pl.DataFrame(
        {
            "class": list(names),
            "precision": _share(hits, called),
            "recall": _share(hits, there),
            "f1": _share(2 * hits, there + called),
            "average_precision": pl.Series(areas, dtype=pl.Float64).fill_nan(None),
            "examples": pl.Series(there.astype(np.int64)),
            "answers": pl.Series(called.astype(np.int64)),
        }
    )


def _share(part: Array, whole: Array) -> pl.Series:
    return pl.Series(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)).fill_nan(None)
