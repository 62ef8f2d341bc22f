"""How a person may say that a table is read: options of every task that takes tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field


def _one_or_several(columns: object) -> object:
    """Take one name for a list of one, and None for an empty one, as options were that took one column."""
    return (columns,) if isinstance(columns, str) else () if columns is None else columns


Columns = Annotated[tuple[str, ...], BeforeValidator(_one_or_several)]
"""Names of columns that say something together, or of one."""


class StoreOption(BaseModel):
    """To be inherited by the options of a task whose tables may be larger than memory."""

    store: str | None = Field(
        None,
        description="read a Parquet file, a folder or a pattern of them, or a CSV file, in pieces, and keep the "
        "examples in files in this folder instead of memory; by itself, in the folder for temporary files, where "
        "memory is too small",
    )


class TableOptions(StoreOption):
    """To be inherited by the options of a task."""

    decimal: Literal[".", ","] | None = Field(
        None, description="decimal sign of numbers in text tables; found where the numbers leave no doubt"
    )
    missing: tuple[str, ...] = Field(
        (), description="cells that stand for a missing value beside empty ones, NA and their like, such as -999"
    )
    header: tuple[str, ...] = Field((), description="names of the columns, for a text table without a header line")
