"""Captioning as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Contract
from lstm_onnx.plugin import Examples, FeatureTask, Image, Learnt, Metric, OutputFeature, Sentence
from lstm_onnx.task import Answer, Arrays, PrimaryMetric, TaskData, Totals
from lstm_onnx_captioning import options as choices

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn


class Captioning(FeatureTask[choices.Config]):
    """A sentence about a picture."""

    name = "captioning"
    summary = "a sentence about a picture, found by beam search inside the graph"
    primary_metric = PrimaryMetric("cider", mode="max")
    Config = choices.Config
    in_pieces = False
    adjustable: ClassVar[tuple[str, ...]] = ("beam", "length_penalty")
    training: ClassVar[dict[str, Any]] = {"batch_size": 64, "epochs": 30, "patience": 8, "learning_rate": 3e-3}
    small: ClassVar[dict[str, Any]] = {"scenes": 200, "size": 16, "channels": (6, 8, 12), "hidden": 24, "embedding": 10}

    def load_data(self, source: Path | None, config: choices.Config, seed: int) -> TaskData[Learnt]:
        """Read and part; the options keep the seed that parted, so that other runs may part alike."""
        chosen = seed if config.split_seed is None else config.split_seed
        return super().load_data(source, config.model_copy(update={"split_seed": chosen}), seed)

    def read(self, source: Path | None, options: choices.Config, random: np.random.Generator) -> Examples:
        """Read pictures with captions, or draw scenes, and part them by picture; see `lstm_onnx_captioning.data`."""
        from lstm_onnx_captioning.data import read

        return read(source, options)

    def shares(self, options: choices.Config) -> tuple[float, float]:
        """Return the share of the test, and none for validation: `read` has parted all pictures."""
        return options.test_share, 0.0

    def data_files(self, source: Path | None, config: choices.Config) -> Sequence[Path]:
        """The captions, every picture that they name, and the encoder's file."""
        from lstm_onnx_captioning.data import files_of

        return files_of(source, config)

    def read_scored(self, source: Path, options: choices.Config, learnt: Learnt) -> Examples:
        """Read all of other pictures with captions."""
        from lstm_onnx_captioning.data import read_scored

        return read_scored(source, options, learnt)

    def module(self, options: choices.Config, features: Learnt) -> nn.Module:
        """Make a fresh captioner."""
        from lstm_onnx_captioning.model import Captioner

        return Captioner(options, features)

    def describe(self, learnt: Learnt) -> str:
        """Say what it says, and how many words it knows."""
        words = _sentence(learnt.outputs).words or ()
        return f"Says in words what is to be seen on a picture; knows {len(words):,} words."

    def scores(self, options: choices.Config, outputs: Sequence[OutputFeature]) -> Sequence[Metric]:
        """Return none: captions are scored over a whole part, see `totals`."""
        return ()

    def totals(self, outputs: Arrays, batch: Arrays, config: choices.Config, info: Learnt) -> Totals:
        """Collect captions for exact match, BLEU, ROUGE-L and CIDEr; see `lstm_onnx_captioning.metrics`."""
        from lstm_onnx_captioning.metrics import totals

        if choices.CAPTION not in outputs:  # of a file that gives the numbers of words alone
            outputs = {**outputs, **_sentence(info.outputs).after().reference(outputs)}
        return totals(outputs, batch)

    def finish(self, totals: Totals) -> dict[str, float]:
        """Score over all captions, as CIDEr counts words over the whole part."""
        from lstm_onnx_captioning.metrics import finish

        return finish(totals)

    def baselines(self, config: choices.Config, info: Learnt) -> dict[str, Answer]:
        """Always the most frequent caption."""
        return {"most frequent": _sentence(info.outputs).naive}

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: choices.Config,
    ) -> Mapping[str, Answer | str]:
        """Copy the caption of the nearest picture in training."""
        from lstm_onnx_captioning.baselines import nearest

        picture = learnt[choices.PICTURE]
        assert isinstance(picture, Image)
        captions = [texts[0] for texts in known[choices.CAPTION]]
        return {"nearest picture": nearest(picture, known[choices.PICTURE], captions)}

    def plots(
        self, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None
    ) -> dict[str, Figure]:
        """Draw pictures with their captions, and where the model looked for each word."""
        from lstm_onnx_captioning.plots import figures

        return figures(contract, inputs, outputs, truth)


def _sentence(outputs: Sequence[OutputFeature]) -> Sentence:
    return next(f for f in outputs if isinstance(f, Sentence))
