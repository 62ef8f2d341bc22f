"""How times are written in a person's table, and how far rows lie apart: decided in training, kept in the contract.

A graph takes the time of a row as a whole number: seconds since 1970 by the clock on the wall where the rows were made,
whatever its zone; or milliseconds or microseconds where rows lie closer than a second; or the number of the step, where
rows are counted and have no dates.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Gather = Literal["mean", "sum", "first", "last"]
PLAIN = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
"""Forms of times that every program reads alike."""
_PER_SECOND = {"ms": 1000, "us": 1_000_000}


class Part(BaseModel):
    """A part of the contract: nothing unknown in it, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Sessions(Part):
    """When there are rows at all: on some days of the week, so many of them from one time of day on."""

    days: tuple[int, ...] = Field(description="of the week, ascending; Monday is 0")
    first: int = Field(0, ge=0, description="time of day of the first row, after midnight, in the unit of the step")
    rows: int = Field(1, ge=1, description="rows of a day")


class Step(Part):
    """The distance between two rows: a number of seconds, or of calendar months (then `seconds` is 0)."""

    seconds: int = Field(0, ge=0, description="whole seconds (or what `unit` says), 0 where months count")
    months: int = Field(0, ge=0, description="calendar months, 0 where seconds count")
    unit: str | None = Field(
        None,
        pattern=r"^(ms|us|step|step/10{1,9})$",
        description="what times and `seconds` count instead of seconds: ms, us, or step (step/10: tenths of one) "
        "where rows have numbers and no dates",
    )
    sessions: Sessions | None = Field(None, description="when there are rows at all, if not always")

    @model_validator(mode="after")
    def _is_some(self) -> Step:
        if self.seconds == self.months == 0:
            raise ValueError("a step of 0 seconds, so that all rows have the same time")
        if self.sessions is not None and (
            not self.sessions.days
            or list(self.sessions.days) != sorted({d % 7 for d in self.sessions.days})
            or self.sessions.first + (self.sessions.rows - 1) * self.seconds >= 86400 * self.per_second
            or self.counted
            or self.months
        ):
            raise ValueError("sessions that do not fit into days of the week")
        return self

    @property
    def counted(self) -> bool:
        """Whether rows have numbers, and no dates."""
        return self.unit is not None and self.unit.startswith("step")

    @property
    def per_second(self) -> int:
        """How many units of time a second has; 1 where rows are counted."""
        return _PER_SECOND.get(self.unit or "", 1)


class Clock(Part):
    """How the time of a row is written, and what is done with rows that do not lie on the grid.

    A form is a pattern as of `strftime` (with %q for a quarter, %-d for a day without a nought before it), or one of
    `datetime` and `date` (a column of that type), `unix`, `unix-ms`, `unix-us`, `unix-ns`, `excel` (days since
    1899-12-30), `steps` (numbers that are no dates), and beside a date `hour-1` (1 to 24) and `period` (from 1 on).
    """

    columns: tuple[str, ...] = Field(description="columns that say the time, together; none where rows are counted")
    forms: tuple[str, ...] = Field(description="how each of them is written")
    zone: str | None = Field(
        None, description="of the times: a name, an offset, or `local` (each its own); none says none"
    )
    period: int | None = Field(None, ge=1, description="seconds of a `period`")
    month_day: int = Field(1, ge=1, le=31, description="the day that stands for a month; 31 is its last")
    month_second: int = Field(0, ge=0, description="the time of that day, in seconds")
    snap: int | None = Field(None, ge=1, description="seconds to whose multiples times are moved")
    resample: Gather | None = Field(None, description="what becomes of several rows within a step")
    repeated: Gather | None = Field(None, description="what becomes of several rows of one time; refused if not said")

    @model_validator(mode="after")
    def _fits(self) -> Clock:
        if len(self.columns) != len(self.forms):
            raise ValueError(f"{len(self.columns)} columns of times, and {len(self.forms)} forms")
        return self

    @property
    def plain(self) -> bool:
        """Whether programs that know ISO 8601 alone read it: one column, without a zone, every row as it stands."""
        return (
            len(self.columns) == 1
            and self.forms[0] in (*PLAIN, "datetime", "date")
            and self.zone is None
            and self.month_day == 1
            and not (self.month_second or self.snap or self.resample or self.repeated)
        )
