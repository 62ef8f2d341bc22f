"""What a plugin implements: one `Task`, and the data types that it hands to the core.

Nothing here imports torch, so that a plugin whose module does not either keeps `predict` and `--help` fast: import
torch inside `build_model`, `loss` and `graphs`, or in a module that only these import.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from lstm_onnx.contract import Array, Axis, Contract, StateSpec, Stream, Table, TensorSpec, Tolerance
from lstm_onnx.data.joining import Joining as Joining
from lstm_onnx.data.joining import means
from lstm_onnx.data.primary_metric import PrimaryMetric as PrimaryMetric
from lstm_onnx.data.task_data import NAMES as NAMES
from lstm_onnx.data.task_data import Answer as Answer
from lstm_onnx.data.task_data import Arrays as Arrays
from lstm_onnx.data.task_data import DataSet as DataSet
from lstm_onnx.data.task_data import InfoT as InfoT
from lstm_onnx.data.task_data import ScoredData as ScoredData
from lstm_onnx.data.task_data import TaskData as TaskData
from lstm_onnx.errors import UserError
from lstm_onnx.renamed import TakesHeadline, old_name

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure
    from onnx import GraphProto
    from torch import Tensor, nn

Totals = Mapping[str, tuple[Any, Any]]
"""Pairs (sum, count) by name: numbers, arrays or whatever else can be added to its like and to 0, as `Collected`."""

ConfigT = TypeVar("ConfigT", bound=BaseModel)


@dataclass(frozen=True)
class Stage:
    """A part of a graph that is not torch's, such as the splitting of a text; it stands before or after it.

    Attributes:
        inputs: what it takes: inputs of the graph or, after the module, also outputs of the module.
        outputs: what it gives to the module or, after it, as outputs of the graph.
        build: makes it in ONNX: a graph whose inputs and outputs are called as here, of operators of `opset` and of
            `ai.onnx.ml` 3.
        reference: the same in Python, for training and for `verify`: from arrays by name, perhaps more than `inputs`,
            to the outputs.
        axes: what occurs in the dims of `outputs` (before the module) or `inputs` (after it) alone.
        opset: the lowest that has the operators.
        numbers: of several stages side by side, those that no string goes through; None for none.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    build: Callable[[], GraphProto]
    reference: Answer
    axes: Mapping[str, Axis] = field(default_factory=dict)
    opset: int = 18
    numbers: Stage | None = None

    @property
    def has_text(self) -> bool:
        """Whether strings go through it, which few runtimes know."""
        return any(t.dtype == "string" for t in (*self.inputs, *self.outputs))


@dataclass(frozen=True)
class GraphSpec:
    """One graph to export: a torch module from raw inputs to answers, with its inputs and outputs as data.

    Attributes:
        module: its `forward` takes the tensors of `inputs` by name and returns a tuple in the order of `outputs`; with
            stages, those of `lstm_onnx.graph.subgraphs.torch_part`.
        axes: every name that occurs in the dims; a free axis has no `size`.
        table: how a person's table becomes the inputs, if it does.
        states: outputs that are fed back as inputs.
        stream: how a graph with states is fed in pieces; None for one that takes whole sequences.
        name: tells the graphs of one task apart; the first graph of a task is its main one.
        before: what is done to inputs before the module sees them.
        after: what is made of the module's outputs.
        sample: makes inputs in the place of `Task.sample`, perhaps more than are asked for; None for those of the task.
    """

    module: nn.Module
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    axes: dict[str, Axis]
    description: str
    table: Table | None = None
    states: tuple[StateSpec, ...] = ()
    stream: Stream | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    opset: int = 18
    name: str = "main"
    before: Stage | None = None
    after: Stage | None = None
    sample: Callable[[Mapping[str, int], int], Arrays] | None = None

    @property
    def external_inputs(self) -> tuple[TensorSpec, ...]:
        """Inputs that come from outside: all but the states."""
        states = {s.input for s in self.states}
        return tuple(t for t in self.inputs if t.name not in states)


class Task(TakesHeadline, ABC, Generic[ConfigT, InfoT]):
    """One kind of problem. Subclass it, set the class variables, and return an instance from `lstm_onnx_tasks`.

    `Config` is a pydantic model with `extra="forbid"`; its fields become options of `lstm-onnx train`, their
    descriptions the help text (say the unit). `Info` is a pydantic model that survives a round trip through JSON.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    primary_metric: ClassVar[PrimaryMetric]
    Config: ClassVar[type[BaseModel]]
    Info: ClassVar[type[BaseModel]]
    verb: ClassVar[str | None] = None
    """What the task does, such as `detect`: after it, programs name their function. By default it is made of `name`."""
    training: ClassVar[dict[str, Any]] = {}
    """Defaults of the training options (`lstm_onnx.training.options.TrainingOptions`) that suit this task better."""
    small: ClassVar[dict[str, Any]] = {}
    """Options of `Config` with which a trial is a matter of seconds: `check_task` takes them where it is given none."""
    adjustable: ClassVar[tuple[str, ...]] = ()
    """Options of `Config` that a trained model does not depend on: `export --set NAME=VALUE` may change them."""
    reading: ClassVar[tuple[str, ...]] = ()
    """Options of `Config` that only say how data is read: `evaluate --set` and `train --from` may change them."""

    def adjusted_info(self, config: ConfigT, info: InfoT) -> InfoT:
        """Return what was learnt, for options that changed after training; UserError where they do not go with it."""
        return info

    def budget(self, config: ConfigT, examples: int, batch_size: int) -> Mapping[str, Any]:
        """Return training options that suit the data at hand better still than `training`.

        Args:
            config: as `load_data` filled it in.
            examples: how many there are to learn from.
            batch_size: of a step.
        """
        return {}

    def solve_first(self, model: Any, batches: Iterator[Any], config: ConfigT) -> None:
        """Set weights of a fresh model that are solved for, not learnt by steps; by default there are none.

        Args:
            model: as `build_model` made it; changed in place.
            batches: of the training part, as tensors, each example once.
            config: as `load_data` filled it in.
        """

    def watched(self, config: ConfigT) -> PrimaryMetric:
        """Return the metric on validation data by which the best epoch is chosen: that which stands for the model."""
        return self.primary_metric

    @abstractmethod
    def load_data(self, source: Path | None, config: ConfigT, seed: int) -> TaskData[InfoT]:
        """Read `source`, or without one the plugin's own small real data set, and split it.

        Raises:
            UserError: the data cannot be used; names the file, the row or column, what was found and what to do.
        """

    def load_again(self, source: Path | None, config: ConfigT, seed: int, info: InfoT) -> TaskData[InfoT]:
        """Read new data like that of an earlier run to go on learning, as `load_data`; keep `info`, and fit nothing.

        Raises:
            UserError: the data has what was never learnt; or the task cannot do this, as the default says.
        """
        raise UserError(f"--from: '{self.name}' cannot go on with new data: it lacks Task.load_again")

    def load_scored(self, source: Path, config: ConfigT, info: InfoT) -> ScoredData:
        """Read all of `source`, and nothing beside it, to score it by what was learnt: nothing is fitted on it.

        An answer that cannot be right, such as a class that was never learnt, counts as wrong and is told in a note.

        Raises:
            UserError: it is not like the training data; or the task cannot do this, as the default says.
        """
        raise UserError(f"{source}: '{self.name}' scores its own test part alone: it lacks Task.load_scored")

    def scoring_info(self, info: InfoT) -> InfoT:
        """Return what `load_scored` and `baselines` need of what was learnt: it is kept in every exported file."""
        return info

    def truth(self, batch: Arrays, config: ConfigT, info: InfoT) -> Arrays:
        """Return what really was, for outputs of the main graph by name and in their form; for tables of answers."""
        return {}

    def data_sets(self) -> tuple[DataSet, ...]:
        """Return the data sets that the plugin brings, first that which `load_data` reads without a source."""
        return ()

    def data_files(self, source: Path | None, config: ConfigT) -> Sequence[Path]:
        """Name every file and folder that `load_data` reads for a source, so that a change in any of them is noticed.

        By default the source alone or, without one, the data of the first of `data_sets`.

        Args:
            source: as in `load_data`.
            config: the options with what was found in the data filled in.
        """
        if source is not None:
            return (source,)
        return self.data_sets()[0].files[:1] if self.data_sets() else ()

    @abstractmethod
    def build_model(self, config: ConfigT, info: InfoT) -> nn.Module:
        """Compose the trained part, freshly initialised from torch's global generator."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss over the batch, a scalar, from the tensors of one batch on the model's device."""

    def metrics(self, outputs: Arrays, batch: Arrays, config: ConfigT) -> Totals:
        """Score the main graph's outputs, in the user's units, against the batch.

        Each metric is a pair (sum, count), numbers or arrays, that the core adds up over batches. What can be told from
        all examples only comes as `Collected`, which `finish` then takes apart.
        """
        raise UserError(f"plugin '{self.name}': says nothing of how answers are scored; implement metrics, or totals")

    def totals(self, outputs: Arrays, batch: Arrays, config: ConfigT, info: InfoT) -> Totals:
        """Do what `metrics` does, where it takes what was learnt to score: this is what the core asks."""
        return self.metrics(outputs, batch, config)

    def finish(self, totals: Totals) -> dict[str, float]:
        """Turn the added-up pairs into the figures to show: by default each sum over its count."""
        return {name: float(total / count) if count else float("nan") for name, (total, count) in totals.items()}

    def calibrate(self, model: nn.Module, validation: Iterator[dict[str, Tensor]], config: ConfigT) -> None:
        """Adjust the trained model in place, once, on batches that it did not learn from: a temperature, say.

        Called after training with the best weights, in evaluation mode and where there is a validation split, before
        the test scores are taken. What it changes must be a parameter or buffer of the model: only these are
        stored, and anything else is refused. By default nothing.
        """

    def calibrate_left_out(self, model: nn.Module, learnt_from: Iterator[dict[str, Tensor]], config: ConfigT) -> None:
        """Adjust it where there is no validation split, by what it would answer to batches that it learnt from.

        Called instead of `calibrate`, for models that can tell that of an example as if they had not learnt from it;
        the batches come in random order, and need not be read to their end. By default nothing.
        """

    def tables(self, contract: Contract, totals: Totals) -> dict[str, pl.DataFrame]:
        """Lay out added-up metrics, such as those of each class: a title -> the table."""
        return {}

    def charts(self, contract: Contract, totals: Totals) -> dict[str, Figure]:
        """Draw added-up metrics, such as a confusion matrix: file name without extension -> matplotlib figure."""
        return {}

    @abstractmethod
    def graphs(self, model: nn.Module, config: ConfigT, info: InfoT) -> list[GraphSpec]:
        """Wrap pre-processing, model and post-processing into graphs, the main one first."""

    def streaming(self, model: nn.Module, config: ConfigT, info: InfoT) -> GraphSpec:
        """Return a graph that takes a sequence in pieces, with `states` and `stream`, for `export --variant streaming`.

        From reset states, the whole sequence in one piece must give what the main graph gives for the inputs that both
        have; `export` proves that, and that any other pieces give the same. Inputs keep their names.

        Raises:
            UserError: the model cannot be fed in pieces; says why, and with which options it could.
        """
        raise UserError(f"the task '{self.name}' has no streaming graph: its plugin does not implement Task.streaming")

    def joining(self, outputs: Sequence[TensorSpec], model: nn.Module, config: ConfigT, info: InfoT) -> Joining:
        """Say how the answers of several models become one, for an ensemble in one file: by default means of numbers.

        Args:
            outputs: of the torch part, but for states.
            model: the first of them.
            config: its options.
            info: what it learnt.

        Raises:
            UserError: they cannot; says why.
        """
        return means(self.name, outputs)

    @abstractmethod
    def sample(self, graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
        """Make plausible raw inputs of `graph`, for the given size of each free axis; states may be left out."""

    def baselines(self, config: ConfigT, info: InfoT) -> dict[str, Answer]:
        """Naive answers to score beside the model: name -> function from a batch to outputs like the main graph's."""
        return {}

    def plots(
        self, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None
    ) -> dict[str, Figure]:
        """Draw answers for a person: file name without extension -> matplotlib figure.

        `predict --plot` draws all of them, and `predict --attention` the one that is called `attention`.

        Args:
            contract: describes the graph that gave the answers.
            inputs: the graph's inputs, and as `NAMES` (batch,) what each example is called, where they have names.
            outputs: its outputs for them.
            truth: the whole batch, when it is known what really happened; None in `predict`.
        """
        return {}


AnyTask = Task[Any, Any]


def __getattr__(name: str) -> Any:
    return old_name(name, __name__)
