"""Other data than a task on features was trained on, prepared by what was learnt, to score it."""

from __future__ import annotations

from pathlib import Path

from lstm_onnx.features.examples import Examples
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.split import FeatureSplit, TakesRows
from lstm_onnx.features.stored import prepared
from lstm_onnx.task import ScoredData


def all_of(examples: Examples, learnt: Learnt, source: Path) -> ScoredData:
    """Prepare all examples, whatever part they are said to belong to; nothing is fitted.

    Args:
        examples: as they were read.
        learnt: the features, fitted.
        source: where they were read from.

    Raises:
        UserError: a row is not like those that were learnt from; says which and why.
    """
    answers = [f for f in learnt.outputs if f.is_supervised]
    examples = examples.filled((*learnt.inputs, *answers))
    columns = {name: c if isinstance(c, TakesRows) else list(c) for name, c in examples.columns.items()}
    given = [(f, prepared(f.prepare, columns[f.name], f.weight)) for f in learnt.inputs]
    notes = list(examples.notes)
    right = []
    for feature in answers:
        rows, told = feature.prepare_scored(columns[feature.name])
        right.append((feature, rows))
        notes += told
    if examples.part is not None and len(set(examples.part)) > 1:
        notes.append("all examples are scored, whatever part the data says that they belong to")
    return ScoredData(FeatureSplit.checked(given, right), examples.what, tuple(notes), examples.names(source))
