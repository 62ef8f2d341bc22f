"""Tagging as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.plugin import Examples, FeatureTask, Learnt, Metric, PrimaryMetric, Tags, Text
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_tagging import options as choices

if TYPE_CHECKING:
    from torch import nn


class Tagging(FeatureTask[choices.Config]):
    """A label for each word of a text, or for each step of a recording."""

    name = "tagging"
    verb = "tag"
    summary = "a label for each word of a text, or for each step of a recording"
    primary_metric = PrimaryMetric("accuracy", mode="max")
    Config = choices.Config
    training: ClassVar[dict[str, Any]] = {"batch_size": 32, "epochs": 20, "patience": 5, "learning_rate": 5e-3}
    small: ClassVar[dict[str, Any]] = {"count": 200, "hidden": 8}
    streams = True

    def read(self, source: Path | None, options: choices.Config, random: np.random.Generator) -> Examples:
        """Read CoNLL columns, JSON lines with spans, a table of words or recordings; without a source, draw."""
        from lstm_onnx_tagging.reading import read

        return read(source, options, random)

    def whole(self, options: choices.Config, features: Learnt) -> str | None:
        """A bidirectional model needs the whole sequence, and so does the best path."""
        if options.crf:
            return "the best path of a CRF is known at the end alone; use --no-crf"
        return "a bidirectional LSTM reads from the end; use --no-bidirectional" if options.bidirectional else None

    def module(self, options: choices.Config, features: Learnt) -> nn.Module:
        """Make a fresh tagger."""
        from lstm_onnx_tagging.model import Tagger

        return Tagger(options, features)

    def scores(self, options: choices.Config, outputs: Sequence[Any]) -> Sequence[Metric]:
        """The share of right steps, and the F1 of spans where labels mark some."""
        return sorted(super().scores(options, outputs), key=lambda m: m.name != "accuracy")

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: choices.Config,
    ) -> Mapping[str, Answer | str]:
        """The label that a word had most often; the most frequent one for a word that is not known."""
        text, tags = learnt.inputs[0], learnt.outputs[0]
        if not isinstance(text, Text) or not isinstance(tags, Tags) or tags.labels is None:
            return {}
        counts: dict[int, Counter[int]] = defaultdict(Counter)
        prepared = zip(text.prepare(known[text.name]), tags.prepare_truth(known[tags.name]), strict=True)
        for row, right in prepared:
            for number, label in zip(row[1], right, strict=True):
                counts[int(number)][int(label)] += 1
        overall = int(np.argmax(tags.shares))
        table = np.full(text.size, overall, dtype=np.int64)
        for number, found in counts.items():
            table[number] = found.most_common(1)[0][0]

        def frequent(batch: Arrays) -> dict[str, Array]:
            chosen = table[batch[f"{text.name}_tokens" if f"{text.name}_tokens" in batch else "tokens"]]
            return {f"{tags.name}_probabilities": np.eye(tags.width, dtype=np.float32)[chosen]}

        return {"most frequent of the word": frequent}
