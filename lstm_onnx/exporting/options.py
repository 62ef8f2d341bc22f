"""Options of `export`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from lstm_onnx.contract import Variant
from lstm_onnx.options import OnCommandLine, Options, named_values


class ExportOptions(Options):
    """What the user asks of the files; one variant may be given without a tuple around it."""

    variant: tuple[Variant, ...] = Field(
        ("fp32",), min_length=1, description="which to write; several at once: --variant fp32 --variant int8"
    )
    max_drop: float = Field(1.0, ge=0, description="percent of the test metric that int8 or fp16 may lose against fp32")
    force: bool = Field(
        False, description="write a variant that loses more, and say so in it; overwrite what another run made"
    )
    opset: int | None = Field(None, description="ONNX opset of the files; what the graph needs, 18 or so")
    ir_version: int | None = Field(None, description="ONNX IR of the files; the lowest that carries it")
    target: str | None = Field(None, description="refuse what this runtime cannot run; see doctor")
    numeric: bool = Field(False, description="without strings, which few runtimes have: ids in, numbers of labels out")
    changes: Annotated[Mapping[str, Any], OnCommandLine("set", metavar="NAME=VALUE")] = Field(
        {}, description="change an option that a trained model can do with; several"
    )

    data: Path | None = Field(None, description="where the data of the run is now, if it was moved")
    plugin_file: Path | None = Field(
        None, description="file of the run's plugin, if it was moved or was not trained with on this machine"
    )

    @field_validator("variant", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))

    @field_validator("changes", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        return named_values(given)
