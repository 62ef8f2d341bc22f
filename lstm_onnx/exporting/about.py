"""What a person says of a file that somebody else exported: names, meanings, units, scaling; read from TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lstm_onnx.contract import Axis
from lstm_onnx.errors import UserError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scale(_Part):
    """What the model was trained on is (value - mean) / spread; numbers for all, or for each place of the last axis."""

    mean: float | tuple[float, ...] = 0.0
    spread: float | tuple[float, ...] = 1.0


class AboutTensor(_Part):
    """What is known of one input or output, by the name that it has in the file."""

    meaning: str = ""
    unit: str | None = None
    dims: tuple[str, ...] | None = Field(None, description="names of its axes, outermost first; `batch` is the batch")
    labels: tuple[str, ...] | None = Field(None, description="names of the places of its last axis")
    scale: Scale | None = Field(
        None, description="puts scaling into the graph: values go in, and come out, in the unit that is given here"
    )


class About(_Part):
    """What is known of a file. Everything may be left out: what is not said is found out, or named after its place."""

    description: str = ""
    inputs: dict[str, AboutTensor] = Field(default_factory=dict)
    outputs: dict[str, AboutTensor] = Field(default_factory=dict)
    axes: dict[str, Axis] = Field(default_factory=dict, description="bounds and meaning of axes by their names")
    states: dict[str, str] = Field(default_factory=dict, description="output -> the input that it becomes next time")
    stream: str | None = Field(None, description="the free axis along which a file with states is fed in pieces")


def read_about(path: Path) -> About:
    """Read what a person says of a file.

    Raises:
        UserError: it is not there, no TOML, or says something unknown.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return About.model_validate(content)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is no TOML ({error})") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the top level"
        known = ", ".join(About.model_fields)
        raise UserError(f"{path}: {place}: {first['msg']}; it may say {known}") from None
