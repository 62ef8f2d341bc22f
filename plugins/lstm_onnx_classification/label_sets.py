"""Several classes for one example: how a table tells them, and what they become."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lstm_onnx.contract import Array
from lstm_onnx.data.columns import called
from lstm_onnx.data.tables import require, row_number
from lstm_onnx.errors import UserError
from lstm_onnx.features.label_set import LabelSet
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.plugin import Neighbours
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_classification.options import Config

JSON = "json"
"""The word for cells that are lists as JSON has them."""
_YES, _NO = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no", ""}


def has_sets(config: Config) -> bool:
    """Whether an example may have several classes."""
    return config.several is not None or bool(config.flags)


def how_many(sets: Sequence[Sequence[str]]) -> str:
    """Say how many classes an example has."""
    return f"each example has {sum(map(len, sets)) / len(sets):.2g} classes on average"


def with_sets(frame: pl.DataFrame, where: Path, config: Config, usual: Sequence[str]) -> tuple[pl.DataFrame, Config]:
    """Bring all ways of telling several classes to one: a column with a JSON list in each cell, perhaps an empty one.

    Args:
        frame: the table.
        where: its file, for errors.
        config: says how classes are told.
        usual: names of a column of classes, where none is asked for.

    Returns:
        the table, and the options with the column found.

    Raises:
        UserError: a cell is no list, or no yes or no; names the row.
    """
    if config.flags:
        for column in config.flags:
            require(frame, column, where, "--flags")
        label = config.label or "labels"
        rows = [_flagged(row, where, i, config.flags) for i, row in enumerate(frame.select(config.flags).iter_rows())]
        rest = frame.drop(config.flags).with_columns(pl.Series(label, rows, dtype=pl.String))
        return rest, config.model_copy(update={"label": label})
    held = config.label or called(frame, usual)
    if held is None:
        return frame, config  # told where roles are found
    require(frame, held, where, "--label")
    cells = frame.get_column(held).to_list()
    lists = [_list(cell, where, i, held, config.several or JSON) for i, cell in enumerate(cells)]
    return frame.with_columns(pl.Series(held, lists, dtype=pl.String)), config.model_copy(update={"label": held})


def _flagged(row: Sequence[Any], where: Path, at: int, columns: Sequence[str]) -> str:
    found = []
    for cell, column in zip(row, columns, strict=True):
        told = str("" if cell is None else cell).strip().lower()
        if told not in _YES | _NO:
            raise UserError(
                f"{where}: row {row_number(where, at)}, column '{column}' (from --flags): found '{cell}' where 0 or 1 "
                "is needed"
            )
        found += [column] if told in _YES else []
    return json.dumps(found, ensure_ascii=False)


def _list(cell: Any, where: Path, at: int, label: str, sign: str) -> str:
    if isinstance(cell, list):  # of a Parquet file or of JSON
        found = cell
    elif sign == JSON:
        try:
            found = json.loads(cell) if cell is not None and str(cell).strip() else []
        except (TypeError, ValueError):
            found = None
    else:
        found = str("" if cell is None else cell).split(sign)
    if not isinstance(found, list):
        raise UserError(
            f"{where}: row {row_number(where, at)}, column '{label}': found '{cell}' where a list as JSON is needed, "
            'such as ["red", "round"]; or say with --several which sign parts the classes'
        )
    return json.dumps(list(dict.fromkeys(t for t in (str(v).strip() for v in found) if t)), ensure_ascii=False)


def classes_of(labels: Sequence[str], where: Path) -> list[list[str]]:
    """Return the classes of each example, as `with_sets` has written them.

    Raises:
        UserError: they were read from something else than a table.
    """
    try:
        return [list(json.loads(cell)) for cell in labels]
    except (TypeError, ValueError):
        raise UserError(f"{where}: --several and --flags read tables, and this is none; leave them out") from None


def label_set(config: Config, labels: Sequence[str], where: Path) -> tuple[LabelSet, list[list[str]]]:
    """Return the feature that answers, and the classes of each example.

    Raises:
        UserError: there is no class at all, or one beside those that are given.
    """
    sets = classes_of(labels, where)
    classes = config.classes or tuple(sorted({label for row in sets for label in row}))
    if strange := next((label for row in sets for label in row if label not in classes), None):
        raise UserError(f"{where}: the class '{strange}' is none of those that are given or were learnt")
    if not classes:
        raise UserError(f"{where}: no example has any class; name the column of classes with --label")
    threshold = config.threshold if config.threshold is not None else 0.5
    feature = LabelSet(
        name="label", meaning="the classes", levels=classes, scores="probabilities", axis="class", threshold=threshold
    )
    return feature, sets


def nearest(learnt: Learnt, known: Mapping[str, Sequence[Any]]) -> Answer:
    """Answer with the classes of the nearest training example."""
    label = learnt.outputs[0]
    assert isinstance(label, LabelSet)
    neighbours = Neighbours(learnt.inputs, known)
    sets = np.stack(label.prepare_truth(known["label"])).astype(np.float32)

    def answer(batch: Arrays) -> dict[str, Array]:
        return label.said(sets[neighbours.of(batch)])

    return answer


def set_table(names: Sequence[str], counts: Array) -> pl.DataFrame:
    """Return precision, recall and F1 of each class, from (3, class): found, there, said; a share of nothing misses."""

    def share(part: Array, whole: Array) -> pl.Series:
        return pl.Series(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)).fill_nan(None)

    hits, there, said = counts
    return pl.DataFrame(
        {
            "class": list(names),
            "precision": share(hits, said),
            "recall": share(hits, there),
            "f1": share(2 * hits, there + said),
            "examples": pl.Series(there.astype(np.int64)),
            "answers": pl.Series(said.astype(np.int64)),
        }
    )
