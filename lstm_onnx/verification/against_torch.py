"""A file held against PyTorch, which answers each question once, however many sessions of the file are asked it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from lstm_onnx.contract import Array, Contract, LengthsSource
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.graph.subgraphs import run_before
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.task import Answer, Arrays, GraphSpec
from lstm_onnx.training.examples import for_graph, load_examples
from lstm_onnx.training.restore import Restored, graph_for
from lstm_onnx.verification.comparison import compare
from lstm_onnx.verification.report import NameMismatch, Report
from lstm_onnx.verification.value_checks import assert_close, extremes, grid, ragged


class AgainstTorch:
    """Compares sessions of one file with PyTorch over a grid of sizes, many never traced or trained.

    Args:
        restored: the run.
        contract: of the file.
    """

    def __init__(self, restored: Restored, contract: Contract) -> None:
        self._restored = restored
        self._graph = graph_for(restored, contract.variant, contract.numeric)
        # an int8 file is not PyTorch's equal, number by number: it was scored by the task's metric when it was exported
        self._tolerance = None if contract.variant == "int8" else self._graph.tolerance
        self._truth = torch_reference(self._graph)
        self._told: list[dict[str, Array]] = []  # answers of PyTorch, in the order of the questions
        self._stream_holds = self._graph.stream is None

    def check(self, answer: Answer, report: Report) -> str:
        """PyTorch and the file agree on sampled inputs, on ragged lengths, on the run's data, and on extremes."""
        apart = Report(report.where)  # differences of astronomic sizes say nothing in the user's unit
        counts = {"sampled": 0, "real": 0, "extreme": 0}
        for number, (kind, place, inputs) in enumerate(self._questions()):
            noted = apart if kind == "extreme" else report
            assert_close(answer, partial(self._known, number), inputs, self._tolerance, place, noted)
            counts[kind] += 1
        if not self._stream_holds:
            check_stream_against_main(self._restored, self._graph, report)
            self._stream_holds = True  # of PyTorch alone, so that no session changes it
        told = (
            f"{counts['sampled']} combinations of sizes and lengths, {counts['real']} examples of the run's data, "
            f"{counts['extreme']} extreme inputs"
        )
        return f"not to the digit, int8 is held to its metric: {told}" if self._tolerance is None else told

    def _known(self, number: int, inputs: Arrays) -> dict[str, Array]:
        if number == len(self._told):
            self._told.append(self._truth(inputs))
        return self._told[number]

    def _questions(self) -> Iterator[tuple[str, str, Arrays]]:
        """Yield kind, place and inputs; the same whenever it is asked, so that only answers need be kept."""
        graph, task = self._graph, self._restored.task
        for seed, sizes in enumerate(grid(graph), start=1):
            sampled = sample_inputs(task, graph, sizes, seed=seed)
            for lengths, inputs in ragged(graph, sampled, sizes):
                yield "sampled", ", ".join(f"{name} {size}" for name, size in sizes.items()) + lengths, inputs
        rows = for_graph(graph, self._restored.graphs[0], load_examples(self._restored.run))
        for number, row in enumerate(rows, start=1):
            yield "real", f"example {number} of the run's data", row
        sizes = {name: max(a.min, 2 if name == "batch" else 5) for name, a in graph.axes.items() if a.size is None}
        for what, inputs in extremes(graph.external_inputs, sample_inputs(task, graph, sizes, seed=0)):
            yield "extreme", what, inputs


def check_stream_against_main(restored: Restored, stream: GraphSpec, report: Report) -> None:
    """From reset states, a whole sequence in one piece is answered as by the main graph, both in PyTorch."""
    main, resets = restored.graphs[0], {s.input: s.reset for s in stream.states}
    ours, theirs = torch_reference(stream), torch_reference(main)
    shared = {t.name for t in main.outputs} & {t.name for t in stream.outputs}
    for seed, sizes in enumerate(grid(main)):
        inputs = sample_inputs(restored.task, main, sizes, seed)
        for t in main.inputs:  # a stream has no padding
            if isinstance(t.source, LengthsSource):
                inputs[t.name] = np.full_like(inputs[t.name], sizes[t.source.axis])
        known = {**run_before(main, inputs), **inputs}
        if strange := [t.name for t in stream.inputs if t.name not in resets and t.name not in known]:
            raise NameMismatch(
                f"the stream takes {strange[0]}, which neither goes into the main graph nor is made of its inputs "
                f"({', '.join(known)}), so that its answers cannot be compared; what takes whole texts cannot stream, "
                f"unless its task gives both graphs the same input"
            )
        given = {t.name: known[t.name] for t in stream.inputs if t.name not in resets}
        for t in stream.inputs:
            if t.name in resets:
                given[t.name] = np.full([stream.axes[d].size or sizes[d] for d in t.dims], resets[t.name], t.dtype)
        got, wanted = ours(given), theirs(inputs)
        place = "the stream from its start, against the main graph: " + ", ".join(f"{n} {s}" for n, s in sizes.items())
        compare({n: got[n] for n in shared}, {n: wanted[n] for n in shared}, main.tolerance, place, report)
