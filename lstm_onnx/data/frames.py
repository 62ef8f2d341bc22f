"""The door for data that a person holds in memory or as a file: tables of polars, pandas, pyarrow and others.

narwhals knows the kinds of tables; behind this door there is polars and nothing else.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from lstm_onnx.errors import UserError

TABLE = "the table"
"""What a table that is no file is called in errors."""


def to_polars(data: object) -> pl.DataFrame | None:
    """Return a table of polars, pandas, pyarrow or another kind that narwhals knows as one of polars, or else None.

    A list of rows, each from names of columns to values, is a table, too.

    An index of pandas that has names, or holds times, becomes columns (without a name, `time`); any other index only
    counts the rows and is left out. Names of columns become text, categories too.

    Raises:
        UserError: a column of the table holds values of several kinds, or two columns have one name.
    """
    import narwhals as nw

    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        data = _of_records(data)
    try:
        frame = nw.from_native(_with_index(data))
    except TypeError:
        return None
    except nw.exceptions.NarwhalsError as error:
        raise UserError(f"{TABLE}: {' '.join(str(error).split())}; give each column a name of its own") from None
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    try:
        found = eager.to_polars()
    except ImportError as error:
        raise UserError(f"{TABLE}: to read it, a package is missing ({error}); pip install pyarrow") from error
    except Exception as error:  # each library has its own
        reason = " ".join(str(error).split())
        raise UserError(f"{TABLE}: a column holds values of several kinds ({reason}); convert it to one") from error
    found = found.rename({name: str(name) for name in found.columns})
    return found.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def _of_records(rows: list[Mapping[str, Any]]) -> pl.DataFrame:
    """Make a table of a list of rows, each from names of columns to values."""
    try:
        return pl.DataFrame([dict(row) for row in rows], infer_schema_length=None)
    except Exception as error:  # values of several kinds in one column
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{TABLE}: its rows do not make columns of one kind each ({reason})") from error


def _with_index(data: Any) -> Any:
    """Turn an index of pandas into columns, where it says something."""
    import narwhals as nw

    if not nw.dependencies.is_pandas_dataframe(data):
        return data
    index = data.index
    if any(name is not None for name in index.names):
        return data.reset_index()
    return data.reset_index(names="time") if index.dtype.kind == "M" else data


def refuse(data: object, verb: str) -> UserError:
    """Return the error for data that is neither a path nor a table."""
    return UserError(
        f"{verb}: the data is a {type(data).__name__}; give a path, or a table of polars, pandas or pyarrow"
    )


@contextmanager
def as_file(data: object, verb: str) -> Iterator[Path | None]:
    """Hand out a path to read data from: that of a file or folder as it is, and for a table a Parquet file.

    The Parquet file is there within the block alone, and errors that name it speak of the table instead.

    Args:
        data: a path, a table, or None, which stays None.
        verb: what wants it, for the error.

    Raises:
        UserError: it is neither.
    """
    if data is None or isinstance(data, str | os.PathLike):
        yield Path(data) if data is not None else None
        return
    if (frame := to_polars(data)) is None:
        raise refuse(data, verb)
    with tempfile.TemporaryDirectory(prefix="lstm-onnx-") as folder:
        path = Path(folder) / "data.parquet"
        frame.write_parquet(path)
        try:
            yield path
        except UserError as error:
            raise type(error)(str(error).replace(str(path), TABLE)) from None
