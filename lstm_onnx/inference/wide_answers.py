"""Forecasts of a wide table in its own shape: a row for each time, a column for each series."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from lstm_onnx.contract import Array, Contract
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_layout import output_layout, series_header


def in_shape(
    table: pl.DataFrame, contract: Contract, inputs: ModelInputs, outputs: Mapping[str, Array]
) -> pl.DataFrame:
    """Lay the rows of all series side by side, where the question was a wide table.

    The forecast of a series is called as its column, and what else there is of it, such as quantiles, stands after all
    series as `NAME q0.1`. Times that are not forecast of a series, as it ended before the others, have empty cells.

    Args:
        table: the answers, the rows of all series below each other.
        contract: of the file that ran.
        inputs: what went in, which names the series.
        outputs: what came out.
    """
    layout = output_layout(contract)
    if contract.table is None or not contract.table.wide or layout.rows != "future" or not any(inputs.names):
        return table
    if inputs.origins is not None:
        return table  # a time has forecasts from several origins
    time = np.asarray(outputs[contract.outputs[layout.clock].name]).astype(np.int64)
    moments, first = np.unique(time, return_index=True)
    cells = [cell.header for cell in layout.cells if cell.header in table.columns]
    front = [c for c in table.columns if c not in cells and c != series_header(contract)]
    columns = [table.get_column(c).gather(first) for c in front]
    taken = set(front)
    for cell in cells:
        for number, name in enumerate(inputs.names):
            header = name if cell == cells[0] else f"{name} {cell.removeprefix(f'{cells[0]} ')}"
            if header in taken:
                return table  # a series that is called as another's quantile, or as the time
            taken.add(header)
            rows = np.full(len(moments), -1, dtype=np.int64)
            rows[np.searchsorted(moments, time[number])] = number * time.shape[1] + np.arange(time.shape[1])
            found = pl.Series([None if row < 0 else row for row in rows.tolist()], dtype=pl.UInt32)
            columns.append(table.get_column(cell).gather(found).alias(header))
    return pl.DataFrame(columns)
