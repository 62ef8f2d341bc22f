"""A label at each step of a sequence of numbers: a state, a kind of event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, Axis, ColumnsSource, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import InputFeature, found_along, spread_out
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.stored import prepared
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from onnx import GraphProto
    from torch import nn

_LONGEST_KEPT = 64
"""Steps of a sequence that are kept for samples."""
_STRANGE = "something unseen"
"""A label of samples that is not known."""


class Labels(InputFeature):
    """A label for each step of the rows `along`: a column of words beside columns of numbers.

    A row of its column is a list of labels, one for each step. `forward` gets `NAME` (batch, time), int64: the place of
    each label from 1 on, 0 for one that is not known and in the padding; `size` is how many places there are. An
    embedding, or `torch.nn.functional.one_hot`, makes numbers of it.
    """

    kind: Literal["labels"] = "labels"
    along: str = Field(description="the rows whose steps have the labels")
    meaning: str = "a label at each step"
    column: str | None = Field(None, description="column of a person's table, where it is not called as the feature")
    levels: tuple[str, ...] | None = Field(None, description="sorted; found in training if not given")
    axis: str = Field("", description="axis of the steps: set by the task")
    usual: int | None = Field(None, description="median number of steps in training")
    kept: tuple[tuple[str, ...], ...] = ()

    @property
    def size(self) -> int:
        """How many numbers `forward` may see: the levels, and 0."""
        return len(self._levels) + 1

    @property
    def _levels(self) -> tuple[str, ...]:
        assert self.levels is not None, "not fitted"
        return self.levels

    @property
    def _number(self) -> str:
        return f"{self.name}_number"

    @property
    def _one(self) -> str:
        return f"{self.name}_column"

    def bound(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy that knows the steps of the rows that it runs along."""
        known = {f.name: f for f in inputs if isinstance(f, Rows)}
        rows = found_along("inputs", self, self.along, known, "which are no Rows that go in")
        return self.model_copy(update={"axis": rows.steps})

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn the labels."""
        rows = prepared(self.prepare, column)
        counts = Counter(str(label) for row in rows for label in row)
        levels = self.levels if self.levels is not None else tuple(sorted(counts))
        if not levels:
            raise UserError(f"read: '{self.name}' has no label at all")
        return self.model_copy(
            update={
                "levels": levels,
                "usual": int(np.median(np.fromiter(map(len, rows), np.int64, len(rows)))),
                "kept": tuple(tuple(map(str, rows[i][:_LONGEST_KEPT])) for i in spread_out(len(rows))),
            }
        )

    def to_score(self) -> Self:
        """Leave out the samples."""
        return self.model_copy(update={"kept": ()})

    def prepare(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into an array of strings (steps,); a missing label is empty."""
        found = []
        for number, row in enumerate(column, start=1):
            if isinstance(row, str) or not isinstance(row, Sequence | np.ndarray):
                told = type(row).__name__
                raise UserError(f"read: example {number} of '{self.name}' is a {told}, and must be a list of labels")
            found.append(np.array(["" if label is None else str(label) for label in row], dtype=object))
        return found

    def length(self, row: Any) -> int:
        """Return the steps of a prepared row."""
        return len(row)

    def check_lengths(self, steps: Sequence[int], rows: Sequence[Any]) -> None:
        """Refuse an example that has another number of labels than of steps."""
        for number, (count, row) in enumerate(zip(steps, rows, strict=True), start=1):
            if count != len(row):
                raise UserError(
                    f"read: example {number} of a part has {count} steps of '{self.along}' and {len(row)} labels of "
                    f"'{self.name}'; give a label for each step"
                )

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Describe the strings."""
        column = self.column or self.name
        return (
            TensorSpec(
                name=self.name,
                dtype="string",
                dims=("batch", self.axis, self._one),
                meaning=f"{self.meaning}; one that is not known is taken as unknown",
                source=ColumnsSource(columns=(column,), rows="all"),
            ),
        )

    def inner(self) -> tuple[TensorSpec, ...]:
        """Describe the places of the labels."""
        return (
            TensorSpec(
                name=self._number,
                dtype="int64",
                dims=("batch", self.axis),
                meaning=f"{self.meaning}, by its number",
                labels=("unknown", *self._levels),
            ),
        )

    def axes(self) -> dict[str, Axis]:
        """Describe the one column."""
        return {self._one: Axis(size=1, labels=(self.column or self.name,), meaning="what a step is called")}

    def stage(self) -> Stage:
        """Return the look-up of strings."""

        def reference(arrays: Arrays) -> dict[str, Array]:
            return {self._number: self._places(np.asarray(arrays[self.name])[..., 0])}

        return Stage(inputs=self.tensors(), outputs=self.inner(), build=self._look_up, reference=reference)

    def _look_up(self) -> GraphProto:
        from onnx import TensorProto, helper, numpy_helper

        from lstm_onnx.graph.subgraphs import prefix_names

        nodes = [
            helper.make_node(
                "LabelEncoder",
                ["labels"],
                ["places"],
                domain="ai.onnx.ml",
                keys_strings=list(self._levels),
                values_int64s=list(range(1, self.size)),
                default_int64=0,
            ),
            helper.make_node("Squeeze", ["places", "last"], ["number"]),
        ]
        graph = helper.make_graph(
            nodes,
            "labels to numbers",
            [helper.make_tensor_value_info("labels", TensorProto.STRING, ["batch", self.axis, 1])],
            [helper.make_tensor_value_info("number", TensorProto.INT64, ["batch", self.axis])],
            [numpy_helper.from_array(np.array([2]), "last")],
        )
        return prefix_names(graph, "inner/", {"labels": self.name, "number": self._number})

    def _places(self, labels: Array) -> Array:
        known = {level: i for i, level in enumerate(self._levels, start=1)}
        flat = [known.get(str(label), 0) for label in labels.ravel()]
        return np.array(flat, dtype=np.int64).reshape(labels.shape)

    def collate(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Pad the labels with nothing at their end to the longest, and look them up."""
        labels = np.full((len(rows), max(1, max(map(len, rows), default=0))), "", dtype=object)
        for place, row in zip(labels, rows, strict=True):
            place[: len(row)] = row
        return {self.name: labels[..., None], self._number: self._places(labels)}

    def encoder(self) -> nn.Module:
        """Return what hands the places on under the name of the feature."""
        from lstm_onnx.features.coding import Renamed

        return Renamed({self._number: self.name})

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> dict[str, Array]:
        """Cut pieces from sequences of the training part, repeated where they are too short; some labels unknown."""
        steps = sizes.get(self.axis, self.usual or 1)
        rows = []
        for _ in range(sizes["batch"]):
            row = np.array(self.kept[int(random.integers(len(self.kept)))], dtype=object)
            row = row[(int(random.integers(len(row))) + np.arange(steps)) % len(row)]
            rows.append(np.where(random.random(steps) < 0.125, _STRANGE, row))
        return self.collate(rows)
