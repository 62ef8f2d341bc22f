"""Several labels for one example, or none: of each its probability, and whether it is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from lstm_onnx.contract import Array, TensorSpec
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.features.levelled import Levelled
from lstm_onnx.features.metrics import Metric
from lstm_onnx.task import Arrays

if TYPE_CHECKING:
    from torch import Tensor, nn


class LabelSet(Levelled):
    """Labels of which an example has any number.

    A row of its column is a sequence of labels. `forward` answers with `NAME` (batch, width), a score (logit) for each
    label; the graph gives `NAME` (batch, width), 1 where the probability of a label reaches the threshold, else 0, and
    all probabilities. The loss is the binary cross-entropy of each label.
    """

    kind: Literal["label_set"] = "label_set"
    meaning: str = "the labels"
    levels: tuple[str, ...] | None = Field(None, description="all labels; found in training, and sorted, if not given")
    shares: tuple[float, ...] = Field((), description="share of the examples of training that have each label")
    scores: str | None = Field(None, description="name of the answered probabilities, if not NAME_probabilities")
    axis: str | None = Field(None, description="name of the axis of the labels, if not NAME_level")
    threshold: float = Field(0.5, gt=0, lt=1, description="probability from which a label is answered")

    @property
    def _truth(self) -> str:
        return f"{self.name}_set"

    def fit(self, column: Sequence[Any]) -> Self:
        """Learn the labels and how frequent they are."""
        counts = Counter(label for row in column for label in {str(label) for label in row})
        levels = self.levels if self.levels is not None else tuple(sorted(counts))
        if not levels:
            raise UserError(f"read: '{self.name}' has no label in any example")
        shares = tuple(counts[level] / max(1, len(column)) for level in levels)
        return self.model_copy(update={"levels": levels, "shares": shares})

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe what is decided of each label, and its probability."""
        dims = ("batch", self._axis)
        decided = f"{self.meaning}: 1 where the probability is {self.threshold:g} or more, else 0"
        return (
            TensorSpec(name=self.name, dtype="int64", dims=dims, meaning=decided),
            TensorSpec(name=self.probabilities, dtype="float32", dims=dims, meaning="probability of each, by itself"),
        )

    def decoder(self) -> nn.Module:
        """Return what makes probabilities of scores, and decides."""
        from lstm_onnx.features.coding import EachLikelihood

        return EachLikelihood(self.probabilities, self.name, self.threshold)

    def prepare_truth(self, column: Sequence[Any]) -> list[Any]:
        """Turn each row into an array (width,) of 0 and 1; all labels must be known."""
        rows, strange = self._sets(column)
        if strange:
            found = next(iter(strange))
            raise UserError(
                f"read: an example has the label '{found}' of '{self.name}', of which there is none in the training "
                f"part{nearest(found, self._labels)}"
            )
        return rows

    def prepare_scored(self, column: Sequence[Any]) -> tuple[list[Any], tuple[str, ...]]:
        """As `prepare_truth`; a label that was never learnt is left out, and told."""
        rows, strange = self._sets(column)
        shown = ", ".join(f"'{name}' ({count:,})" for name, count in strange.most_common(5))
        return rows, (f"labels that were never learnt are left out: {shown}",) if strange else ()

    def _sets(self, column: Sequence[Any]) -> tuple[list[Any], Counter[str]]:
        places = {label: k for k, label in enumerate(self._labels)}
        strange: Counter[str] = Counter()
        rows = []
        for labels in column:
            row = np.zeros(self.width, dtype=np.int64)
            for label in map(str, labels):
                if label in places:
                    row[places[label]] = 1
                else:
                    strange[label] += 1
            rows.append(row)
        return rows, strange

    def collate_truth(self, rows: Sequence[Any]) -> dict[str, Array]:
        """Stack what is right, (batch, width)."""
        return {self._truth: np.stack(rows)}

    def truth(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Return what is right of each label."""
        return {self.name: batch[self._truth]}

    def loss(self, answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean binary cross-entropy of a label."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(answer, batch[self._truth].to(answer.dtype))

    def metrics(self, prefix: str) -> tuple[Metric, ...]:
        """Return micro and macro F1, and the share of examples of which all labels are right."""

        def counts(answers: Arrays, batch: Arrays) -> tuple[Array, int]:
            said, right = np.asarray(answers[self.name]) > 0, batch[self._truth] > 0
            return np.stack([(said & right).sum(axis=0), right.sum(axis=0), said.sum(axis=0)]), len(right)

        def exact(answers: Arrays, batch: Arrays) -> tuple[int, int]:
            same = (np.asarray(answers[self.name]) == batch[self._truth]).all(axis=1)
            return int(same.sum()), len(same)

        return (
            Metric(f"{prefix}micro_f1", "max", counts, micro_f1),
            Metric(f"{prefix}macro_f1", "max", counts, macro_f1),
            Metric(f"{prefix}accuracy", "max", exact),
        )

    def naive(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the shares of the training part."""
        return self.said(np.tile(np.array(self.shares, dtype=np.float32), (len(batch[self._truth]), 1)))

    def said(self, probabilities: Array) -> dict[str, Array]:
        """Return the answer that probabilities (batch, width) make."""
        decided = (probabilities >= np.float32(self.threshold)).astype(np.int64)
        return {self.name: decided, self.probabilities: probabilities}


def micro_f1(counts: Array, examples: int = 0) -> float:
    """F1 of all decisions together, from (3, label): found, there, said."""
    hits, there, said = counts.sum(axis=1)
    return float(2 * hits / (there + said)) if there + said else float("nan")


def macro_f1(counts: Array, examples: int = 0) -> float:
    """Mean of the F1 of each label, from (3, label); one that is neither there nor said does not count."""
    hits, there, said = counts
    named = there + said > 0
    return float((2 * hits[named] / (there + said)[named]).mean()) if named.any() else float("nan")
