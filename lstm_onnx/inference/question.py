"""What a person asks a model about, as a table or the path of a file: frames, lists of rows, lists of texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from lstm_onnx.contract import Contract, TextSource
from lstm_onnx.data.frames import to_polars
from lstm_onnx.errors import UserError
from lstm_onnx.inference.sound_inputs import given_sounds


def as_question(contract: Contract, data: object, where: Path, verb: str = "predict") -> pl.DataFrame | Path:
    """Return a path as it is, and a table or a list of rows or of texts as a table.

    Args:
        contract: of the file that is asked.
        data: what was given.
        where: that file, for errors.
        verb: that was asked, for errors.

    Raises:
        UserError: it is none of these, or texts for a model that takes none.
    """
    if (sounds := given_sounds(contract, data)) is not None:
        return sounds
    if isinstance(data, Path):
        return data
    if isinstance(data, list) and not any(isinstance(row, Mapping) for row in data):
        columns = [t.source.column for t in contract.inputs if isinstance(t.source, TextSource)]
        if not columns:
            raise UserError(f"{where}: does not answer for texts; give a file of data")
        return pl.DataFrame({columns[0]: [str(text) for text in data]}, schema={columns[0]: pl.String})
    if (table := to_polars(data)) is None:
        raise UserError(
            f"{verb}: was given a {type(data).__name__}, and needs a path, a table of polars, pandas or pyarrow, "
            f"arrays by name, or a list of texts or pictures"
        )
    return table
