"""The contract: what an exported file says of itself.

It is JSON, stored in the ONNX file under `metadata_props["lstm_onnx.contract"]` and written beside it as `NAME.json`
for runtimes that do not hand out metadata. This module knows neither torch nor ONNX Runtime.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract_clock import Clock as Clock
from lstm_onnx.contract_clock import Part as _Part
from lstm_onnx.contract_clock import Step as Step
from lstm_onnx.contract_members import Member as Member
from lstm_onnx.contract_rules import fault_of
from lstm_onnx.contract_versions import in_current_names
from lstm_onnx.errors import UserError
from lstm_onnx.json_text import parse_json
from lstm_onnx.renamed import old_name

METADATA_KEY = "lstm_onnx.contract"
VERSION: Literal[2] = 2
Array = NDArray[Any]
Variant = Literal["fp32", "streaming", "int8", "fp16"]
DType = Literal["float32", "float64", "float16", "int64", "int32", "uint8", "bool", "string"]


class Axis(_Part):
    """One named axis, shared by every tensor whose dims mention it."""

    size: int | None = Field(None, ge=1, description="the length, where it is fixed")
    min: int = Field(1, ge=0, description="the smallest length, where it is free")
    max: int | None = Field(None, description="the largest length, where there is a limit")
    example_size: int | None = Field(None, description="a usual length: that seen in training, where it is free")
    labels: tuple[str, ...] | None = Field(None, description="what each position is called, where it is fixed")
    meaning: str = Field("", description="what it runs over, in words")


class ColumnsSource(_Part):
    """The tensor's last axis is these columns of the user's table; the axis before it runs over rows."""

    kind: Literal["columns"] = Field("columns", description="which of the sources this is")
    columns: tuple[str, ...] = Field(description="their names, in the order of the axis")
    rows: Literal["past", "future", "all"] = Field(
        "past",
        description="past: up to the newest known row; future: the rows after it; all: every row of a sequence",
    )


class TimeSource(_Part):
    """The tensor is the time of the rows, in whole unix seconds (UTC)."""

    kind: Literal["time"] = Field("time", description="which of the sources this is")
    rows: Literal["past", "future"] = Field("past", description="up to the newest known row, or the rows after it")


class StaticSource(_Part):
    """The tensor's last axis is these columns, of which each series has one value."""

    kind: Literal["static"] = Field("static", description="which of the sources this is")
    columns: tuple[str, ...] = Field(description="their names, in the order of the axis")


class LengthsSource(_Part):
    """The tensor is how many steps of each sequence count, along one axis of other tensors; what follows is padding."""

    kind: Literal["lengths"] = Field("lengths", description="which of the sources this is")
    axis: str = Field("time", description="the axis that is padded")
    min: int = Field(1, ge=0, description="the smallest length that the graph takes")


class TextSource(_Part):
    """The tensor is the texts of this column, a row of the table for each example: strings, or their UTF-8 bytes.

    Bytes are padded at the end; an input of `LengthsSource` along the same axis says how many there are.
    """

    kind: Literal["text"] = Field("text", description="which of the sources this is")
    column: str = Field(description="its name")
    may_be_empty: bool | None = Field(None, description="whether an empty text is one like any other, not a gap")


class CellSource(_Part):
    """The tensor is the cells of this column, numbers or strings: a row of the table for each example.

    Beside sequences it is one cell for each sequence: that of its first row.
    """

    kind: Literal["cell"] = Field("cell", description="which of the sources this is")
    column: str = Field(description="its name")


class ImageSource(_Part):
    """The tensor is pictures, of bytes: rows from the top, columns from the left, then red, green and blue (sRGB)."""

    kind: Literal["image"] = Field("image", description="which of the sources this is")
    column: str | None = Field(None, description="of paths of pictures, where they stand in a table")


class AudioSource(_Part):
    """The tensor is sound of one channel, in blocks: its last axis is the samples of a block, from -1 to 1."""

    kind: Literal["audio"] = Field("audio", description="which of the sources this is")
    rate: int = Field(ge=1, description="samples a second")
    column: str | None = Field(None, description="of paths of WAV files, where they stand in a table")


Source = Annotated[
    ColumnsSource | TimeSource | StaticSource | LengthsSource | TextSource | CellSource | ImageSource | AudioSource,
    Field(discriminator="kind"),
]


class TensorSpec(_Part):
    """One input or output of the graph."""

    name: str = Field(description="what the graph calls it")
    dtype: DType = Field(description="the type of its elements")
    dims: tuple[str, ...] = Field(description="names of axes, outermost first; each is described in `axes`")
    meaning: str = Field(description="what it is, in words")
    unit: str | None = Field(None, description="of its numbers, such as that of the column")
    missing: bool = Field(False, description="whether NaN and infinite values may come in, and count as missing")
    source: Source | None = Field(None, description="how it is read from, or stands in, a person's table")
    labels: tuple[str, ...] | None = Field(None, description="what each whole number in it stands for, from 0")
    is_scores: bool = Field(False, description="its last axis holds a score for each label; the highest is the answer")
    threshold: float | None = Field(None, description="score from which the answer is `positive`, whatever the highest")
    positive: str | None = Field(None, description="the label that `threshold` is for; else the highest of the others")
    shares: tuple[float, ...] | None = Field(
        None,
        description="share of each label in training; the answer is the label whose score is most times its share",
    )
    count: str | None = Field(
        None, description="input or output that says how many steps along its second axis count; the rest is padding"
    )
    internal: bool = Field(False, description="an output for programs: left out of the tables that people read")
    default: int | float | None = Field(None, description="of an option: its value where a caller leaves it out")
    least: int | float | None = Field(None, description="of an option: the smallest value that it takes")
    most: int | float | None = Field(None, description="of an option: the largest value that it takes")


class StateSpec(_Part):
    """An output that is fed back as an input at the next call."""

    output: str = Field(description="name of the output")
    input: str = Field(description="name of the input that gets it")
    reset: float = Field(0.0, description="the value of every element before the first call")


class Stream(_Part):
    """How a graph with states is fed: a piece of the sequence at a time, states going round."""

    axis: str = Field("time", description="the free axis that is cut into pieces of any length")
    context: int = Field(1, ge=1, description="steps to feed after a reset before answers are as good as in training")


class Table(_Part):
    """How a person's table is read: which columns are the clock and the series' name, and how far rows lie apart."""

    time: str | None = Field(None, description="column of the time of each row")
    series: str | None = Field(None, description="column that tells series apart, or the sequences")
    series_with: tuple[str, ...] = Field((), description="further columns that tell series apart together with it")
    step: Step | None = Field(None, description="how far rows lie apart")
    clock: Clock | None = Field(None, description="how times are written, and what is done with irregular rows")
    wide: bool = Field(False, description="each column that holds values is a series of its own, named by its header")
    across: bool = Field(False, description="each row is a series, each column called after a time its value then")
    steps: bool = Field(False, description="each row is a whole sequence of one channel, its cells the steps in order")
    blocks: dict[str, tuple[str, ...]] | None = Field(None, description="of each channel its steps, if several")
    others: tuple[str, ...] = Field((), description="columns that are no input, such as the class of known examples")
    window: int | None = Field(None, ge=1, description="rows of a window, where sequences are cut into windows")
    hop: int | None = Field(None, ge=1, description="rows from one window to the next")
    encoding: str | None = Field(None, description="of text files like that of training, where it is not UTF-8")
    columns: tuple[ColumnReading, ...] | None = Field(None, description="what was understood of each, as they stand")

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that tell series apart, together."""
        return (self.series, *self.series_with) if self.series is not None else ()

    @property
    def times(self) -> tuple[str, ...]:
        """The columns that say the time, together."""
        return self.clock.columns if self.clock is not None else (self.time,) if self.time is not None else ()


class Tolerance(_Part):
    """How far another runtime may be from PyTorch: |a - b| <= atol + rtol * max(|b|) within each example."""

    rtol: float = Field(1e-5, ge=0, allow_inf_nan=False, description="share of the largest number in the example")
    atol: float = Field(
        1e-6, ge=0, allow_inf_nan=False, description="what is allowed on top, in the unit of the output"
    )
    outputs: dict[str, float] | None = Field(None, description="atol of outputs that have another, such as sums")
    decided_by: str | None = Field(None, description="output that ranks answers; of two that are equal either is right")

    def of(self, output: str) -> Tolerance:
        """Return that of one output."""
        return Tolerance(rtol=self.rtol, atol=(self.outputs or {}).get(output, self.atol))


class Scores(_Part):
    """Metrics on the held-out test split, beside those of the naive baselines on the same examples."""

    primary: str = Field(description="the metric that stands for the model")
    model: dict[str, float] = Field(description="of the model: metric to value")
    baselines: dict[str, dict[str, float]] = Field({}, description="of each naive answer, by its name")
    fp32: dict[str, float] | None = Field(None, description="of a variant: what the fp32 file reaches on the same")
    drop: float | None = Field(None, description="of a variant: percent that it loses in the primary metric")
    drop_of: str | None = Field(None, description="what `drop` is of, if the primary metric has no value")

    def __getitem__(self, metric: str) -> float:
        """Return a metric of the model by its name."""
        return self.model[metric]


class Example(_Part):
    """A golden example: with these inputs, every runtime must give these outputs (within the tolerance)."""

    inputs: dict[str, Values] = Field(description="name of the input to its array")
    outputs: dict[str, Values] = Field(description="name of the output to its array")


class Values(_Part):
    """An array in JSON: flat, row-major; `"nan"`, `"inf"` and `"-inf"` are spelt out, as JSON has no such numbers."""

    dtype: DType = Field(description="the type of the elements")
    shape: tuple[int, ...] = Field(description="sizes of the axes, outermost first")
    values: tuple[int | float | str | bool, ...] = Field(description="the elements, the last axis running fastest")

    @model_validator(mode="after")
    def _is_whole(self) -> Values:
        if min(self.shape, default=0) < 0 or math.prod(self.shape) != len(self.values):
            raise ValueError(f"{len(self.values)} values do not make the shape {self.shape}")
        return self

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
    run: str = Field(description="name of the run folder")
    plugin: str = Field(description="package and version of the task's plugin")
    data: str = Field(description="sha256 of the training data")
    versions: dict[str, str] = Field(description="of the packages that shape the numbers")
    config: dict[str, Any] = Field(description="the options of the task")
    trained: str | None = Field(None, description="when the run began, UTC: tells runs of one name apart")
    licence: str | None = Field(None, description="of the training data, where that came with the plugin")
    base: str | None = Field(None, description="name of the run that it went on from, with other data")
    fold: str | None = Field(None, description="which part was kept for the test, where the data was parted into folds")
    seed: int | None = Field(None, description="of the run: it decided which examples were kept for the test")
    members: tuple[Member, ...] | None = Field(None, description="of an ensemble: the runs that answer together")


class Proof(_Part):
    """What was checked before the file was written, by what, and how far it is from PyTorch."""

    checks: dict[str, str] = Field(description="each check, with what it found")
    engines: dict[str, str] = Field(description="what was asked, with its release")
    largest_absolute: float = Field(description="largest difference of a number, in the unit of its output")
    largest_relative: float = Field(description="the same, over the largest number of its example")
    decisions: int = Field(description="whole numbers and texts that were compared")
    changed: int = Field(description="how many of them were not the same")


class Contract(_Part):
    """Everything that a program must know to use the file, and to check that it uses it right."""

    version: Literal[2] = Field(VERSION, description="of the contract itself")
    name: str = Field(description="of the model")
    task: str = Field(description="the plugin that trained it")
    verb: str | None = Field(None, description="what programs call the function, where the task's name does not say")
    description: str = Field(description="what it answers, in a sentence")
    variant: Variant = Field("fp32", description="which of the files of a run this is")
    numeric: bool = Field(False, description="strings were left out: what they stand for goes in and comes out")
    opset: int = Field(description="of the standard operators, which a runtime must know")
    ir_version: int = Field(description="of the file format, which a runtime must be able to read")
    axes: dict[str, Axis] = Field(description="every axis that inputs or outputs have, by its name")
    inputs: tuple[TensorSpec, ...] = Field(description="in the order of the graph")
    outputs: tuple[TensorSpec, ...] = Field(description="in the order of the graph")
    states: tuple[StateSpec, ...] = Field((), description="which output is fed back as which input")
    stream: Stream | None = Field(None, description="how the file is fed in pieces, if it has states")
    table: Table | None = Field(None, description="how a person's table is read, if it takes one")
    tolerance: Tolerance = Field(description="how far another runtime may be from PyTorch")
    scores: Scores | None = Field(None, description="how well it answers")
    provenance: Provenance = Field(description="when and from what it was made")
    learnt: dict[str, Any] | None = Field(None, description="what other data is scored by: names, levels, no weights")
    fingerprints: dict[str, str] = Field({}, description="CRC-32 of each node and weight, to name what was changed")
    examples: tuple[Example, ...] = Field((), description="golden examples, for any runtime to check itself")
    proof: Proof | None = Field(None, description="what was checked before the file was written, and how far off it is")

    @model_validator(mode="after")
    def _fits_itself(self) -> Contract:
        if (fault := fault_of(self)) is not None:
            raise ValueError(fault)
        return self

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
        return Contract.model_validate(in_current_names(parse_json(text, f"{where}: its contract")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "the top level"
        raise UserError(
            f"{where}: its contract is broken at {place}: {first['msg']}; export the file again, or read it with the "
            f"release of lstm-onnx that wrote it (this one reads contract version {VERSION})"
        ) from None


IR_VERSION = 8
"""The lowest ONNX IR that carries opset 18; onnx's own default is too new for many runtimes."""


def __getattr__(name: str) -> Any:
    return old_name(name, __name__)
