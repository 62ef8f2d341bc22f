"""A label for each step of a sequence, such as each word of a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.features.category import label_graph
from lstm_onnx.features.feature import InputFeature, OutputFeature, found_along
from lstm_onnx.features.metrics import Metric, span_f1, step_accuracy
from lstm_onnx.features.stages import renamed, side_by_side
from lstm_onnx.features.text import Text
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn

IGNORED = -100
"""What stands in the padding of what is right: PyTorch's cross-entropy leaves it out."""


class Tags(OutputFeature):
    """A label for each step of the input `along`.

    A row of its column is a list of labels, one for each step; of a text one for each word, as white space parts them.
    `forward` answers with `NAME` (batch, step, width), a score (logit) for each label. The graph gives the likeliest
    label of each step as `NAME`, its probability, and along a text the words themselves, so that they stand beside
    their tags. The loss is the cross-entropy of a step; padding does not count.
    """

    kind: Literal["tags"] = "tags"
    along: str = Field(description="the input whose steps are labelled")
    meaning: str = "a label"
    spans: bool = Field(False, description="labels B-X, I-X and O mark spans, which are scored as a whole")
    labels: tuple[str, ...] | None = Field(None, description="sorted; found in training if not given")
    shares: tuple[float, ...] = Field((), description="share of each label in training")
    axis: str = Field("", description="axis of the steps: set by the task")
    count: str = Field("", description="tensor that says how many steps count: set by the task")
    column: str | None = Field(None, description="column of the text whose words stand beside: set by the task")

    @property
    def width(self) -> int:
        """How many scores `forward` answers with at each step."""
        return len(self._labels)

    @property
    def _labels(self) -> tuple[str, ...]:
        assert self.labels is not None, "not fitted"
        return self.labels

    @property
    def _number(self) -> str:
        return f"{self.name}_number"

    @property
    def _words_count(self) -> str:
        return f"{self.name}_count"

    def bound(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy that knows the steps of the input that it runs along."""
        known = {f.name: f for f in inputs if f.steps is not None}
        feature = found_along("outputs", self, self.along, known, "which is no sequence that goes in")
        if isinstance(feature, Text) and feature.as_bytes:
            raise UserError(
                f"outputs: '{self.name}' runs along '{self.along}', whose words are cut from bytes; "
                f"take a Text of strings"
            )
        column = feature.source_column if isinstance(feature, Text) else None
        return self.model_copy(update={"axis": feature.steps, "count": feature.lengths, "column": column})

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn the labels and how frequent they are."""
        counts = Counter(str(label) for row in column for label in row)
        labels = self.labels if self.labels is not None else tuple(sorted(counts))
        if not labels:
            raise UserError(f"read: '{self.name}' has no label at all")
        total = max(1, counts.total())
        return self.model_copy(update={"labels": labels, "shares": tuple(counts[label] / total for label in labels)})

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe words, labels, and their probabilities."""
        count = self._words_count if self.column else self.count
        label = TensorSpec(
            name=self.name,
            dtype="string",
            dims=("batch", self.axis),
            meaning=f"{self.meaning}: the likeliest of each step",
            count=count,
        )
        probability = TensorSpec(
            name=f"{self.name}_probability",
            dtype="float32",
            dims=("batch", self.axis),
            meaning="probability of that label",
            count=count,
        )
        every = TensorSpec(
            name=f"{self.name}_probabilities",
            dtype="float32",
            dims=("batch", self.axis, f"{self.name}_label"),
            meaning="probability of each label",
            count=count,
            internal=True,
        )
        stage = self._words()
        return (*(stage.outputs[:1] if stage else ()), label, probability, every, *(stage.outputs[1:] if stage else ()))

    def axes(self) -> dict[str, Axis]:
        """Describe the labels, and the words of a text, which are an axis of answers alone."""
        labels = Axis(size=self.width, labels=self._labels, meaning=self.meaning)
        return {f"{self.name}_label": labels}

    def _words(self) -> Stage | None:
        from lstm_onnx.features.word_graphs import words_stage

        if self.column is None:
            return None
        names = {"text": self.along, "words": f"{self.along}_words", "lengths": self._words_count}
        stage = renamed(words_stage(self.column), names, {"word": self.axis})
        first, second = stage.outputs
        return Stage(
            inputs=stage.inputs,
            outputs=(first.model_copy(update={"count": self._words_count}), second),
            build=stage.build,
            reference=stage.reference,
            opset=stage.opset,
        )

    def after(self) -> Stage | None:
        """Return the names of labels, by their numbers, and the words beside them."""
        names = np.array(self._labels, dtype=object)
        dims = ("batch", self.axis)
        number = TensorSpec(
            name=self._number,
            dtype="int64",
            dims=dims,
            meaning=f"{self.meaning}: number of the likeliest of each step",
            labels=self._labels,
            count=self.count,
        )

        def reference(arrays: Arrays) -> dict[str, Array]:
            return {self.name: names[arrays[self._number]]}

        labels = Stage(
            inputs=(number,),
            outputs=tuple(t for t in self.answers() if t.name == self.name),
            build=lambda: label_graph(self._number, self.name, names, dims),
            reference=reference,
        )
        return side_by_side([s for s in (labels, self._words()) if s is not None])

    def decoder(self) -> nn.Module:
        """Return what makes probabilities of scores."""
        from lstm_onnx.features.coding import StepLikelihoods

        return StepLikelihoods(self.name)

    def prepare_truth(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into the numbers of its labels; all must be known."""
        places = {label: i for i, label in enumerate(self._labels)}
        found = []
        for number, row in enumerate(column, start=1):
            if isinstance(row, str):
                raise UserError(f"read: example {number} of '{self.name}' is a str, and must be a list of labels")
            labels = [str(label) for label in row]
            if unknown := [label for label in labels if label not in places]:
                raise UserError(
                    f"read: '{self.name}' of an example has the label '{unknown[0]}', of which there is none in the "
                    f"training part{nearest(unknown[0], places)}"
                )
            found.append(np.array([places[label] for label in labels], dtype=np.int64))
        return found

    def check_lengths(self, steps: Sequence[int], rows: Sequence[Any]) -> None:
        """Refuse an example that has another number of labels than of steps."""
        for number, (count, row) in enumerate(zip(steps, rows, strict=True), start=1):
            if count != len(row):
                raise UserError(
                    f"read: example {number} of a part has {count} steps of '{self.along}' and {len(row)} labels of "
                    f"'{self.name}'; give a label for each step"
                )

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Make an array of the numbers of what is right, (batch, step)."""
        padded = np.full((len(rows), max(1, max(map(len, rows), default=0))), IGNORED, dtype=np.int64)
        for place, row in zip(padded, rows, strict=True):
            place[: len(row)] = row
        return {self._number: padded}

    def loss(self, answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the cross-entropy of a step."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(answer.flatten(0, 1), batch[self._number].flatten(), ignore_index=IGNORED)

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return the share of right steps and, of spans, their F1 first."""
        steps = step_accuracy(self.name, f"{prefix}accuracy")
        return (span_f1(self.name, self.labels or (), f"{prefix}span_f1"), steps) if self.spans else (steps,)

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the shares of the training part at each step."""
        shape = batch[self._number].shape
        likeliest = int(np.argmax(self.shares))
        return {
            self.name: np.full(shape, self._labels[likeliest], dtype=object),
            self._number: np.full(shape, likeliest),
            f"{self.name}_probability": np.full(shape, max(self.shares), dtype=np.float32),
            f"{self.name}_probabilities": np.tile(np.array(self.shares, dtype=np.float32), (*shape, 1)),
        }
