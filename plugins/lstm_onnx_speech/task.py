"""Speech as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.plugin import Audio, Examples, FeatureTask, Learnt, Metric, PrimaryMetric, Transcript
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_speech import options as choices

if TYPE_CHECKING:
    from torch import nn


class Speech(FeatureTask[choices.Config]):
    """A text for a sound."""

    name = "speech"
    verb = "transcribe"
    summary = "a text for a sound: what is said in it"
    primary_metric = PrimaryMetric("cer", mode="min")
    Config = choices.Config
    training: ClassVar[dict[str, Any]] = {"batch_size": 16, "epochs": 30, "patience": 8, "learning_rate": 3e-3}
    small: ClassVar[dict[str, Any]] = {"count": 40, "hidden": 8, "layers": 1, "beams": 2, "longest": 20}
    streams = True

    def read(self, source: Path | None, options: choices.Config, random: np.random.Generator) -> Examples:
        """Read a table with paths of WAV files and texts, or a folder of both; without one, draw utterances."""
        from lstm_onnx_speech.reading import read

        return read(source, options, random)

    def module(self, options: choices.Config, features: Learnt) -> nn.Module:
        """Make a fresh listener."""
        from lstm_onnx_speech.model import Listener

        return Listener(options, features)

    def whole(self, options: choices.Config, features: Learnt) -> str | None:
        """A bidirectional model needs the whole sound."""
        return "a bidirectional LSTM listens from the end; use --no-bidirectional" if options.bidirectional else None

    def scores(self, options: choices.Config, outputs: Sequence[Any]) -> Sequence[Metric]:
        """Errors of letters and of words, and the share of texts that are right."""
        order = ["cer", "wer", "exact"]
        return sorted(super().scores(options, outputs), key=lambda m: order.index(m.name))

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: choices.Config,
    ) -> Mapping[str, Answer | str]:
        """The text of the training sound that is nearest, its spectra drawn out or pressed together (DTW)."""
        from lstm_onnx_speech.warping import Warping

        sound, text = learnt.inputs[0], learnt.outputs[0]
        assert isinstance(sound, Audio) and isinstance(text, Transcript)
        warping = Warping(sound, known[sound.name])
        texts = np.array(known[text.name], dtype=object)

        def nearest(batch: Arrays) -> dict[str, Array]:
            return {text.name: texts[warping.nearest(batch[sound.name], batch[sound.lengths])]}

        return {"nearest sound (DTW)": nearest}
