"""How a column of a person's table is read: decided once, in training, shown, kept in the contract, and followed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

LEFT_OUT = "left out"
"""The role of a column that nothing is made of."""
SERIES = "series"
"""The role of a column that tells series apart or, in a wide table, is a series of its own."""
STEP = "step"
"""The role of a column that is one step of the sequence in its row."""


class ColumnReading(BaseModel):
    """What was understood of one column.

    A reader of the same kind of table (`predict`, `evaluate`, a stream, a generated program) follows it or refuses.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(description="its name")
    role: str = Field(description="what it is used as, in a word that the task has for it, or `left out`")
    kind: str = Field(description="what its cells are: number, category, text, time, id")
    decimal: str | None = Field(None, description="of numbers written as text: the decimal sign, where it is no point")
    thousands: str | None = Field(None, description="the mark between thousands, where there is one")
    unit: str | None = Field(None, description="what stands in each cell beside the number, such as % or €")
    missing: tuple[str, ...] | None = Field(None, description="cells that count as missing beside the usual ones")
    levels: tuple[str, ...] | None = Field(None, description="of a category: its words, in the order of their numbers")
    example: str | None = Field(None, description="a cell; kept in the run folder, and in no exported file")
    odd: str | None = Field(None, description="what a person should look at, or why it is left out")

    @property
    def is_plain(self) -> bool:
        """Whether a reader without any rule for the column reads it right."""
        return not (self.decimal or self.thousands or self.unit or self.missing or self.levels)


def of_contract(readings: tuple[ColumnReading, ...]) -> tuple[ColumnReading, ...] | None:
    """Return what an exported file says of columns: no cell of a person's table, and nothing where nothing is known."""
    return tuple(r.model_copy(update={"example": None}) for r in readings) or None
