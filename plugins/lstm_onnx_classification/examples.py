"""Examples with their classes, as a reader finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract import Table
from lstm_onnx.data.parts import Part
from lstm_onnx_classification.options import Config

StepArray = NDArray[np.float32]


@dataclass(frozen=True)
class Examples:
    """Sequences or texts, each with its class.

    Attributes:
        items: sequences of shape (time, channel), NaN where missing; or texts.
        labels: the class of each.
        places: where each stands, for errors: `data.csv: row 17`.
        groups: what must not be torn apart by a split, if that is known.
    """

    items: list[StepArray] | list[str]
    labels: list[str]
    places: list[str]
    groups: list[str] | None = None

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.labels)


def taken(examples: Examples, chosen: Sequence[int]) -> Examples:
    """Return some of the examples, in the order given."""
    own = examples
    items: list[Any] = [own.items[i] for i in chosen]
    groups = [own.groups[i] for i in chosen] if own.groups is not None else None
    return Examples(items, [own.labels[i] for i in chosen], [own.places[i] for i in chosen], groups)


def joined(parts: Sequence[Examples]) -> Examples:
    """Put examples one after the other; their groups are known where those of all are."""
    items: list[Any] = [item for part in parts for item in part.items]
    groups = [group for part in parts for group in part.groups or ()]
    return Examples(
        items,
        [label for part in parts for label in part.labels],
        [place for part in parts for place in part.places],
        groups if len(groups) == len(items) else None,
    )


@dataclass(frozen=True)
class RawExamples:
    """The examples of a file or folder.

    Attributes:
        examples: all of them.
        parts: `train`, `validation` or `test` for each, where the data says it.
        channels: names of the channels; empty for texts.
        table: how `predict` reads a table like this one; None where the data was no table.
        column: the column of texts; empty for sequences.
        named: classes that the data names, whether they have an example or not.
        config: the options with what was found filled in; None if nothing was.
        notes: one line for each thing that was found or repaired.
        understood: how each column is read, where the data was a table.
    """

    examples: Examples
    parts: tuple[Part, ...] | None = None
    channels: tuple[str, ...] = ()
    table: Table | None = None
    column: str = ""
    named: tuple[str, ...] = ()
    config: Config | None = None
    notes: tuple[str, ...] = ()
    understood: tuple[ColumnReading, ...] = ()
