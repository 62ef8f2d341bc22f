"""Golden examples: real rows and sampled inputs, with the answers that every runtime must give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lstm_onnx.contract import Example, LengthsSource, Values
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.task import Answer, Arrays, GraphSpec
from lstm_onnx.training.examples import BATCH, for_graph, load_examples, together

if TYPE_CHECKING:
    from lstm_onnx.training.restore import Restored

MOST_GOLDEN = 16_000
"""Characters of JSON that the inputs of real examples may take in a contract."""


def golden_examples(restored: Restored, graph: GraphSpec, answer: Answer) -> tuple[Example, ...]:
    """Ask for the answers to sampled inputs, one as in training, and an odd batch of the smallest size.

    Between them, to real examples of the run's data, those that show most, as many as there is room for.
    """
    free = {name: axis for name, axis in graph.axes.items() if axis.size is None}
    usual = {name: axis.example_size or axis.min for name, axis in free.items()}
    odd = {name: 3 if name == "batch" else max(axis.min, 1) for name, axis in free.items()}
    asked = []
    for seed, sizes in enumerate((usual, odd)):
        inputs = sample_inputs(restored.task, graph, sizes, seed)
        if seed == 0:  # a stream begins
            inputs |= {s.input: np.full_like(inputs[s.input], s.reset) for s in graph.states}
        asked.append(inputs)
    if real := _as_many_as_fit(graph, for_graph(graph, restored.graphs[0], load_examples(restored.run))):
        asked.insert(1, together(graph, real) if len(real) > 1 else dict(real[0]))
    return tuple(_golden(graph, inputs, answer(inputs)) for inputs in asked)


def _as_many_as_fit(graph: GraphSpec, rows: Iterator[Arrays]) -> list[Arrays]:
    """Take rows as long as their JSON is short, one at least; a contract is read by people, too."""
    found: list[Arrays] = []
    size = 0
    for row in rows:
        size += sum(len(Values.of(a).model_dump_json()) for a in row.values())
        if found and (size > MOST_GOLDEN or not _fit_together(graph, found[0], row)):
            break
        found.append(row)
    return found


def _fit_together(graph: GraphSpec, first: Arrays, other: Arrays) -> bool:
    """Whether two rows, padded at their ends, make a batch: only what has lengths may differ in size."""
    if any(BATCH not in t.dims for t in graph.inputs):
        return False
    padded = {t.source.axis for t in graph.inputs if isinstance(t.source, LengthsSource)}
    return all(
        a == b or d in padded
        for t in graph.inputs
        for d, a, b in zip(t.dims, first[t.name].shape, other[t.name].shape, strict=True)
    )


def _golden(graph: GraphSpec, inputs: Arrays, outputs: Arrays) -> Example:
    return Example(
        inputs={t.name: Values.of(inputs[t.name]) for t in graph.inputs},
        outputs={t.name: Values.of(outputs[t.name]) for t in graph.outputs},
    )
