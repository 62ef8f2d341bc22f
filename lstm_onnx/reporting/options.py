"""Options of `report`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from lstm_onnx.options import OnCommandLine, Options


class ReportOptions(Options):
    """What a report holds, and where it goes."""

    to: Annotated[Path | None, OnCommandLine("out", short="o")] = Field(
        None, description="where to write it; NAME-report.html, or NAME-card.md, here if not given"
    )
    format: Literal["html", "md"] | None = Field(
        None, description="html is one page that needs nothing else, md a model card; by the name of the file, or html"
    )
    run: Path | None = Field(
        None, description="of a file, its run: for the curves of training, and to prove it against PyTorch"
    )
    file: tuple[Path, ...] = Field(
        (), description="of a run, its exported files; those in its folder and in exported/ are found. Several"
    )
    seconds: float = Field(0.3, ge=0, description="seconds to measure the latency of each file; 0 measures none")
    worst: int = Field(6, ge=0, description="how many of the worst answers to show")
    runtime: Path | None = Field(
        None,
        description="folder dist of onnxruntime-web, or runtime of an embedded page: then the page itself answers",
    )
    plugin_file: Path | None = Field(None, description="Python file that holds the plugin, if it is not installed")

    @field_validator("file", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str | PathLike) else given
