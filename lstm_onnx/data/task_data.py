"""What a task hands to the core of data: to train on, to score, and the data sets that it brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract import Array
from lstm_onnx.data.splits import Split

Arrays = Mapping[str, Array]
Answer = Callable[[Arrays], dict[str, Array]]
"""From the raw inputs of a graph, and perhaps more, to its outputs."""
NAMES = "names of examples"
"""Key of what examples are called, beside inputs of a graph where these are drawn; no input has spaces in its name."""
InfoT = TypeVar("InfoT", bound=BaseModel)


@dataclass(frozen=True)
class TaskData(Generic[InfoT]):
    """What `Task.load_data` returns.

    Attributes:
        train: examples to learn from.
        validation: examples that decide when to stop; None trains for the full number of epochs.
        test: examples that are only ever scored.
        info: what inference needs to know besides the weights (names, scaling, vocabulary), fitted on `train` alone.
        summary: one line that says what was read.
        notes: one line for each thing that was repaired or left out on the way.
        config: the options with what was found in the data filled in (columns, frequency), so that other data is read
            the same way later; None where there is nothing to fill in.
        baselines: like `Task.baselines`, for those that need the training data.
        test_names: what each example of `test` is called in a table of answers (its series, or where it stands); empty
            numbers them.
        understood: how each column of the table is read, where it was one; goes into the contract.
    """

    train: Split
    validation: Split | None
    test: Split
    info: InfoT
    summary: str
    notes: tuple[str, ...] = ()
    config: BaseModel | None = None
    baselines: Mapping[str, Answer] = field(default_factory=dict)
    test_names: Sequence[str] = ()
    understood: tuple[ColumnReading, ...] = ()


@dataclass(frozen=True)
class ScoredData:
    """What `Task.load_scored` returns: other data than the model was trained on, all of which is scored.

    Attributes:
        split: all examples.
        what: what they are, in the plural.
        notes: one line for each thing that was repaired, left out, or cannot be answered right.
        names: what each example is called in a table of answers; empty numbers them.
    """

    split: Split
    what: str = "examples"
    notes: tuple[str, ...] = ()
    names: Sequence[str] = ()


@dataclass(frozen=True)
class DataSet:
    """A small real data set that a plugin brings; `lstm-onnx data NAME` writes its files.

    Attributes:
        name: by which it is asked for.
        files: what is written; the first is the data, what `--data` takes, others say where it comes from.
        summary: one line that says what it is.
        licence: under which it may be passed on, and whom to name: goes into the contract of every model trained on it.
        origin: where it comes from, an address or a citation.
    """

    name: str
    files: tuple[Path, ...]
    summary: str
    licence: str
    origin: str
