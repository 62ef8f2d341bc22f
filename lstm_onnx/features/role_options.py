"""Options that say which column of a table is what, for tasks on features that read tables."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ConfigDict, Field

from lstm_onnx.data.table_options import Columns, TableOptions
from lstm_onnx.features.picture_options import PictureOptions


class RoleOptions(PictureOptions, TableOptions):
    """Roles of columns: a task's `Config` may inherit them, and read with `read_examples`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: tuple[str, ...] = Field((), description="columns to answer; found if one is called target, label or y")
    sequence: Columns = Field(
        (),
        description="column that tells sequences apart, or those that do together, in a table with a row for each step",
    )
    time: str | None = Field(None, description="column that orders the steps of a sequence; as they stand without it")
    channels: tuple[str, ...] = Field((), description="columns of numbers that change from step to step")
    wide: bool = Field(False, description="each row is a whole sequence: its columns of numbers are the steps")
    text: tuple[str, ...] = Field((), description="columns of texts")
    category: tuple[str, ...] = Field((), description="columns of categories, one for each example")
    number: tuple[str, ...] = Field((), description="columns of numbers that go in, one for each example")
    ignore: tuple[str, ...] = Field((), description="columns to leave out; all others are used as they look")
    group: str | None = Field(
        None, description="column of patients, machines, …: one group is never on both sides of a split"
    )
    split: str | None = Field(None, description="column that says train, validation or test")
    test_file: str | None = Field(None, description="file of test examples; X_TEST beside X_TRAIN is found")
    test_share: float = Field(0.2, gt=0, lt=1, description="share of examples kept for the test, if none are given")
    validation_share: float = Field(
        0.15, ge=0, lt=1, description="share of the others that decides when to stop; 0 for none"
    )
    vocabulary: int = Field(5_000, ge=1, description="words of a text to know, the most frequent ones")
    min_count: int = Field(2, ge=1, description="how often a word must occur in training to be known")


RolesT = TypeVar("RolesT", bound=RoleOptions)
