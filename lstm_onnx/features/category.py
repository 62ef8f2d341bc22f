"""One of several levels, in or out: strings or whole numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, CellSource, TensorSpec
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.features.feature import InputFeature, spread_out
from lstm_onnx.features.levelled import Levelled
from lstm_onnx.features.metrics import Metric, accuracy
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from onnx import GraphProto
    from torch import Tensor, nn


Decision = Literal["likeliest", "balanced"]
UNKNOWN = -1
"""Number of a level that was never learnt, where it would be right: no answer is."""


class Category(InputFeature, Levelled):
    """A level: a string or a whole number.

    Going in, `forward` gets `NAME` (batch,), int64: the place of the level from 1 on, 0 for one that is not known;
    `size` is how many places there are. Coming out, `forward` answers with `NAME` (batch, width), a score (logit) for
    each level; the graph gives the likeliest level as `NAME` and all `NAME_probabilities`. The loss is cross-entropy,
    and how it treats rare levels and sure answers can be chosen.
    """

    kind: Literal["category"] = "category"
    meaning: str = "a category"
    column: str | None = Field(None, description="column of a person's table, where it is not called as the feature")
    levels: tuple[str, ...] | tuple[int, ...] | None = Field(None, description="sorted; found in training if not given")
    shares: tuple[float, ...] = Field((), description="share of each level in training")
    kept: tuple[str, ...] | tuple[int, ...] = ()
    scores: str | None = Field(None, description="name of the answered probabilities, if not NAME_probabilities")
    axis: str | None = Field(None, description="name of their axis, if not NAME_level")
    calibrated: bool = Field(False, description="whether validation data sets the temperature of the probabilities")
    smoothing: float = Field(0.0, ge=0, lt=1, description="share of each label that the loss spreads over all levels")
    balance: Literal["none", "weights", "sampling"] = Field(
        "none", description="against rare levels: weigh their loss, or show them more often in training"
    )
    threshold: float | None = Field(
        None, gt=0, lt=1, description="probability from which the answer is the level `positive`; the likeliest without"
    )
    positive: str | None = Field(None, description="the level that `threshold` is for")
    decision: Decision = Field(
        "likeliest",
        description="what is answered without a threshold: the likeliest level, or the one that is likelier than its "
        "share of the training part by the largest factor, so that each level counts alike",
    )
    even: bool = Field(
        False,
        description="whether scores that were learnt with a `balance` get the shares of the levels back, so that "
        "probabilities are of examples as they come",
    )

    @property
    def size(self) -> int:
        """How many numbers `forward` may see: the levels, and 0."""
        return len(self._levels) + 1

    @property
    def is_text(self) -> bool:
        """Whether levels are strings."""
        return isinstance(self._levels[0], str)

    @property
    def _number(self) -> str:
        return f"{self.name}_number"

    @property
    def even_weights(self) -> list[float]:
        """Weight of an example of each level, so that all levels count alike; 0 of a level without an example."""
        return [1 / (self.width * share) if share else 0.0 for share in self.shares]

    @property
    def right(self) -> str:
        """Name of the number of what is right, in a batch to learn from."""
        return self._number

    def with_threshold(self, threshold: float | None, positive: str | None) -> Self:
        """Return the category with another threshold, or none.

        Args:
            threshold: probability from which the answer is `positive`; else it is the likeliest of the others.
            positive: the level; None takes the rarer one of two.

        Raises:
            UserError: there is no such level, or it has to be named.
        """
        if threshold is None:
            if positive is not None:
                raise UserError(f"--positive {positive}: says whose probability --threshold is of; give that, too")
            return self.model_copy(update={"threshold": None, "positive": None})
        if positive is None:
            if self.width != 2:
                raise UserError(f"--threshold {threshold:g}: of {self.width} levels name one with --positive")
            positive = self._labels[int(self.shares[1] <= self.shares[0])]
        if positive not in self._labels:
            raise UserError(f"--positive {positive}: there is no such level{nearest(positive, self._labels)}")
        return self.model_copy(update={"threshold": threshold, "positive": positive})

    @property
    def place_of_positive(self) -> int | None:
        """Number of the level that there is a threshold for."""
        return self._labels.index(self.positive) if self.positive is not None else None

    def decided(self, probabilities: Array) -> Array:
        """Return the number of the level that each row of `probabilities` (example, level) is answered with."""
        place = self.place_of_positive
        if self.threshold is None or place is None:
            if self._multiples is not None:
                probabilities = probabilities * np.asarray(self._multiples, dtype=probabilities.dtype)
            return np.asarray(probabilities.argmax(axis=1))
        others = probabilities.copy()
        others[:, place] = -1
        found = probabilities[:, place] >= np.asarray(self.threshold, dtype=probabilities.dtype)
        return np.where(found, place, others.argmax(axis=1))

    @property
    def _multiples(self) -> tuple[float, ...] | None:
        """What each probability is multiplied by to decide; 0 of a level without an example."""
        if self.decision == "likeliest" or self.threshold is not None:
            return None
        return tuple(1 / share if share else 0.0 for share in self.shares)

    def _plain(self, column: Sequence[Any]) -> list[str] | list[int]:
        """Return the rows as Python's strings, or all as whole numbers."""
        if any(v is None for v in column):
            raise UserError(f"read: '{self.name}' is missing (None) in an example; leave it out, or give it a level")
        if all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in column):
            return [int(v) for v in column]
        return [str(v) for v in column]

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn the levels and how frequent they are."""
        plain = self._plain(column)
        counts: Counter[Any] = Counter(plain)
        levels = self.levels if self.levels is not None else tuple(sorted(counts))
        if not levels:
            raise UserError(f"read: '{self.name}' has no level at all")
        fitted = self.model_copy(
            update={
                "levels": levels,
                "shares": tuple(counts[level] / max(1, len(plain)) for level in levels),
                "kept": tuple(plain[i] for i in spread_out(len(plain))),
            }
        )
        return fitted.with_threshold(self.threshold, self.positive)

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the input."""
        return (
            TensorSpec(
                name=self.name,
                dtype="string" if self.is_text else "int64",
                dims=("batch",),
                meaning=f"{self.meaning}; one that is not known is taken as unknown",
                source=CellSource(column=self.column or self.name),
            ),
        )

    def inner(self) -> tuple[TensorSpec, ...]:
        """Describe the number of the level, where levels are strings."""
        return (self._place(),) if self.is_text else self.tensors()

    def _place(self) -> TensorSpec:
        return TensorSpec(
            name=self._number,
            dtype="int64",
            dims=("batch",),
            meaning=f"{self.meaning}, by its number",
            labels=("unknown", *self._labels),
        )

    def stage(self) -> Stage | None:
        """Return the look-up of strings."""
        if not self.is_text:
            return None

        def reference(arrays: Arrays) -> dict[str, Array]:
            return {self._number: self._places([str(v) for v in arrays[self.name]])}

        return Stage(
            inputs=self.tensors(), outputs=(self._place(),), build=self._look_up, reference=reference, opset=18
        )

    def _look_up(self) -> GraphProto:
        from onnx import TensorProto, helper

        node = helper.make_node(
            "LabelEncoder",
            [self.name],
            [self._number],
            name=self._number,
            domain="ai.onnx.ml",
            keys_strings=list(self._labels),
            values_int64s=list(range(1, self.size)),
            default_int64=0,
        )
        return helper.make_graph(
            [node],
            "strings to levels",
            [helper.make_tensor_value_info(self.name, TensorProto.STRING, ["batch"])],
            [helper.make_tensor_value_info(self._number, TensorProto.INT64, ["batch"])],
        )

    def _places(self, rows: Sequence[Any]) -> Array:
        known: dict[Any, int] = {level: i for i, level in enumerate(self._levels, start=1)}
        return np.array([known.get(row, 0) for row in rows], dtype=np.int64)

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Keep the rows, strings or numbers."""
        return [str(v) for v in column] if self.is_text else [int(v) for v in column]

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make arrays of the levels and, of strings, of their places."""
        if not self.is_text:
            return {self.name: np.array(rows, dtype=np.int64)}
        return {self.name: np.array(rows, dtype=object), self._number: self._places(rows)}

    def encoder(self) -> nn.Module:
        """Return the look-up of numbers; strings are looked up before."""
        from lstm_onnx.features.coding import Numbered, Renamed

        if self.is_text:
            return Renamed({self._number: self.name})
        return Numbered(self.name, [int(level) for level in self._levels])

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Choose among rows of the training part, one in eight unknown."""
        rows: list[Any] = [self.kept[int(k)] for k in random.integers(len(self.kept), size=sizes["batch"])]
        strange: Any = "something unseen" if self.is_text else max(map(int, self._levels)) + 1
        return self.collate([strange if random.random() < 0.125 else row for row in rows])

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the likeliest level, and the probability of each."""
        return (
            TensorSpec(name=self.name, dtype="string", dims=("batch",), meaning=f"{self.meaning}: {self._rule}"),
            TensorSpec(
                name=self.probabilities,
                dtype="float32",
                dims=("batch", self._axis),
                meaning="probability of each" + ", calibrated on validation data if there was any" * self.calibrated,
                is_scores=True,
                threshold=self.threshold,
                positive=self.positive,
                shares=None if self._multiples is None else self.shares,
            ),
        )

    @property
    def _rule(self) -> str:
        if self._multiples is not None:
            return "the one whose probability is the highest multiple of its share in training"
        if self.threshold is None:
            return "the likeliest"
        return (
            f"'{self.positive}' where its probability is {self.threshold:g} or more, else the likeliest of the others"
        )

    def after(self) -> Stage:
        """Return the name of the likeliest level, by its number."""
        names = np.array(self._labels, dtype=object)
        number = TensorSpec(
            name=self._number,
            dtype="int64",
            dims=("batch",),
            meaning=f"{self.meaning}: number of {self._rule}",
            labels=self._labels,
        )

        def reference(arrays: Arrays) -> dict[str, Array]:
            return {self.name: names[arrays[self._number]]}

        return Stage(
            inputs=(number,),
            outputs=self.answers()[:1],
            build=lambda: label_graph(self._number, self.name, names, ("batch",)),
            reference=reference,
        )

    def decoder(self) -> nn.Module:
        """Return what makes probabilities of scores."""
        from lstm_onnx.features.coding import Likelihoods

        return Likelihoods(
            self.probabilities,
            self._number,
            self.calibrated,
            self.place_of_positive,
            self.threshold,
            self._multiples,
            self.shares if self.even and self.balance != "none" else None,
        )

    def prepare_truth(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into the number of its level; all must be known."""
        plain = self._plain(column)
        rows = plain if not self.is_text else [str(v) for v in plain]
        places = self._places(rows)
        unknown = np.flatnonzero(places == 0)
        if len(unknown):
            found = str(rows[int(unknown[0])])
            raise UserError(
                f"read: the answer '{self.name}' of an example is '{found}', of which there is none in the training "
                f"part{nearest(found, self._labels)}"
            )
        return list(places - 1)

    def prepare_scored(self, column: Sequence[Any]) -> tuple[list[Any], tuple[str, ...]]:
        """As `prepare_truth`; a level that was never learnt stays as it is, counts as wrong, and is told."""
        labels = [str(v) for v in self._plain(column)]
        places = {label: i for i, label in enumerate(self._labels)}
        strange = Counter(label for label in labels if label not in places)
        notes: tuple[str, ...] = ()
        if strange:
            shown = ", ".join(f"'{name}' ({count:,})" for name, count in strange.most_common(5))
            notes = (
                f"{strange.total():,} of {len(labels):,} examples have a '{self.name}' that was never learnt, and "
                f"count as wrong: {shown}{f' and {len(strange) - 5:,} more' if len(strange) > 5 else ''}",
            )
        return [places.get(label, label) for label in labels], notes

    def truth(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Return the levels as strings."""
        known = np.array(self._labels, dtype=object)[batch[self._number]]
        return {self.name: np.where(batch[self._number] < 0, batch.get(f"{self.name}_strange", ""), known)}

    def to_score(self) -> Self:
        """Leave out the samples."""
        return self.model_copy(update={"kept": ()})

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make an array of the numbers of what is right, -1 for a level that was never learnt."""
        found = {self._number: np.array([UNKNOWN if isinstance(row, str) else row for row in rows], dtype=np.int64)}
        if any(isinstance(row, str) for row in rows):
            strange = [row if isinstance(row, str) else "" for row in rows]
            found[f"{self.name}_strange"] = np.array(strange, dtype=object)
        return found

    def loss(self, answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the cross-entropy, as it was chosen."""
        from torch.nn.functional import cross_entropy

        right = batch[self._number]
        each = cross_entropy(answer, right, label_smoothing=self.smoothing, reduction="none")
        if self.balance != "weights":
            return each.mean()
        # by the class of the example alone: torch's weights would also weigh the share that smoothing gives to others,
        # so that the rarest class became the answer to everything
        weights = answer.new_tensor(self.even_weights)[right]
        return (each * weights).sum() / weights.sum()

    def draw(self, rows: Sequence[Any]) -> Array | None:
        """Show each level as often as any other, where that is wished."""
        return 1 / np.array(self.shares)[np.array(rows)] if self.balance == "sampling" else None

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return the accuracy."""
        return (accuracy(self.name, f"{prefix}accuracy", self.probabilities, self.decided),)

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the shares of the training part."""
        count = len(batch[self._number])
        likeliest = int(np.argmax(self.shares))
        return {
            self.name: np.full(count, self._labels[likeliest], dtype=object),
            self._number: np.full(count, likeliest),
            self.probabilities: np.tile(np.array(self.shares, dtype=np.float32), (count, 1)),
        }


def label_graph(number: str, label: str, names: Array, dims: tuple[str, ...]) -> GraphProto:
    """Return the ONNX graph that looks up names by their numbers."""
    from onnx import TensorProto, helper, numpy_helper

    return helper.make_graph(
        [helper.make_node("Gather", ["names", number], [label], name=label)],
        "numbers to labels",
        [helper.make_tensor_value_info(number, TensorProto.INT64, list(dims))],
        [helper.make_tensor_value_info(label, TensorProto.STRING, list(dims))],
        [numpy_helper.from_array(names, "names")],
    )
