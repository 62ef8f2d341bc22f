"""What of an answer is to be explained: one number, whatever the outputs are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_onnx.contract import Array, Contract, TensorSpec
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.explaining.options import ExplainOptions
from lstm_onnx.explaining.shapley import Floats
from lstm_onnx.task import Arrays


@dataclass(frozen=True)
class Question:
    """A number of each answer.

    Attributes:
        text: what it is, for a person.
        value: from the outputs of a batch to that number of each example.
    """

    text: str
    value: Callable[[Arrays], Floats]


def ask(contract: Contract, outputs: Arrays, options: ExplainOptions) -> Question:
    """Choose what is to be explained: as asked, or what a person would ask about.

    That is the score of the label that is the answer; or the mean of the first output of numbers; or, where an answer
    is a text, how much of it remains: the share of its words that are still said, in F1.

    Args:
        contract: of the file.
        outputs: its answer for the example, a batch of one.
        options: what was asked for.

    Raises:
        UserError: there is no such output, label or step.
    """
    tensor = _chosen(contract, options.output)
    array = np.asarray(outputs[tensor.name])
    if tensor.dtype == "string":
        _refuse(options, "label", tensor)
        return _remaining(tensor, array, options)
    names = [contract.axes[d].labels for d in tensor.dims]
    labelled = next((k for k in range(len(names) - 1, 0, -1) if names[k]), None)
    if options.label is not None and labelled is None:
        _refuse(options, "label", tensor)
    index: list[int | slice] = [slice(None)] * array.ndim
    told = f"'{tensor.name}'"
    step_axis = 1 if array.ndim > 1 and labelled != 1 else None
    if options.step is not None:
        if step_axis is None:
            _refuse(options, "step", tensor)
        elif options.step >= array.shape[step_axis]:
            raise UserError(f"--step {options.step}: '{tensor.name}' has the steps 0 to {array.shape[step_axis] - 1}")
        else:
            index[step_axis] = options.step
            told += f" at step {options.step}"
    if labelled is not None:
        labels = names[labelled] or ()
        place = _place(options.label, labels, tensor, array, labelled)
        index[labelled] = place
        told += f" of '{labels[place]}'"

    def value(found: Arrays) -> Floats:
        picked = np.asarray(found[tensor.name])[tuple(index)].astype(np.float64)
        means: Floats = picked.reshape(len(picked), -1).mean(axis=1)
        return means

    rest = [n for k, n in enumerate(array.shape) if k and isinstance(index[k], slice)]
    return Question(f"the mean of {told}" if np.prod(rest, dtype=int) > 1 else told, value)


def _chosen(contract: Contract, asked: str | None) -> TensorSpec:
    states = {s.output for s in contract.states}
    shown = [t for t in contract.outputs if t.name not in states]
    if asked is not None:
        found = next((t for t in shown if t.name == asked), None)
        if found is None:
            raise UserError(f"--output {asked}: there is no such output{nearest(asked, [t.name for t in shown])}")
        if not found.dtype.startswith("float") and found.dtype != "string":
            raise UserError(f"--output {asked}: is of the type {found.dtype}; choose one of numbers or texts")
        return found
    numbers = [t for t in shown if t.dtype.startswith("float") and not t.internal]
    scored = [t for t in numbers if t.is_scores] or [
        t for t in numbers if len(t.dims) == 2 and contract.axes[t.dims[1]].labels and t.source is None
    ]
    texts = [t for t in shown if t.dtype == "string"]
    candidates = [*scored, *texts, *numbers]
    if not candidates:
        raise UserError("no output of this model holds numbers or texts, so there is nothing to explain")
    return candidates[0]


def _place(asked: str | None, labels: tuple[str, ...], tensor: TensorSpec, array: Array, axis: int) -> int:
    if asked is not None:
        if asked not in labels:
            raise UserError(f"--label {asked}: '{tensor.name}' has no such label{nearest(asked, labels)}")
        return labels.index(asked)
    if tensor.source is not None or array.ndim > 2:  # columns that are forecast, quantiles: none is the answer
        return 0
    scores = np.asarray(array[0])
    if tensor.threshold is not None and tensor.positive is not None:
        place = labels.index(tensor.positive)
        scores = np.where(np.arange(len(scores)) == place, np.inf if scores[place] >= tensor.threshold else -1, scores)
    elif tensor.shares is not None:
        scores = np.array([score / share if share else 0.0 for score, share in zip(scores, tensor.shares, strict=True)])
    return int(scores.argmax())


def _refuse(options: ExplainOptions, option: str, tensor: TensorSpec) -> None:
    if getattr(options, option) is not None:
        raise UserError(f"--{option} {getattr(options, option)}: '{tensor.name}' has no {option}s; leave it out")


def _remaining(tensor: TensorSpec, array: Array, options: ExplainOptions) -> Question:
    _refuse(options, "step", tensor)
    said = " ".join(str(v) for v in array.ravel())
    words = said.split()

    def value(found: Arrays) -> Floats:
        rows = np.asarray(found[tensor.name])
        return np.array([_overlap(words, " ".join(map(str, np.ravel(row))).split()) for row in rows])

    return Question(f"how much remains of '{tensor.name}': {said}", value)


def _overlap(one: list[str], other: list[str]) -> float:
    """Return the F1 of the words of one text among those of another."""
    common = sum(min(one.count(w), other.count(w)) for w in set(one))
    return 2 * common / (len(one) + len(other)) if one or other else 1.0
