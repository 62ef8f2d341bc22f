"""Text generation as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features.graphs import Remembered
from lstm_onnx.features.unit_counts import count_characters, count_units
from lstm_onnx.plugin import Examples, FeatureTask, KneserNey, Learnt, Metric, PrimaryMetric, Sentence, Text
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_textgen import options as choices
from lstm_onnx_textgen.reading import LIKELY, PROMPT

if TYPE_CHECKING:
    from torch import nn


_UNITS = ("batch", "layer", "unit")
_REMEMBERED = {
    "hidden": Remembered("hidden state after the text so far", _UNITS),
    "cell": Remembered("cell state after the text so far", _UNITS),
    "place": Remembered("units of the text so far; at 0 it begins", ("batch",)),
    "likely": Remembered("natural logarithm of how likely they are", ("batch",)),
}


class TextGeneration(FeatureTask[choices.Config]):
    """How a text goes on, and how likely it is."""

    name = "textgen"
    verb = "write"
    summary = "how a text goes on, drawn in the graph, and how likely a text is"
    primary_metric = PrimaryMetric("bits_per_character", mode="min")
    streams = True
    Config = choices.Config
    training: ClassVar[dict[str, Any]] = {"batch_size": 64, "epochs": 20, "patience": 4, "learning_rate": 5e-3}
    small: ClassVar[dict[str, Any]] = {"count": 120, "hidden": 16}

    def read(self, source: Path | None, options: choices.Config, random: np.random.Generator) -> Examples:
        """Read a file of text, a line a text, or a column of a table; without a source, draw weather reports."""
        from lstm_onnx_textgen.reading import read

        return read(source, options, random)

    def module(self, options: choices.Config, features: Learnt) -> nn.Module:
        """Make a fresh language model."""
        from lstm_onnx_textgen.model import LanguageModel

        return LanguageModel(options, features)

    def remembered(self, options: choices.Config) -> Mapping[str, Remembered]:
        """Describe the state of a text that comes in pieces."""
        return _REMEMBERED

    def scores(self, options: choices.Config, outputs: Sequence[Any]) -> Sequence[Metric]:
        """Bits for each character, and the perplexity of a unit; the end of a text counts as one."""

        def metric(name: str, count: Callable[[Arrays], int], finish: Callable[[float], float]) -> Metric:
            def add(answers: Arrays, batch: Arrays) -> tuple[float, int]:
                return -float(answers[LIKELY].sum(dtype=np.float64)), count(batch)

            return Metric(name, "min", add, lambda total, n: finish(total / n) if n else float("nan"))

        characters, units = count_characters(PROMPT), count_units(_sentence(outputs))
        return [
            metric("bits_per_character", lambda b: int(characters(b).sum()), lambda nats: float(nats / np.log(2))),
            metric("perplexity", lambda b: int(units(b).sum()), lambda nats: float(np.exp(nats))),
        ]

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: choices.Config,
    ) -> Mapping[str, Answer | str]:
        """Models of how often units follow 0, 2 and 4 others."""
        text = learnt[PROMPT]
        assert isinstance(text, Text)
        texts = [numbers for _, numbers in text.prepare(known[PROMPT])]
        found: dict[str, Answer | str] = {}
        for order in (1, 3, 5):
            model = KneserNey(texts, text.size, order)
            if model.order == order:
                found[f"{order}-grams" if order > 1 else "frequencies"] = _answer(model.log_probabilities)
        return found

    def baselines(self, config: choices.Config, info: Learnt) -> dict[str, Answer]:
        """All units alike, as many as are known."""
        sentence = _sentence(info.outputs)
        each = float(np.log(sentence.width - 1))  # all but what begins a text
        many = count_units(sentence)

        def alike(batch: Arrays) -> dict[str, Array]:
            return {LIKELY: np.array(-each * many(batch), dtype=np.float32)}

        return {"all alike": alike}


def _sentence(outputs: Sequence[Any]) -> Sentence:
    return next(f for f in outputs if isinstance(f, Sentence))


def _answer(score: Callable[[Sequence[Array]], Array]) -> Answer:
    def answer(batch: Arrays) -> dict[str, Array]:
        rows = [row[:count] for row, count in zip(batch["tokens"], batch["lengths"], strict=True)]
        return {LIKELY: score(rows).astype(np.float32)}

    return answer
