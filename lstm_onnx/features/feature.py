"""What every feature can do: one that goes in, and one that comes out.

A feature is data: its name, its options, and what it learnt from the training part, so that a run folder can keep it.
`fit` returns a copy that has learnt; nothing else changes it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.features.metrics import Metric
from lstm_onnx.task import Stage

if TYPE_CHECKING:
    from torch import Tensor, nn

FoundT = TypeVar("FoundT")

KEPT = 24
"""Rows of the training part that a feature keeps, to make samples of."""
BATCH = Axis(meaning="one example each")


class Feature(BaseModel):
    """A kind of column, with a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    kind: str

    def where_left_out(self, count: int) -> Sequence[Any] | None:
        """Return its column where `read` leaves that out, a row for each of `count` examples; None where it may not."""
        return None

    @abstractmethod
    def fit(self, column: Sequence[Any]) -> Self:
        """Return a copy that has learnt from the rows of the training part.

        Raises:
            UserError: a row cannot be used; says which and why.
        """

    def to_score(self) -> Self:
        """Return a copy without what answering and learning alone need, to be kept in a file."""
        return self

    def axes(self) -> dict[str, Axis]:
        """Describe the axes of its tensors, but for `batch`."""
        return {}


class InputFeature(Feature):
    """A feature that goes into a model."""

    def named(self, alone: bool) -> Self:
        """Return a copy that knows whether it is alone of its sort (`alike`), and so may have the short names."""
        return self

    def alike(self, other: InputFeature) -> bool:
        """Whether both are of a sort of which only one alone has the short names: a sequence, or a picture."""
        return self.steps is not None and other.steps is not None

    def met(self, column: Sequence[Any]) -> Self:
        """Return a copy that takes what occurs in rows of any part, such as a missing value; nothing else is learnt."""
        return self

    @property
    def steps(self) -> str | None:
        """The axis of its steps, if it is a sequence."""
        return None

    @property
    def lengths(self) -> str:
        """Name of the tensor that says how many steps count; empty where it is no sequence."""
        return ""

    @abstractmethod
    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the inputs of the graph that it fills."""

    def inner(self) -> tuple[TensorSpec, ...]:
        """Describe what the torch part takes: the same, unless `stage` stands between."""
        return self.tensors()

    def stage(self) -> Stage | None:
        """Return what is done to it before torch sees it, such as the look-up of strings."""
        return None

    @abstractmethod
    def prepare(self, column: Sequence[Any]) -> Sequence[Any]:
        """Turn each row into what `collate` takes; done once, before training.

        What it returns may have a method `gather`, from the numbers of some rows to what `collate` would give for them.
        """

    @abstractmethod
    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make a batch of prepared rows: an array for each of `tensors` and of `inner`."""

    def length(self, row: Any) -> int:
        """Return how many steps a prepared row has; 1 where it is no sequence."""
        return 1

    @property
    def weight(self) -> int:
        """Bytes of a prepared row, where they are far more than those of a row, as of a picture of a file; else 0."""
        return 0

    def to_learn(self, row: Any) -> Any:
        """Return a prepared row as it is learnt from: cut, where it is too long for that."""
        return row

    @abstractmethod
    def encoder(self) -> nn.Module:
        """Return what turns the tensors of `inner`, given by name, into those that the author's `forward` takes."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Numbers that `forward` sees at each step, or of each example; of words and categories, how many there are."""

    @abstractmethod
    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Make arrays of `tensors` and `inner` from rows of the training part.

        Args:
            sizes: of free axes; a sequence whose axis is missing has its usual length.
            random: decides which rows.
        """


class Stepped(InputFeature):
    """Steps of numbers, one after the other."""

    alone: bool = Field(True, description="whether it is the only sequence of the model: set by the task")

    def named(self, alone: bool) -> Self:
        """Return a copy with short names, or with its own."""
        return self.model_copy(update={"alone": alone})

    @property
    def lengths(self) -> str:
        """Name of the input that says how many steps count."""
        return "lengths" if self.alone else f"{self.name}_lengths"

    @property
    def steps(self) -> str:
        """The axis of its steps."""
        return "time" if self.alone else f"{self.name}_time"


class OutputFeature(Feature):
    """A feature that a model answers with."""

    @property
    def is_supervised(self) -> bool:
        """Whether the data has a column of what is right."""
        return True

    @abstractmethod
    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the outputs of the graph."""

    def bound(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy that knows the input that it runs along, if it does.

        Raises:
            UserError: there is none of that name, or of another kind.
        """
        return self

    def after(self) -> Stage | None:
        """Return what is made of torch's outputs, such as the names of labels."""
        return None

    @abstractmethod
    def decoder(self) -> nn.Module:
        """Return what turns the tensor that `forward` answers with into outputs of the torch part, by name."""

    @abstractmethod
    def prepare_truth(self, column: Sequence[Any]) -> Sequence[Any]:
        """Turn each row into what `collate_truth` takes; it may have `gather`, as that of `InputFeature.prepare`.

        Raises:
            UserError: a row is not what was learnt, such as an unknown label.
        """

    def prepare_scored(self, column: Sequence[Any]) -> tuple[Sequence[Any], tuple[str, ...]]:
        """As `prepare_truth`, of other data than was learnt from, with notes: what is not known may count as wrong."""
        return self.prepare_truth(column), ()

    def truth(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Return what is right in the form of the answers, for those of which it can be told."""
        return {}

    @abstractmethod
    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make a batch of what is right, for loss and metrics; under the feature's name, perhaps with an ending."""

    @abstractmethod
    def loss(self, answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of a tensor that `forward` answered with, a scalar."""

    @property
    def taught(self) -> str | None:
        """Name of what is right in a batch, where an author's `forward` may see it in training; None for nothing."""
        return None

    def calibratable(self, column: Sequence[Any]) -> tuple[Self, str | None]:
        """Return a copy without what these rows, the validation part, cannot calibrate, and a note if that is any."""
        return self, None

    def each(self, row: Any) -> Sequence[Any]:
        """Return the rows that are learnt from in the place of a row: of several right texts, each."""
        return [row]

    def steps_of(self, row: Any) -> int:
        """Return how many steps a prepared row has; 1 where it has no steps of its own."""
        return 1

    def draw(self, rows: Sequence[Any]) -> Array | None:
        """Say how often each example, by its prepared truth, is drawn in training; None shows each once."""
        return None

    @abstractmethod
    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return how answers are scored, the most telling metric first; names begin with `prefix`."""

    @abstractmethod
    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer without looking: always the mean, or the most frequent label."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers that `forward` answers with for each example or step: 1, or how many labels there are."""


def found_along(side: str, feature: Feature, along: str, known: Mapping[str, FoundT], what: str) -> FoundT:
    """Return the input that a feature runs along.

    Args:
        side: where the feature stands, `inputs` or `outputs`.
        feature: that runs along it.
        along: its name.
        known: what it may be, by name.
        what: that is, for the error.

    Raises:
        UserError: there is none of that name.
    """
    if along not in known:
        raise UserError(f"{side}: '{feature.name}' runs along '{along}', {what}{nearest(along, known)}")
    return known[along]


def spread_out(count: int) -> Array:
    """Choose at most `KEPT` of `count` rows, evenly over all."""
    return np.unique(np.linspace(0, count - 1, num=min(KEPT, count)).round().astype(np.int64))


def mean_and_spread(values: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of each column, NaN left out; a constant column has a spread of 1.

    Args:
        values: (rows, columns).
    """
    return mean_and_spread_of(lambda: [values])


def mean_and_spread_of(rows: Callable[[], Iterable[Array]]) -> tuple[Array, Array]:
    """As `mean_and_spread`, of arrays (rows, columns) that are gone through twice, one after the other.

    So many values are added up at once that the sums are the same wherever the arrays lie.
    """
    count: Array = np.zeros(1, dtype=np.int64)
    total: Array = np.zeros(1)
    for values in _stretches(rows()):
        known = np.isfinite(values)
        count, total = count + known.sum(axis=0), total + np.where(known, values, 0).sum(axis=0, dtype=np.float64)
    count = np.maximum(count, 1)
    center = total / count
    squares: Array = np.zeros(1)
    for values in _stretches(rows()):
        apart = np.where(np.isfinite(values), values - center, 0)
        squares = squares + np.square(apart, dtype=np.float64).sum(axis=0)
    spread = np.sqrt(squares / count)
    flat = spread <= 1e-6 * np.maximum(np.abs(center), 1e-6)
    return center, np.where(flat, 1.0, spread)


def _stretches(rows: Iterable[Array]) -> Iterator[Array]:
    """Join arrays until they have so many rows together."""
    held, size = list[Array](), 0
    for array in rows:
        held.append(array)
        size += len(array)
        if size >= _STRETCH:
            yield np.concatenate(held)
            held, size = [], 0
    if held:
        yield np.concatenate(held)


_STRETCH = 1 << 18
"""Rows that are added up at once."""
