"""Scores a run or an exported file on the test part of some data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from lstm_onnx import display
from lstm_onnx.contract import Array, Contract, Scores
from lstm_onnx.data.frames import as_file
from lstm_onnx.data.given import given_path, is_run
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.options import EvaluateOptions
from lstm_onnx.inference.deadline import deadline
from lstm_onnx.inference.model import Model, load
from lstm_onnx.options import resolve
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask, Arrays
from lstm_onnx.training.own_data import is_bundled, own_data
from lstm_onnx.training.plots import SHOWN, save_figure
from lstm_onnx.training.run_contract import describe
from lstm_onnx.training.scoring import score_beside_baselines


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores, and on what they were reached.

    Attributes:
        scores: of the model and its baselines; `scores["mse"]` is the model's.
        summary: one line that says what was read.
        examples: how many were scored.
        notes: one line for each thing that was repaired or left out.
        pictures: the files that were drawn.
    """

    scores: Scores
    summary: str
    examples: int
    notes: tuple[str, ...]
    pictures: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        facts = {"data": self.summary} | display.scores_text(self.scores)
        return display.text(f"Scores on {self.examples:,} test examples", facts)

    def _repr_html_(self) -> str:
        facts = {"data": self.summary} | ({"repaired": "; ".join(self.notes)} if self.notes else {})
        table = display.html_table(*display.scores_rows(self.scores))
        pictures = map(display.html_picture, self.pictures)
        return display.html(f"Scores on {self.examples:,} test examples", display.html_facts(facts), table, *pictures)


def evaluate(
    model: str | PathLike[str] | Model, data: Any = None, *, options: EvaluateOptions | None = None, **fields: Any
) -> Evaluation:
    """Score a run with PyTorch, or a file with ONNX Runtime.

    Args:
        model: a run or its folder; or an exported file: its path, what `export` returned, or a loaded `Model`, which is
            scored as it was loaded.
        data: path of a file, or a table of polars, pandas or pyarrow; its test part is scored. None takes a run's own
            data, and for a file the data set that its plugin brings, if it was trained on that.
        options: pictures, plugin file, and where ONNX Runtime computes.
        **fields: fields of `EvaluateOptions`, instead of the object or on top of it.

    Raises:
        UserError: something is missing, or the data does not fit.
    """
    chosen = resolve(EvaluateOptions, options, fields, "evaluate")
    with as_file(data, "evaluate") as source, deadline(chosen.timeout):
        if isinstance(model, Model):
            return _judge_file(model, source, chosen)
        path = given_path(model, "evaluate", "a run or an exported file, itself or its path")
        if is_run(path):
            return _judge_run(path, source, chosen)
        return _judge_file(load(path, chosen.provider, chosen.threads), source, chosen)


def _judge_run(folder: Path, data: Path | None, options: EvaluateOptions) -> Evaluation:
    from lstm_onnx.graph.torch_reference import torch_reference
    from lstm_onnx.training.restore import restore
    from lstm_onnx.training.run_folder import open_run

    restored = restore(open_run(folder), plugin_file=options.plugin_file)
    record, graph = restored.run.record, restored.graphs[0]
    source = data if data is not None else own_data(restored.run, restored.task)
    contract = describe(record, graph, record.name)
    answer, seed = torch_reference(graph), record.training.seed
    return _judge(restored.task, contract, answer, source, record.config, seed, options.plot)


def _judge_file(model: Model, data: Path | None, options: EvaluateOptions) -> Evaluation:
    contract = model.require_contract()
    task = load_task(contract.task, options.plugin_file).task
    if data is None and not is_bundled(contract.provenance, task):
        raise UserError(
            f"{model.path}: was trained on data that neither it nor its plugin brings; say what to score "
            f"on: lstm-onnx evaluate {model.path} DATA (or score its run, '{contract.provenance.run}')"
        )
    names = [t.name for t in contract.external_inputs]

    def answer(batch: Arrays) -> dict[str, Array]:
        return model.run({name: batch[name] for name in names})  # a stream begins anew with each batch

    return _judge(task, contract, answer, data, contract.provenance.config, 0, options.plot)


def _judge(
    task: AnyTask,
    contract: Contract,
    answer: Callable[[Arrays], dict[str, Array]],
    source: Path | None,
    options: dict[str, Any],
    seed: int,
    plot: Path | None,
) -> Evaluation:
    config = task.Config.model_validate(options)
    data = task.load_data(source, config, seed)
    there = next(data.test.batches(1))
    if missing := [t.name for t in contract.external_inputs if t.name not in there]:
        raise UserError(f"{source or 'the bundled data'}: gives no '{missing[0]}', which is an input of the model")
    scores, totals = score_beside_baselines(task, answer, data, config)
    pictures = []
    if plot is not None:
        batch = next(data.test.batches(SHOWN))
        inputs = {t.name: batch[t.name] for t in contract.external_inputs}
        figures = {**task.plots(contract, inputs, answer(batch), batch), **task.charts(contract, totals)}
        pictures = [save_figure(figure, plot / f"{name}.png") for name, figure in figures.items()]
    return Evaluation(scores, data.summary, len(data.test), data.notes, tuple(pictures))
