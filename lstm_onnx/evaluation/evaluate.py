"""Scores a run or an exported file: on the test part of the data it was trained on, or on all of other data."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from lstm_onnx.data.frames import TABLE, as_file
from lstm_onnx.data.tables import write_table
from lstm_onnx.evaluation.answer_table import AnswerTable
from lstm_onnx.evaluation.evaluation import Evaluation
from lstm_onnx.evaluation.in_parts import evaluate_parts
from lstm_onnx.evaluation.judged import Judged, judged, opened
from lstm_onnx.evaluation.options import EvaluateOptions
from lstm_onnx.inference.deadline import deadline
from lstm_onnx.inference.model import Model
from lstm_onnx.inference.part_list import is_pattern
from lstm_onnx.options import resolve
from lstm_onnx.task import Arrays
from lstm_onnx.training.plots import named, save_figure
from lstm_onnx.training.scoring import add_up, batches, beside


def evaluate(
    model: str | PathLike[str] | Model, data: Any = None, *, options: EvaluateOptions | None = None, **fields: Any
) -> Evaluation:
    """Score a run with PyTorch, or a file with ONNX Runtime.

    Args:
        model: a run or its folder; or an exported file: its path, what `export` returned, or a loaded `Model`, which is
            scored as it was loaded.
        data: path of a file, a pattern of files (`data/*.parquet`), or a table of polars, pandas or pyarrow. If it is
            the data that the model was trained on, to the byte, the test part of that is scored, and else all of it;
            nothing is fitted on it. None takes a run's own data, and for a file the data set that its plugin brings, if
            it was trained on that.
        options: a table of the answers, pictures, plugin file, and where ONNX Runtime computes.
        **fields: fields of `EvaluateOptions`, instead of the object or on top of it.

    Raises:
        UserError: something is missing, or the data does not fit.
    """
    chosen = resolve(EvaluateOptions, options, fields, "evaluate")
    if _in_parts(data, chosen):
        return evaluate_parts(model, Path(data), chosen)
    with as_file(data, "evaluate") as source, deadline(chosen.timeout):
        found = _judge(judged(opened(model, chosen), source, chosen), chosen)
    if source is None or isinstance(data, str | PathLike) or found.part == "test":
        return found
    return replace(found, summary=found.summary.removesuffix(source.name) + TABLE)  # which has no name of its own


def _in_parts(data: Any, options: EvaluateOptions) -> bool:
    """Whether data is to be scored part by part: several files, or as an option says."""
    is_path = isinstance(data, str | PathLike)
    return is_path and (options.workers is not None or options.part_rows is not None or is_pattern(Path(data)))


def _judge(model: Judged, options: EvaluateOptions) -> Evaluation:
    task, contract, answer, subject, config = model.task, model.contract, model.answer, model.subject, model.config
    table = AnswerTable(contract, subject.names)

    def seen(batch: Arrays, outputs: Arrays) -> None:
        if options.to is not None:
            table.add(batch, outputs, task.truth(batch, config, subject.info))

    totals = add_up(task, answer, subject.split, config, subject.info, seen)
    scores = beside(task, totals, subject.split, config, subject.info, subject.naive)
    pictures = []
    if options.plot is not None:
        batch = next(batches(subject.split))
        inputs = {t.name: batch[t.name] for t in contract.external_inputs}
        drawn = task.plots(contract, named(inputs, subject.names), answer(batch), batch)
        figures = {**drawn, **task.charts(contract, totals)}
        pictures = [save_figure(figure, options.plot / f"{name}.png") for name, figure in figures.items()]
    if options.to is not None:
        write_table(table.frame(), options.to)
    return Evaluation(
        scores,
        subject.summary,
        len(subject.split),
        tuple(subject.notes),
        tuple(pictures),
        part=subject.part,
        tables=task.tables(contract, totals),
        written=options.to,
        ahead=task.primary_metric.ahead(scores),
    )
