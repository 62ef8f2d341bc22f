"""Options of `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from lstm_onnx.inference.options import TIMEOUT, RuntimeOptions
from lstm_onnx.options import OnCommandLine, named_values


class EvaluateOptions(RuntimeOptions):
    """How to score; provider and threads are those of a file, a run is scored by PyTorch."""

    to: Annotated[Path | None, OnCommandLine("out", short="o")] = Field(
        None, description="write every answer beside what really was, as .csv, .parquet or .json"
    )
    changes: Annotated[Mapping[str, Any], OnCommandLine("set", metavar="NAME=VALUE")] = Field(
        {},
        description="read the data otherwise than training did, such as on_missing=skip; several",
    )
    plot: Path | None = Field(None, description="folder for the task's pictures of the answers")
    plugin_file: Path | None = Field(None, description="Python file that holds the plugin, if it is not installed")
    workers: int | None = Field(
        None, ge=1, description="score part by part in so many processes, for more data than memory holds"
    )
    part_rows: int | None = Field(
        None, ge=1, description="rows of a file that are a part; a million if not given; examples stay whole"
    )
    timeout: float | None = Field(None, ge=0, description=TIMEOUT)

    @field_validator("changes", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        return named_values(given)
