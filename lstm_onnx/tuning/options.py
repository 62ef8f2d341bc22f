"""Options of `tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lstm_onnx.options import Options


class TuneOptions(Options):
    """How long to search, over what, and where to keep it."""

    trials: int = Field(30, ge=1, description="trials in all, the recipe first; those of an earlier call count")
    minutes: float | None = Field(None, gt=0, description="end after this long, whatever the number of trials")
    search: tuple[str, ...] = Field((), description="search these options alone; several")
    second: Literal["size", "latency"] | None = Field(
        None, description="also make the exported file small, or fast: then there are several bests, drawn as a front"
    )
    prune: bool = Field(True, description="stop a trial early that is worse than half of the others were by then")
    storage: str | None = Field(
        None, description="database URL for several machines, or journal file; the file study.log among the runs"
    )
    name: str | None = Field(None, description="of the study and its folder; the same again goes on")
    runs: Path = Field(Path("runs"), description="folder in which its folder is made")
