"""The contract: what an exported file says of itself.

It is JSON, stored in the ONNX file under `metadata_props["lstm_onnx.contract"]` and written beside it as `NAME.json`
for runtimes that do not hand out metadata. This module knows neither torch nor ONNX Runtime.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lstm_onnx.errors import UserError

METADATA_KEY = "lstm_onnx.contract"
VERSION: Literal[2] = 2
Array = NDArray[Any]
Variant = Literal["fp32", "streaming", "int8", "fp16"]
DType = Literal["float32", "float64", "float16", "int64", "int32", "uint8", "bool", "string"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Axis(_Part):
    """One named axis, shared by every tensor whose dims mention it."""

    size: int | None = Field(None, ge=1, description="the length, where it is fixed")
    min: int = Field(1, ge=0, description="the smallest length, where it is free")
    max: int | None = Field(None, description="the largest length, where there is a limit")
    example_size: int | None = Field(None, description="a usual length: that seen in training, where it is free")
    labels: tuple[str, ...] | None = Field(None, description="what each position is called, where it is fixed")
    meaning: str = ""


class ColumnsSource(_Part):
    """The tensor's last axis is these columns of the user's table; the axis before it runs over rows."""

    kind: Literal["columns"] = "columns"
    columns: tuple[str, ...]
    rows: Literal["past", "future", "all"] = Field(
        "past",
        description="past: up to and with the newest known row; future: the rows after it; all: every row of a "
        "sequence from its first, padded at its end",
    )


class TimeSource(_Part):
    """The tensor is the time of the rows, in whole unix seconds (UTC)."""

    kind: Literal["time"] = "time"
    rows: Literal["past", "future"] = "past"


class StaticSource(_Part):
    """The tensor's last axis is these columns, of which each series has one value."""

    kind: Literal["static"] = "static"
    columns: tuple[str, ...]


class LengthsSource(_Part):
    """The tensor is how many steps of each sequence count, along one axis of other tensors; what follows is padding."""

    kind: Literal["lengths"] = "lengths"
    axis: str = Field("time", description="the axis that is padded")
    min: int = Field(1, ge=0, description="the smallest length that the graph takes")


class TextSource(_Part):
    """The tensor is the texts of this column, a row of the table for each example: strings, or their UTF-8 bytes.

    Bytes are padded at the end; an input of `LengthsSource` along the same axis says how many there are.
    """

    kind: Literal["text"] = "text"
    column: str


class ImageSource(_Part):
    """The tensor is pictures, of bytes: rows from the top, columns from the left, then red, green and blue (sRGB)."""

    kind: Literal["image"] = "image"


Source = Annotated[
    ColumnsSource | TimeSource | StaticSource | LengthsSource | TextSource | ImageSource, Field(discriminator="kind")
]


class TensorSpec(_Part):
    """One input or output of the graph."""

    name: str
    dtype: DType
    dims: tuple[str, ...] = Field(description="names of axes, outermost first; each is described in `axes`")
    meaning: str
    unit: str | None = None
    missing: bool = Field(False, description="whether NaN and infinite values may come in, and count as missing")
    source: Source | None = Field(None, description="how it is read from, or stands in, a person's table")
    labels: tuple[str, ...] | None = Field(None, description="what each whole number in it stands for, from 0")
    is_scores: bool = Field(False, description="its last axis holds a score for each label; the highest is the answer")
    internal: bool = Field(False, description="an output for programs: left out of the tables that people read")


class StateSpec(_Part):
    """An output that is fed back as an input at the next call."""

    output: str
    input: str
    reset: float = Field(0.0, description="the value of every element before the first call")


class Stream(_Part):
    """How a graph with states is fed: a piece of the sequence at a time, states going round."""

    axis: str = Field("time", description="the free axis that is cut into pieces of any length")
    context: int = Field(1, ge=1, description="steps to feed after a reset before answers are as good as in training")


class Step(_Part):
    """The distance between two rows: a number of seconds, or of calendar months (then `seconds` is 0)."""

    seconds: int = Field(0, ge=0)
    months: int = Field(0, ge=0)


class Table(_Part):
    """How a person's table is read: which columns are the clock and the series' name, and how far rows lie apart."""

    time: str | None = None
    series: str | None = None
    step: Step | None = None
    wide: bool = Field(False, description="each column that holds values is a series of its own, named by its header")
    steps: bool = Field(False, description="each row is a whole sequence of one channel, its cells the steps in order")
    others: tuple[str, ...] = Field((), description="columns that are no input, such as the class of known examples")


class Tolerance(_Part):
    """How far another runtime may be from PyTorch: |a - b| <= atol + rtol * max(|b|) within each example."""

    rtol: float = 1e-5
    atol: float = 1e-6
    outputs: dict[str, float] | None = Field(None, description="atol of outputs that have another, such as sums")
    decided_by: str | None = Field(
        None,
        description="output by which the best answer is chosen: of two that it calls equally good, either is right",
    )

    def of(self, output: str) -> Tolerance:
        """Return that of one output."""
        return Tolerance(rtol=self.rtol, atol=(self.outputs or {}).get(output, self.atol))


class Scores(_Part):
    """Metrics on the held-out test split, beside those of the naive baselines on the same examples."""

    primary: str = Field(description="the metric that stands for the model")
    model: dict[str, float]
    baselines: dict[str, dict[str, float]] = Field(default_factory=dict)
    fp32: dict[str, float] | None = Field(None, description="of a variant: what the fp32 file reaches on the same")
    drop: float | None = Field(
        None, description="of a variant: percent by which it is worse than fp32 in the primary metric"
    )
    drop_of: str | None = Field(
        None, description="what `drop` is of, where the primary metric has no value: another metric, or the answers"
    )

    def __getitem__(self, metric: str) -> float:
        """Return a metric of the model by its name."""
        return self.model[metric]


class Example(_Part):
    """A golden example: with these inputs, every runtime must give these outputs (within the tolerance)."""

    inputs: dict[str, Values]
    outputs: dict[str, Values]


class Values(_Part):
    """An array in JSON: flat, row-major; `"nan"`, `"inf"` and `"-inf"` are spelt out, as JSON has no such numbers."""

    dtype: DType
    shape: tuple[int, ...]
    values: tuple[int | float | str | bool, ...]

    @classmethod
    def of(cls, array: Array) -> Values:
        """Encode an array; float32 keeps the shortest digits that read back to the same float32."""
        if array.dtype.kind in "OSU":
            return cls(dtype="string", shape=array.shape, values=tuple(str(v) for v in array.ravel()))
        flat: list[Any] = array.ravel().tolist()
        if array.dtype == np.float32:
            flat = [float(str(v)) for v in array.ravel()]
        if array.dtype.kind == "f":
            flat = [v if math.isfinite(v) else str(v) for v in flat]
        return cls.model_validate({"dtype": str(array.dtype), "shape": array.shape, "values": tuple(flat)})

    def array(self) -> Array:
        """Decode to a NumPy array of the stated dtype and shape."""
        kind: Any = object if self.dtype == "string" else self.dtype
        return np.array(list(self.values), dtype=kind).reshape(self.shape)


class Provenance(_Part):
    """Where the model came from, enough to make it again."""

    created: str = Field(description="UTC, ISO 8601")
    run: str
    plugin: str = Field(description="package and version of the task's plugin")
    data: str = Field(description="sha256 of the training data")
    versions: dict[str, str]
    config: dict[str, Any]


class Contract(_Part):
    """Everything that a program must know to use the file, and to check that it uses it right."""

    version: Literal[2] = VERSION
    name: str
    task: str
    verb: str | None = Field(None, description="what programs call the function, where the task's name does not say")
    description: str
    variant: Variant = "fp32"
    numeric: bool = Field(False, description="strings were left out: what they stand for goes in and comes out")
    opset: int
    ir_version: int
    axes: dict[str, Axis]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    states: tuple[StateSpec, ...] = ()
    stream: Stream | None = None
    table: Table | None = None
    tolerance: Tolerance
    scores: Scores | None = None
    provenance: Provenance
    fingerprints: dict[str, str] = Field(
        default_factory=dict, description="CRC-32 of each node and weight as exported, to name what was changed since"
    )
    examples: tuple[Example, ...] = ()

    @property
    def external_inputs(self) -> tuple[TensorSpec, ...]:
        """Inputs that come from outside: all but the states."""
        states = {s.input for s in self.states}
        return tuple(t for t in self.inputs if t.name not in states)

    def dims_of(self, tensor: TensorSpec) -> tuple[str | int, ...]:
        """Dims as they stand in the graph: a name where the axis is free, a number where it is fixed."""
        return tuple(self.axes[d].size or d for d in tensor.dims)


Example.model_rebuild()


def to_json(contract: Contract) -> str:
    """Serialise; the same contract always gives the same text."""
    return contract.model_dump_json(exclude_none=True)


def from_json(text: str, where: str | Path) -> Contract:
    """Parse and validate; `where` names the file in errors.

    Raises:
        UserError: the text is not a contract of a version that this release reads.
    """
    try:
        return Contract.model_validate(_current(json.loads(text)))
    except RecursionError:
        raise UserError(f"{where}: its contract is nested too deeply; export the file again") from None
    except UnicodeDecodeError:
        raise UserError(f"{where}: its contract is no text; the file is damaged, export it again") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: its contract is no JSON ({error.msg}); export the file again") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "the top level"
        raise UserError(
            f"{where}: its contract is broken at {place}: {first['msg']}; export the file again, or read it with the "
            f"release of lstm-onnx that wrote it (this one reads contract version {VERSION})"
        ) from None


IR_VERSION = 8
"""The lowest ONNX IR that carries opset 18; onnx's own default is too new for many runtimes."""


_VERSION_1_KINDS = {"clock": "time", "constants": "static", "cells": "text", "picture": "image"}


def _current(content: Any) -> Any:
    """Bring the JSON of a contract of version 1 to the names of this one; anything else stays as it is."""
    if not isinstance(content, dict) or content.get("version") != 1:
        return content
    content = {**content, "version": VERSION}
    if "digests" in content:
        content["fingerprints"] = content.pop("digests")
    if isinstance(content.get("scores"), dict):
        content["scores"] = scores_of_version_1(content["scores"])
    axes = content.get("axes")
    if isinstance(axes, dict):
        content["axes"] = {name: _renamed(axis, typical="example_size") for name, axis in axes.items()}
    for side in ("inputs", "outputs"):
        if isinstance(content.get(side), list):
            content[side] = [_tensor_of_version_1(tensor) for tensor in content[side]]
    return content


def scores_of_version_1(scores: Any) -> Any:
    """Bring the JSON of scores, in a contract or a run folder of version 1, to the names of this one."""
    return _renamed(scores, headline="primary")


def _tensor_of_version_1(tensor: Any) -> Any:
    tensor = _renamed(tensor, ranked="is_scores", detail="internal")
    source = tensor.get("source") if isinstance(tensor, dict) else None
    if isinstance(source, dict) and source.get("kind") in _VERSION_1_KINDS:
        tensor = {**tensor, "source": {**source, "kind": _VERSION_1_KINDS[source["kind"]]}}
    return tensor


def _renamed(content: Any, **names: str) -> Any:
    return {names.get(k, k): v for k, v in content.items()} if isinstance(content, dict) else content
