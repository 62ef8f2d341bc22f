"""Brings a run or an exported file together with the examples that it is scored on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from lstm_onnx.contract import Array, Contract
from lstm_onnx.data.given import given_path, is_run
from lstm_onnx.data.splits import Split
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.options import EvaluateOptions
from lstm_onnx.inference.model import Model, load
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import Answer, AnyTask, Arrays, TaskData
from lstm_onnx.training.own_data import is_bundled, is_own, load_own, own_data, read_otherwise
from lstm_onnx.training.run_contract import describe

if TYPE_CHECKING:
    from lstm_onnx.training.restore import Restored


@dataclass(frozen=True)
class Judged:
    """A model beside the examples that it is scored on.

    Attributes:
        task: whose metrics count.
        contract: of the main graph.
        answer: gives the outputs of the main graph for a batch.
        subject: what is scored.
        config: the task's options.
    """

    task: AnyTask
    contract: Contract
    answer: Callable[[Arrays], dict[str, Array]]
    subject: Subject
    config: BaseModel


def opened(model: str | PathLike[str] | Model, options: EvaluateOptions) -> Model | Restored:
    """Load what is to be scored: a run, or an exported file; a loaded one stays as it is.

    Raises:
        UserError: it is neither.
    """
    if isinstance(model, Model):
        return model
    path = given_path(model, "evaluate", "a run or an exported file, itself or its path")
    if not is_run(path):
        return load(path, options.provider, options.threads)
    from lstm_onnx.training.restore import restore
    from lstm_onnx.training.run_folder import open_run

    return restore(open_run(path), plugin_file=options.plugin_file)


def contract_of(model: Model | Restored) -> Contract:
    """Return the contract of a file, or of the main graph of a run."""
    if isinstance(model, Model):
        return model.require_contract()
    return describe(model.run.record, model.graphs[0], model.run.record.name)


def judged(model: Model | Restored, source: Path | None, options: EvaluateOptions) -> Judged:
    """Bring a run or a file together with what it is scored on: its own test part, or all of other data.

    Raises:
        UserError: something is missing, or the data does not fit.
    """
    if isinstance(model, Model):
        found = _judged_file(model, source, options)
    else:
        found = _judged_run(model, source, options)
    there = next(found.subject.split.batches(1))
    if missing := [t.name for t in found.contract.external_inputs if t.name not in there]:
        raise UserError(f"{found.subject.where}: gives no '{missing[0]}', which is an input of the model")
    return found


def _judged_run(restored: Restored, data: Path | None, options: EvaluateOptions) -> Judged:
    from lstm_onnx.graph.torch_reference import torch_reference

    record, task = restored.run.record, restored.task
    config = read_otherwise(task, restored.config, options.changes)
    if data is None or is_own(data, task, config, record.fingerprint):
        source = data if data is not None else own_data(restored.run, task)
        seed, fold = record.training.data_seed, record.training.fold
        own = load_own(task, source, config, seed, restored.info, record.base, fold)
        subject = _own_test(task, own, config, source)
    else:
        subject = _all_of(data, task, config, restored.info)
    return Judged(task, contract_of(restored), torch_reference(restored.graphs[0]), subject, config)


def _judged_file(model: Model, data: Path | None, options: EvaluateOptions) -> Judged:
    contract = model.require_contract()
    origin = contract.provenance
    task = load_task(contract.task, options.plugin_file).task
    config = read_otherwise(task, task.Config.model_validate(origin.config), options.changes)
    if data is None and not is_bundled(origin, task):
        raise UserError(
            f"{model.path}: was trained on data that neither it nor its plugin brings; say what to score "
            f"on: lstm-onnx evaluate {model.path} DATA (or score its run, '{origin.run}')"
        )
    if data is None or is_own(data, task, config, origin.data):
        if origin.members is not None and contract.scores is None:
            raise UserError(
                f"{model.path}: its runs kept different examples of that data for the test, so that each was learnt "
                f"from by another of them; score it on other data: lstm-onnx evaluate {model.path} DATA"
            )
        info = task.Info.model_validate(contract.learnt) if contract.learnt is not None else None
        own = load_own(task, data, config, origin.seed or 0, info, origin.base, origin.fold)
        subject = _own_test(task, own, config, data)
        if origin.seed is None:
            subject.notes.append(_NO_SEED)
    elif contract.learnt is None:
        raise UserError(
            f"{model.path}: does not say what it learnt, as files of earlier releases, so that it cannot be scored on "
            f"other data; export it again, or score its run, '{origin.run}'"
        )
    else:
        subject = _all_of(data, task, config, task.Info.model_validate(contract.learnt))
    names = [t.name for t in contract.external_inputs]

    def answer(batch: Arrays) -> dict[str, Array]:
        return model.run({name: batch[name] for name in names})  # a stream begins anew with each batch

    return Judged(task, contract, answer, subject, config)


_NO_SEED = (
    "the file does not say the seed of its run, as files of earlier releases; 0 is taken, and if it was another, "
    "examples that it has learnt from are among those scored"
)


@dataclass(frozen=True)
class Subject:
    """What is scored: the examples, which they are in words, and what naive answers there are."""

    split: Split
    part: Literal["test", "all"]
    summary: str
    notes: list[str]
    names: Sequence[str]
    info: BaseModel
    naive: Mapping[str, Answer]
    where: str


def _own_test(task: AnyTask, data: TaskData[Any], config: BaseModel, source: Path | None) -> Subject:
    """Take the test part of the data that a model was trained on, parted as it was for training."""
    whole = len(data.train) + len(data.test) + (len(data.validation) if data.validation is not None else 0)
    summary = f"the test part, {len(data.test):,} of {whole:,} examples, of the data it was trained on"
    naive = {**task.baselines(config, data.info), **data.baselines}
    where = str(source or "the bundled data")
    return Subject(data.test, "test", summary, list(data.notes), data.test_names, data.info, naive, where)


def _all_of(source: Path, task: AnyTask, config: BaseModel, info: BaseModel) -> Subject:
    """Take all of other data."""
    data = task.load_scored(source, config, info)
    summary = f"all {len(data.split):,} {data.what} of {source.name}"
    naive = task.baselines(config, info)
    return Subject(data.split, "all", summary, list(data.notes), data.names, info, naive, str(source))
