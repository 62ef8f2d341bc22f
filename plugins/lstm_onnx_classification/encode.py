"""From examples as read to splits of arrays, and to what the model must know; fitted on the training part alone."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Array
from lstm_onnx.data.splits import RaggedSplit
from lstm_onnx.errors import UserError
from lstm_onnx.features import words
from lstm_onnx.features.words import Words
from lstm_onnx.task import TaskData
from lstm_onnx_classification.baselines import baselines
from lstm_onnx_classification.examples import Examples, SplitExamples, StepArray
from lstm_onnx_classification.options import Info


def task_data(loaded: SplitExamples) -> TaskData[Info]:
    """Make the splits of what was read."""
    kind = _Texts(loaded) if loaded.column else _Series(loaded)
    parts = {"train": loaded.train, "validation": loaded.validation, "test": loaded.test}
    splits = {name: kind.split(part, name == "train") for name, part in parts.items() if part is not None}
    naive, notes = baselines(loaded)
    return TaskData(
        train=splits["train"],
        validation=splits.get("validation"),
        test=splits["test"],
        info=kind.info,
        summary=loaded.summary,
        notes=(*loaded.notes, *notes),
        config=loaded.config,
        baselines=naive,
        understood=loaded.understood,
    )


class _Kind:
    """What both kinds of data share."""

    def __init__(self, loaded: SplitExamples) -> None:
        self.loaded, self.config = loaded, loaded.config
        counts = Counter(loaded.train.labels)
        self.shares = tuple(counts[c] / len(loaded.train) for c in loaded.classes)
        self.info: Info

    def _weights(self, targets: NDArray[np.int64], train: bool) -> Array | None:
        """Show each class as often as any other, where that is wished."""
        if not train or self.config.balance != "sampling":
            return None
        return 1 / np.array(self.shares)[targets]


class _Series(_Kind):
    def __init__(self, loaded: SplitExamples) -> None:
        super().__init__(loaded)
        if loaded.config.ngrams:
            raise UserError("--ngrams: these are sequences of numbers, which have no words; leave it out")
        sequences = cast(list[StepArray], loaded.train.items)
        steps = np.concatenate(sequences).astype(np.float64)
        known = np.isfinite(steps)
        count = np.maximum(known.sum(axis=0), 1)
        center = np.where(known, steps, 0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, np.square(steps - center), 0).sum(axis=0) / count)
        self.info = Info(
            classes=loaded.classes,
            priors=self.shares,
            typical=int(np.median([len(s) for s in sequences])),
            channels=loaded.channels,
            center=tuple(center.tolist()),
            spread=tuple(np.where(spread > 1e-6 * np.abs(center), spread, 1.0).tolist()),
            gaps=not bool(known.all()),
            table=loaded.table,
        )

    def split(self, part: Examples, train: bool) -> RaggedSplit:
        """Make a split."""
        targets = self.loaded.targets(part)
        values = cast(list[Array], part.items)
        return RaggedSplit({"values": values}, {"target": targets}, weights=self._weights(targets, train))


class _Texts(_Kind):
    def __init__(self, loaded: SplitExamples) -> None:
        super().__init__(loaded)
        config, texts = loaded.config, cast(list[str], loaded.train.items)
        spellings: dict[str, int] = {}
        if config.text_input == "string":
            known, spellings = words.known_words(texts, config.vocabulary, config.min_count)
            self.table: Any = words.spelling_table(known, spellings)
        else:
            known = words.known_byte_words(texts, config.vocabulary, config.min_count)
            self.table = words.bucket_table(known)
        found = Words(column=loaded.column, known=known, spellings=spellings)
        self.rows = self._rows(texts)
        self.info = Info(
            classes=loaded.classes,
            priors=self.shares,
            typical=max(1, int(np.median([len(row) for row in self.rows]))),
            table=loaded.table,
            words=found,
        )

    def split(self, part: Examples, train: bool) -> TextSplit:
        """Make a split."""
        texts, targets = cast(list[str], part.items), self.loaded.targets(part)
        rows = [row[: self.config.max_words] for row in self.rows] if train else self._rows(texts)
        as_bytes = self.config.text_input == "bytes"
        return TextSplit(texts, rows, targets, self._weights(targets, train), as_bytes)

    def _rows(self, texts: list[str]) -> list[Array]:
        """Return the numbers of the words of each text."""
        if self.config.text_input == "string":
            return [words.numbers(text, self.table) for text in texts]
        return [row for i in range(0, len(texts), 64) for row in self._byte_rows(texts[i : i + 64])]

    def _byte_rows(self, texts: list[str]) -> list[Array]:
        tokens, lengths = words.look_up_bytes(*words.to_bytes(texts), self.table)
        return [row[:n].copy() for row, n in zip(tokens, lengths, strict=True)]


class TextSplit(RaggedSplit):
    """A split of texts: each batch holds the numbers of their words to learn from, and the raw texts or bytes."""

    def __init__(
        self,
        texts: list[str],
        rows: list[Array],
        targets: NDArray[np.int64],
        weights: Array | None,
        as_bytes: bool,
    ) -> None:
        super().__init__({"tokens": rows}, {"text": np.array(texts, dtype=object), "target": targets}, weights=weights)
        self.as_bytes = as_bytes

    def gather(self, chosen: Array) -> dict[str, Array]:
        """Return a batch of the examples with these numbers."""
        batch = super().gather(chosen)
        if self.as_bytes:
            batch["bytes"], batch["byte_count"] = words.to_bytes(list(batch["text"]))
        return batch
