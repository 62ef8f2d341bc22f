"""What a person's data becomes: the inputs of one run."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lstm_onnx.contract import Array
from lstm_onnx.contract_clock import Clock


@dataclass(frozen=True)
class ModelInputs:
    """The inputs of one run, one batch of all series.

    Attributes:
        arrays: the inputs by name.
        names: the series or examples, in the order of the batch; empty where the inputs did not come from a table.
        notes: one line for each thing that was repaired or left out.
        table: the question as a table, where it is one.
        rows: number of the (first) row of each example in it; None of series.
        clock: how the table writes times, so that answers write them so; None as the contract says.
        ids: the columns that tell series apart as they were, a row for each of `names`.
        origins: the newest time that each window knows, where series have several windows.
        steps: numbers of the rows that are the steps of each example, where steps are rows.
    """

    arrays: dict[str, Array]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    table: pl.DataFrame | None = None
    rows: Array | None = None
    clock: Clock | None = None
    ids: pl.DataFrame | None = None
    steps: tuple[Array, ...] | None = None
    origins: Array | None = None
