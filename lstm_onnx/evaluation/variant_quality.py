"""What a variant costs: the task's own metrics of a file, beside those of the fp32 file, on the same examples."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstm_onnx.contract import Array, Scores
from lstm_onnx.data.splits import Split
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.leaks import refuse_leaks
from lstm_onnx.inference.moved import moved
from lstm_onnx.inference.session import session_answer
from lstm_onnx.task import Answer, Arrays, PrimaryMetric, TaskData
from lstm_onnx.training.own_data import load_own, own_data
from lstm_onnx.training.scoring import batches, score

if TYPE_CHECKING:
    from lstm_onnx.training.restore import Restored


class QualityDrop:
    """Scores files against one fp32 file of the same run.

    Args:
        restored: the run; its data is read when the first score is asked for.
        fp32: the content of the fp32 file.
        source: where the data of the run is now, if it was moved.
    """

    def __init__(self, restored: Restored, fp32: bytes, source: Path | None = None) -> None:
        self.restored, self.fp32, self._source = restored, fp32, source
        self.notes: list[str] = []

    @cached_property
    def data(self) -> TaskData:  # type: ignore[type-arg]
        """The data that the run was trained on.

        Raises:
            UserError: it is gone; or several runs kept different examples of it for the test.
        """
        refuse_leaks(self.restored.members)
        run, task = self.restored.run, self.restored.task
        try:
            source, seed = own_data(run, task, self._source), run.record.training.data_seed
            asked, base = run.record.training, run.record.base
            return load_own(
                task, source, self.restored.config, seed, self.restored.info, base, asked.fold, asked.hold_out
            )
        except UserError as error:
            raise UserError(f"{error}; the variant is scored on the data of the run") from error

    @cached_property
    def fp32_scores(self) -> dict[str, float]:
        """Metrics of the fp32 file on the test split."""
        return self._score(self.fp32, self.data.test)

    @cached_property
    def _fp32_choosing(self) -> dict[str, float]:
        return self._score(self.fp32, self._choosing)

    @property
    def _metric(self) -> PrimaryMetric:
        return self.restored.task.primary_metric

    @property
    def _choosing(self) -> Split:
        """The split by which one of several plans is chosen: never the test, where there is another."""
        validation: Split | None = self.data.validation
        return validation if validation is not None else self.data.test

    def drop_while_choosing(self, content: bytes) -> float:
        """Percent by which a file is worse than fp32 on the validation split."""
        found = self._score(content, self._choosing)
        return self._drop(content, self._fp32_choosing, found, self._choosing)[0]

    def scores(self, content: bytes) -> Scores:
        """Scores of a file on the test split, with those of fp32 and the drop beside them."""
        found = self._score(content, self.data.test)
        name = self._metric.name
        before = self.restored.run.record.scores
        lost, what = self._drop(content, self.fp32_scores, found, self.data.test)
        return Scores(
            primary=name,
            model=found,
            baselines=before.baselines if before is not None else {},
            fp32=self.fp32_scores,
            drop=lost,
            drop_of=what if what != name else None,
        )

    def own_scores(self) -> Scores | None:
        """Scores of the fp32 file on the test split; of several runs none, with a note, where that cannot be had."""
        try:
            self.data  # noqa: B018  # read at first use
        except UserError as error:
            if not self.restored.members:
                raise
            self.notes = [f"without scores: {error}"]
            return None
        before = self.restored.run.record.scores
        baselines = before.baselines if before is not None else {}
        return Scores(primary=self._metric.name, model=self.fp32_scores, baselines=baselines)

    def _drop(
        self, content: bytes, before: dict[str, float], after: dict[str, float], split: Split
    ) -> tuple[float, str]:
        """Percent by which a file is worse, and in what: the first of these that has a value for fp32.

        The primary metric, the one that stands for the training loss, and else how far the answers moved.
        """
        metric = self._metric
        if metric.fallback in before and np.isnan(before[metric.name]):  # a task may count it in some runs alone
            metric = PrimaryMetric(metric.fallback)
        if not np.isnan(before[metric.name]):
            return drop(metric, before[metric.name], after[metric.name]), metric.name
        was, now = self._answer(self.fp32), self._answer(content)
        return moved((was(batch), now(batch)) for batch in batches(split)), "the answers"

    def _score(self, content: bytes, split: Split) -> dict[str, float]:
        return score(self.restored.task, self._answer(content), split, self.restored.config, self.restored.info)

    def _answer(self, content: bytes) -> Answer:
        answer, after = session_answer(content, "the variant"), self.restored.graphs[0].after

        def whole(arrays: Arrays) -> dict[str, Array]:
            """Answer with what a file without strings leaves out, which metrics may read."""
            found = answer(arrays)
            if after is None or all(t.name in found for t in after.outputs):
                return found
            return after.reference({**arrays, **found}) | found

        return whole


def drop(metric: PrimaryMetric, before: float, after: float) -> float:
    """Percent by which `after` is worse than `before`; negative where it is better."""
    worse = after - before if metric.mode == "min" else before - after
    if np.isnan(after):
        return float("inf")
    if before == 0:
        return 0.0 if worse <= 0 else float("inf")
    return float(100 * worse / abs(before))
