"""Scores a run or an exported file on the test part of some data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_onnx.contract import Array, Contract, Scores
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import Model, load
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask, Arrays
from lstm_onnx.training.plots import SHOWN, save_figure
from lstm_onnx.training.run_contract import describe
from lstm_onnx.training.scoring import score_beside_baselines


@dataclass(frozen=True)
class Evaluation:
    """Scores, and on what they were reached."""

    scores: Scores
    summary: str
    examples: int
    notes: tuple[str, ...]
    pictures: tuple[Path, ...] = ()


def evaluate(
    model: str | Path,
    data: str | Path | None = None,
    plot: str | Path | None = None,
    plugin_file: str | Path | None = None,
    provider: str = "auto",
    threads: int | None = None,
) -> Evaluation:
    """Score a run folder with PyTorch, or a file with ONNX Runtime.

    Args:
        model: run folder, or `.onnx` file.
        data: file to read; its test part is scored. None takes a run's own
            data, and for a file the data set that its plugin brings.
        plot: folder for the task's pictures of the answers.
        plugin_file: where the plugin is, if it is not installed; a run that was trained here knows.
        provider: of ONNX Runtime.
        threads: of ONNX Runtime.

    Raises:
        UserError: something is missing, or the data does not fit.
    """
    path, pictures = Path(model), Path(plot) if plot is not None else None
    plugin = Path(plugin_file) if plugin_file is not None else None
    if path.is_dir():
        return _judge_run(path, data, pictures, plugin)
    return _judge_file(load(path, provider, threads), data, pictures, plugin)


def _judge_run(folder: Path, data: str | Path | None, plot: Path | None, plugin_file: Path | None) -> Evaluation:
    from lstm_onnx.graph.torch_reference import torch_reference
    from lstm_onnx.training.restore import own_data, restore
    from lstm_onnx.training.run_folder import open_run

    restored = restore(open_run(folder), plugin_file=plugin_file)
    record, graph = restored.run.record, restored.graphs[0]
    source = data if data is not None else own_data(restored.run, restored.task)
    contract = describe(record, graph, record.name)
    return _judge(restored.task, contract, torch_reference(graph), source, record.config, record.training.seed, plot)


def _judge_file(model: Model, data: str | Path | None, plot: Path | None, plugin_file: Path | None) -> Evaluation:
    contract = model.require_contract()
    task = load_task(contract.task, plugin_file).task
    names = [t.name for t in contract.external_inputs]

    def answer(batch: Arrays) -> dict[str, Array]:
        return model.run({name: batch[name] for name in names})  # a stream begins anew with each batch

    return _judge(task, contract, answer, data, contract.provenance.config, 0, plot)


def _judge(
    task: AnyTask,
    contract: Contract,
    answer: Callable[[Arrays], dict[str, Array]],
    source: str | Path | None,
    options: dict[str, Any],
    seed: int,
    plot: Path | None,
) -> Evaluation:
    config = task.Config.model_validate(options)
    data = task.load_data(Path(source) if source is not None else None, config, seed)
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
