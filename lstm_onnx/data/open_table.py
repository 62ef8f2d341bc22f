"""Opens a table to learn from, with what a person says of its reading."""

from __future__ import annotations

from pathlib import Path

from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import read_table
from lstm_onnx.data.understanding import Understanding


def open_table(path: Path, options: TableOptions, content: bytes | None = None) -> Understanding:
    """Read a table, and look at what its columns hold.

    Args:
        path: the file.
        options: decimal sign, codes for missing values, names of the columns.
        content: what a file of text holds, in UTF-8, where that is known already.

    Raises:
        UserError: it cannot be read.
    """
    return Understanding(read_table(path, content, options.header), path, options)
