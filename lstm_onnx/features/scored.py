"""Other data than a task on features was trained on, prepared by what was learnt, to score it."""

from __future__ import annotations

from lstm_onnx.features.examples import Examples
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.split import FeatureSplit
from lstm_onnx.task import ScoredData


def all_of(examples: Examples, learnt: Learnt) -> ScoredData:
    """Prepare all examples, whatever part they are said to belong to; nothing is fitted.

    Raises:
        UserError: a row is not like those that were learnt from; says which and why.
    """
    examples.check(learnt.names)
    given = [(f, f.prepare(list(examples.columns[f.name]))) for f in learnt.inputs]
    notes = list(examples.notes)
    right = []
    for feature in learnt.outputs:
        rows, told = feature.prepare_scored(list(examples.columns[feature.name]))
        right.append((feature, rows))
        notes += told
    return ScoredData(FeatureSplit.checked(given, right), notes=tuple(notes))
