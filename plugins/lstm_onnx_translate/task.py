"""Translation as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.plugin import Examples, FeatureTask, Learnt, Metric, Neighbours, PrimaryMetric
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_translate import options as choices
from lstm_onnx_translate.reading import SOURCE, TARGET

if TYPE_CHECKING:
    from torch import nn


class Translation(FeatureTask[choices.Config]):
    """One sequence of words or characters into another."""

    name = "translate"
    verb = "translate"
    summary = "one sequence of words or characters into another: sentences, spellings, dates"
    primary_metric = PrimaryMetric("error_rate", mode="min")
    Config = choices.Config
    training: ClassVar[dict[str, Any]] = {"batch_size": 64, "epochs": 20, "patience": 5, "learning_rate": 5e-3}
    small: ClassVar[dict[str, Any]] = {"count": 200, "hidden": 12, "embedding": 8}

    def read(self, source: Path | None, options: choices.Config, random: np.random.Generator) -> Examples:
        """Read a table with two columns of text; without a source, draw dates."""
        from lstm_onnx_translate.reading import read

        return read(source, options, random)

    def module(self, options: choices.Config, features: Learnt) -> nn.Module:
        """Make a fresh translator."""
        from lstm_onnx_translate.model import Translator

        return Translator(options, features)

    def scores(self, options: choices.Config, outputs: Sequence[Any]) -> Sequence[Metric]:
        """Errors of what is written one after the other (words or characters), and the share that is right as whole."""
        found = {m.name: m for m in outputs[0].metrics("")}
        rate = found["cer" if options.target_units == "characters" else "wer"]
        return [replace(rate, name="error_rate"), found["exact"]]

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: choices.Config,
    ) -> Mapping[str, Answer | str]:
        """Write the source as it stands, or what the nearest source of the training part becomes."""
        neighbours = Neighbours(learnt.inputs, known)
        becomes = np.array([t if isinstance(t, str) else t[0] for t in known[TARGET]], dtype=object)

        def nearest(batch: Arrays) -> dict[str, Array]:
            return {TARGET: becomes[neighbours.of(batch)]}

        return {"the source itself": _itself, "nearest neighbour": nearest}


def _itself(batch: Arrays) -> dict[str, Array]:
    texts = batch[SOURCE]
    if texts.dtype != object:
        counts = batch["byte_count"]
        texts = np.array([row[:n].tobytes().decode() for row, n in zip(texts, counts, strict=True)], dtype=object)
    return {TARGET: texts}
