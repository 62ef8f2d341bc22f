"""Every answer beside what really was, as a table: the backtest of a forecaster, the hits of a classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from lstm_onnx.contract import Array, Contract, TensorSpec, TimeSource
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_layout import output_layout, series_header
from lstm_onnx.inference.output_table import time_columns, to_table
from lstm_onnx.task import Arrays

_EXAMPLE, _ORIGIN, _ACTUAL = "example", "origin", "actual"


class AnswerTable:
    """Gathers batches of answers.

    The answers are laid out as `predict` lays them out; a column `actual X` says what really was of the answer `X`. In
    front stands which example a row is of; of forecasts the series, and the `origin`: the newest time that was known.

    Args:
        contract: of the main graph.
        names: what each example is called; empty numbers them from 1.
    """

    def __init__(self, contract: Contract, names: Sequence[str]) -> None:
        self.contract, self.names = contract, names
        self._parts: list[pl.DataFrame] = []
        self._count = 0

    def add(self, batch: Arrays, outputs: Arrays, truth: Arrays) -> None:
        """Add a batch in the order of the examples.

        Raises:
            UserError: the task does not say what really was.
        """
        if not truth:
            raise UserError(
                f"--out: the task '{self.contract.task}' does not say in a table what really was: it lacks Task.truth"
            )
        layout = output_layout(self.contract)
        count = len(next(iter(truth.values())))
        numbers = ModelInputs(
            {t.name: batch[t.name] for t in self.contract.external_inputs}, tuple(map(str, range(count)))
        )
        found = to_table(self.contract, numbers, outputs)
        clock = {self.contract.outputs[layout.clock].name} if layout.clock >= 0 else set()
        real = to_table(self.contract, numbers, {**{name: outputs[name] for name in clock}, **truth})
        row = found.to_series(0).cast(pl.Int64).to_numpy()
        there = [c.header for c in layout.cells if self.contract.outputs[c.output].name in truth and not c.score]
        front = self._front(row, batch, layout.clock >= 0)
        actual = [real.get_column(name).alias(f"{_ACTUAL} {name}") for name in there if name in real.columns]
        lead = [found.get_column(name) for name in found.columns[1:] if name == layout.lead]
        rest = [found.get_column(name) for name in found.columns[1:] if name != layout.lead]
        self._parts.append(pl.DataFrame([*front, *lead, *actual, *rest]))
        self._count += count

    def _front(self, row: Array, batch: Arrays, ahead: bool) -> list[pl.Series]:
        """Return the columns that tell which example each row is of."""
        number = row + self._count
        if not ahead:
            names = [self.names[i] for i in number] if self.names else [str(i + 1) for i in number]
            return [pl.Series(_EXAMPLE, names)]
        columns = []
        if any(self.names):
            columns.append(pl.Series(series_header(self.contract), [self.names[i] for i in number]))
        past = next((t for t in self.contract.external_inputs if _is_past_time(t)), None)
        if past is not None:
            newest = np.asarray(batch[past.name])[:, -1][row].astype(np.int64)
            written = time_columns(self.contract, ModelInputs({}), newest, _ORIGIN)
            columns += [c.alias(n if n == _ORIGIN else f"{_ORIGIN} {n}") for n, c in written.items()]
        return columns

    def frame(self) -> pl.DataFrame:
        """Return all rows."""
        return pl.concat(self._parts, how="vertical_relaxed") if self._parts else pl.DataFrame()


def _is_past_time(tensor: TensorSpec) -> bool:
    return isinstance(tensor.source, TimeSource) and tensor.source.rows == "past"
