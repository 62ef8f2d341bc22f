"""One batch goes through everything that a task does, before the first epoch: an author's mistake gets one line.

It names the method and the place in the plugin's file, instead of a traceback after an hour of training.
"""

from __future__ import annotations

import copy
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from lstm_onnx.contract import Array, LengthsSource, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.task import AnyTask, GraphSpec, TaskData
from lstm_onnx.training.denormals import flushed_to_zero
from lstm_onnx.training.devices import to_tensors
from lstm_onnx.training.options import Precision
from lstm_onnx.training.precision import check_rounding, loss_in

_EXAMPLES = 4
"""Examples in the batch."""


def rehearse(
    task: AnyTask, config: BaseModel, data: TaskData[Any], model: nn.Module, precision: Precision = "fp32"
) -> None:
    """Let one batch go through loss, graph, metrics, baselines and sample; neither model nor random numbers change.

    Raises:
        UserError: a method of the plugin breaks a rule, or fails; names it.
    """
    rehearsal = _Rehearsal(task, config, data, copy.deepcopy(model), precision)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())), flushed_to_zero():
        rehearsal.check_options()
        to_learn, to_test = rehearsal.batches()
        graph = rehearsal.graph()
        rehearsal.inputs(graph, to_test)
        rehearsal.loss(to_learn)
        rehearsal.answers(graph, to_test)
        rehearsal.sample(graph)


@contextmanager
def in_one_line(task: AnyTask, method: str) -> Iterator[None]:
    """Turn what goes wrong into one line that names the method and, if it is in the plugin's file, the line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        file = getattr(sys.modules.get(type(task).__module__), "__file__", None)
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
        place = f" (line {lines[-1]} of {file})" if lines else ""
        raise UserError(f"plugin '{task.name}': {method} raised {type(error).__name__}: {reason}{place}") from error


class _Rehearsal:
    """What one dry run works with."""

    def __init__(
        self, task: AnyTask, config: BaseModel, data: TaskData[Any], model: nn.Module, precision: Precision
    ) -> None:
        self.task, self.config, self.data, self.model, self.precision = task, config, data, model, precision

    def _wrong(self, method: str, what: str) -> UserError:
        return UserError(f"plugin '{self.task.name}': {method} {what}")

    def check_options(self) -> None:
        """`adjustable` names options that there are."""
        for name in self.task.adjustable:
            if name not in type(self.config).model_fields:
                raise self._wrong("adjustable", f"names '{name}', which is no option of Config")

    def batches(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return a batch to learn from, and one to test on."""
        for name, split in (("train", self.data.train), ("test", self.data.test)):
            if not len(split):
                raise self._wrong("load_data", f"gives no example in the {name} part")
        with in_one_line(self.task, "load_data"):
            to_learn = next(iter(self.data.train.batches(_EXAMPLES, np.random.default_rng(0))))
            to_test = next(iter(self.data.test.batches(_EXAMPLES)))
        for batch in (to_learn, to_test):
            if not isinstance(batch, dict) or not all(isinstance(a, np.ndarray) for a in batch.values()):
                raise self._wrong("load_data", "gives a batch that is no dict of NumPy arrays")
        return to_learn, to_test

    def loss(self, batch: Mapping[str, Array]) -> None:
        """The loss is one finite number that depends on a parameter."""
        with in_one_line(self.task, "loss"):
            self.model.train()
            tensors = next(to_tensors(iter([dict(batch)]), self.model))
            loss = loss_in(self.precision, self.task, self.model, tensors)
        if not isinstance(loss, Tensor) or loss.dim():
            shape = f"a tensor of the shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            raise self._wrong("loss", f"returned {shape}; it must return a tensor of one number: the mean of the batch")
        if not loss.requires_grad:
            raise self._wrong("loss", "returned a tensor that no parameter has a part in, so nothing can be learnt")
        if self.precision == "bf16":
            check_rounding(self.task, self.model, tensors)

    def graph(self) -> GraphSpec:
        """The main graph describes every axis, and calls no two tensors alike."""
        with in_one_line(self.task, "graphs"):
            graphs = self.task.graphs(self.model, self.config, self.data.info)
            if not isinstance(graphs, list) or not graphs or not isinstance(graphs[0], GraphSpec):
                raise self._wrong("graphs", "must return a list of GraphSpec, the main one first")
        graph = graphs[0]
        tensors = (*graph.inputs, *graph.outputs)
        for tensor in tensors:
            for dim in tensor.dims:
                if dim not in graph.axes:
                    raise self._wrong("graphs", f"describes no axis '{dim}', which '{tensor.name}' has; add it to axes")
            if isinstance(tensor.source, LengthsSource) and tensor.source.axis not in graph.axes:
                axis = tensor.source.axis
                raise self._wrong("graphs", f"has lengths '{tensor.name}' along '{axis}', and there is no such axis")
        for name, described in graph.axes.items():
            if described.labels is not None and len(described.labels) != described.size:
                told = f"{len(described.labels)} labels, and its size is {described.size}"
                raise self._wrong("graphs", f"gives axis '{name}' {told}")
        names = [t.name for t in tensors]
        if twice := [n for n in names if names.count(n) > 1]:
            raise self._wrong("graphs", f"calls two tensors '{twice[0]}'; rename one")
        return graph

    def inputs(self, graph: GraphSpec, batch: Mapping[str, Array]) -> None:
        """A batch to test on holds every input of the main graph; to learn, what a frozen encoder saw is enough."""
        if missing := [t.name for t in graph.inputs if t.name not in batch]:
            there = ", ".join(batch)
            raise self._wrong("load_data", f"gives batches without '{missing[0]}', which graphs has as input: {there}")

    def answers(self, graph: GraphSpec, batch: Mapping[str, Array]) -> None:
        """The module answers as the outputs say, and metrics score that and each baseline."""
        with in_one_line(self.task, "graphs: the module"):
            answers = torch_reference(graph)(batch)
        for tensor in graph.outputs:
            self._check(graph, tensor, answers[tensor.name], "graphs: the module gives")
        figures = self._score("metrics", answers, batch)
        primary = self.task.primary_metric.name
        if primary not in figures:
            raise self._wrong("metrics", f"gives {', '.join(figures)}, and primary_metric is '{primary}'")
        with in_one_line(self.task, "baselines"):
            naive = {**self.task.baselines(self.config, self.data.info), **self.data.baselines}
        for name, answer in naive.items():
            with in_one_line(self.task, f"baselines: '{name}'"):
                found = answer(batch)
            self._score(f"metrics of the baseline '{name}'", found, batch)

    def _score(self, method: str, answers: Mapping[str, Array], batch: Mapping[str, Array]) -> dict[str, float]:
        with in_one_line(self.task, method):
            totals = self.task.totals(answers, batch, self.config, self.data.info)
        for name, pair in totals.items():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise self._wrong(method, f"gives '{name}' as {type(pair).__name__}; it must be a pair (sum, count)")
        with in_one_line(self.task, "finish"):
            return self.task.finish(totals)

    def sample(self, graph: GraphSpec) -> None:
        """`sample` makes every input, of the type and the sizes that it was asked for."""
        sizes = {n: max(a.min, 2) for n, a in graph.axes.items() if a.size is None}
        with in_one_line(self.task, "sample"):
            found = sample_inputs(self.task, graph, sizes, 0)
        for tensor in graph.inputs:
            if tensor.name not in found:
                raise self._wrong("sample", f"makes no '{tensor.name}', which is an input")
            self._check(graph, tensor, found[tensor.name], "sample makes", sizes)

    def _check(
        self,
        graph: GraphSpec,
        tensor: TensorSpec,
        array: Array,
        who: str,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        wanted = [graph.axes[d].size or (sizes or {}).get(d) for d in tensor.dims]
        fits = array.ndim == len(wanted) and all(w in (None, n) for w, n in zip(wanted, array.shape, strict=True))
        found = "string" if array.dtype.kind in "OSU" else str(array.dtype)
        if fits and found == tensor.dtype:
            return
        dims = ", ".join(d if w is None else f"{d} = {w}" for d, w in zip(tensor.dims, wanted, strict=True))
        raise UserError(
            f"plugin '{self.task.name}': {who} '{tensor.name}' as {found} {tuple(array.shape)}, and it is described as "
            f"{tensor.dtype} ({dims})"
        )
