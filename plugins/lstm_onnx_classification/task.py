"""Classification as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Contract
from lstm_onnx.errors import UserError
from lstm_onnx.features.category import Category
from lstm_onnx.features.label_set import LabelSet
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.rows import Rows
from lstm_onnx.plugin import DataSet, Examples, FeatureTask, Metric, PrimaryMetric, Remembered, picture_files
from lstm_onnx.task import Answer, Arrays, Totals
from lstm_onnx_classification import metrics
from lstm_onnx_classification.label_sets import has_sets
from lstm_onnx_classification.options import Config as Chosen

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure
    from torch import nn


class Classification(FeatureTask[Chosen]):
    """Which class an example belongs to: `Rows`, `Text` or several features in, a `Category` or `LabelSet` out."""

    name = "classification"
    summary = "which class a sequence of numbers, a text or a picture belongs to, with probabilities"
    primary_metric = PrimaryMetric("accuracy", mode="max")
    Config = Chosen
    training: ClassVar[dict[str, Any]] = {"batch_size": 32, "epochs": 60, "patience": 12, "weight_decay": 1e-2}
    small: ClassVar[dict[str, Any]] = {"hidden": 8}
    streams = True
    adjustable: ClassVar[tuple[str, ...]] = ("threshold", "positive", "decision")
    reading = ("on_missing", "on_unseen", "encoding", "split", "group", "test_file", "test_share", "validation_share",
               "images")  # fmt: skip

    def read(self, source: Path | None, options: Chosen, random: np.random.Generator) -> Examples:
        """Read sequences or texts, and say what features they are; see `lstm_onnx_classification.data`."""
        from lstm_onnx_classification.data import load

        return load(source, options)

    def to_go_on(self, asked: Chosen, found: Chosen) -> Chosen:
        """Take the classes that a person names, or of each piece of a table those that it has."""
        return found.model_copy(update={"classes": asked.classes})

    def gone_on(self, found: Chosen, outputs: Sequence[Any]) -> Chosen:
        """Keep the classes that any piece has.

        Raises:
            UserError: there is one alone.
        """
        if len(outputs[0].levels) == 1 and not found.classes:
            raise UserError(f"all examples are of the class '{outputs[0].levels[0]}': there is nothing to tell apart")
        return found.model_copy(update={"classes": outputs[0].levels})

    def read_scored(self, source: Path, options: Chosen, learnt: Learnt) -> Examples:
        """Read what `source` holds, and nothing beside it; a class that was never learnt may be there."""
        from lstm_onnx_classification.data import load_scored

        return load_scored(source, options, learnt)

    def data_files(self, source: Path | None, config: Chosen) -> Sequence[Path]:
        """The source, the test part that is given by an option or lies beside it, and the pictures that both name."""
        from lstm_onnx_classification.mixed import is_mixed, picture_table, roles_of
        from lstm_onnx_classification.reading import files_of
        from lstm_onnx_classification.reading_texts import read_encoded

        if source is None:
            return super().data_files(None, config)
        files = files_of(source, config)
        if not is_mixed(config) and picture_table(source, config) is None:
            return files

        def opened(path: Path) -> pl.DataFrame:
            return read_encoded(path, config.encoding, config.header)

        return [*files, *dict.fromkeys(p for f in files for p in picture_files(f, roles_of(config), opened))]

    def data_sets(self) -> tuple[DataSet, ...]:
        """The Japanese vowels."""
        from lstm_onnx_classification.data import VOWELS

        return (VOWELS,)

    def budget(self, config: Chosen, examples: int, batch_size: int) -> Mapping[str, Any]:
        """Larger and more steps where convolutions learn from all examples of a small set; fewer of texts."""
        from lstm_onnx_classification.recipe import budget

        return budget(config, examples, batch_size, self.training["epochs"])

    def watched(self, config: Chosen) -> PrimaryMetric:
        """Balanced accuracy where something is done about rare classes, as they hardly count in the plain one.

        With a threshold, what probabilities are worth at any: how often it is right says little before calibration.
        """
        if has_sets(config):
            return PrimaryMetric("micro_f1", mode="max")
        if config.minds_rare_classes:
            return PrimaryMetric("balanced_accuracy", mode="max")
        return self.primary_metric if config.threshold is None else PrimaryMetric("log_loss", mode="min")

    def learn(self, fitted: Learnt, known: Mapping[str, Sequence[Any]], options: Chosen) -> Learnt:
        """Give the answer its threshold."""
        return self.adjusted_info(options, fitted)

    def adjusted_info(self, config: Chosen, info: Learnt) -> Learnt:
        """Give the answer another threshold, or another rule."""
        label = info.outputs[0]
        if isinstance(label, LabelSet):
            threshold = 0.5 if config.threshold is None else config.threshold
            return info.model_copy(update={"outputs": (label.model_copy(update={"threshold": threshold}),)})
        assert isinstance(label, Category)
        label = label.with_threshold(config.threshold, config.positive)
        decision = config.decision or label.decision  # older runs with a balance answered the likeliest
        return info.model_copy(update={"outputs": (label.model_copy(update={"decision": decision}),)})

    def module(self, options: Chosen, features: Learnt) -> nn.Module:
        """Make a fresh classifier."""
        from lstm_onnx_classification.mixed import is_mixed
        from lstm_onnx_classification.mixed_model import MixedClassifier
        from lstm_onnx_classification.model import Classifier

        if is_mixed(options):
            return MixedClassifier(options, features)
        return Classifier(options, features)

    def scores(self, options: Chosen, outputs: Sequence[Any]) -> Sequence[Metric]:
        """Accuracy, plain and balanced, macro F1, cross-entropy, AUC, of two classes PR-AUC, and calibration error.

        With a threshold also precision and recall of its class. Where an example may have several classes: micro and
        macro F1, and the share of examples of which all classes are right.
        """
        if isinstance(outputs[0], LabelSet):
            return outputs[0].metrics("")
        return metrics.scores(outputs[0])

    def baselines(self, config: Chosen, info: Learnt) -> dict[str, Answer]:
        """Always the most frequent class, with the shares of all classes as probabilities."""
        return {"shares" if isinstance(info.outputs[0], LabelSet) else "majority": info.outputs[0].naive}

    def remarks(self, learnt: Learnt, asked: Mapping[str, Sequence[Any]], options: Chosen) -> Sequence[str]:
        """Tell if hardly a word of the texts to test is known."""
        from lstm_onnx_classification.vocabulary import coverage_notes

        return [note for given in learnt.inputs for note in coverage_notes(given, asked, options)]

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: Chosen,
    ) -> Mapping[str, Answer | str]:
        """The nearest sequence, or TF-IDF of texts; the nearest example where classes or features are several."""
        from lstm_onnx_classification.baselines import baselines, nearest_example
        from lstm_onnx_classification.label_sets import nearest
        from lstm_onnx_classification.mixed import is_mixed

        if isinstance(learnt.outputs[0], LabelSet):
            return {"nearest neighbour": nearest(learnt, known)}
        if is_mixed(options):
            return {"nearest neighbour": nearest_example(learnt, known)}
        return baselines(learnt, known, asked)

    def describe(self, learnt: Learnt) -> str:
        """Say what is classified as what."""
        given, classes = learnt.inputs[0], learnt.outputs[0].levels or ()  # type: ignore[union-attr]
        what = f"examples of {_few(tuple(f.name for f in learnt.inputs), 8)}"
        if len(learnt.inputs) == 1 and isinstance(given, Rows):
            what = f"sequences of {_few(given.columns, 8)}"
        elif len(learnt.inputs) == 1 and given.kind == "text":
            what = "texts"
        how = "any" if isinstance(learnt.outputs[0], LabelSet) else "one"
        return f"Classifies {what} as {how} of {_few(tuple(map(str, classes)), 6)}."

    def whole(self, options: Chosen, features: Learnt) -> str | None:
        """Say what in the model needs the whole sequence."""
        from lstm_onnx_classification.mixed import is_mixed

        if is_mixed(options):
            return "--bidirectional reads from the end; train with --no-bidirectional" * options.bidirectional or None
        if features.inputs[0].kind != "rows":
            return "texts are classified whole: there is no streaming variant of a text classifier"
        needs = {
            "--bidirectional reads from the end": options.bidirectional and "--no-bidirectional",
            f"--scaling {options.scaling} needs the mean of the whole sequence": options.scaling in ("sequence", "both")
            and "--scaling global",
            "--pooling attention weighs all steps at once": "attention" in options.pooling and "--pooling mean max",
            "--convolutions look ahead": bool(options.convolutions) and "--convolutions 0",
            "--random-convolutions look ahead": bool(options.random_convolutions) and "--random-convolutions 0",
            "--patch reads several steps at once": (options.patch or 1) > 1 and "--patch 1",
        }
        for why, instead in needs.items():
            if instead:
                return f"{why}, so there is no streaming variant; train with {instead}"
        return None

    def remembered(self, options: Chosen) -> dict[str, Remembered]:
        """Describe what goes round in a stream."""
        from lstm_onnx_classification.model import LOWEST

        return {
            "hidden": Remembered("what the LSTM remembers", ("layer", "batch", "unit")),
            "cell": Remembered("what the LSTM remembers for long", ("layer", "batch", "unit")),
            "count": Remembered("steps so far", ("batch",)),
            "average": Remembered("mean of the hidden states so far", ("batch", "unit")),
            "largest": Remembered("largest of the hidden states so far", ("batch", "unit"), LOWEST),
        }

    def plots(
        self, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None
    ) -> dict[str, Figure]:
        """Draw examples with their probabilities."""
        from lstm_onnx_classification.plots import example_figure

        if _answers_sets(contract):
            return {}
        return {"examples": example_figure(contract, inputs, outputs, truth)}

    def tables(self, contract: Contract, totals: Totals) -> dict[str, pl.DataFrame]:
        """Precision, recall and more of each class, and what other thresholds would give."""
        from lstm_onnx_classification.class_table import class_table
        from lstm_onnx_classification.thresholds import positive_class, threshold_table

        names = contract.axes["class"].labels or ()
        if _answers_sets(contract):
            from lstm_onnx_classification.label_sets import set_table

            return {"classes": set_table(names, totals["macro_f1"][0].total)}
        found = {"classes": class_table(names, totals)}
        place, threshold = positive_class(contract, totals)
        if place is not None:
            found[f"thresholds of '{names[place]}'"] = threshold_table(totals, place, threshold)
        return found

    def charts(self, contract: Contract, totals: Totals) -> dict[str, Figure]:
        """Draw the confusion matrix, precision over recall, and how far confidence can be trusted."""
        from lstm_onnx_classification.plots import calibration_figure, confusion_figure
        from lstm_onnx_classification.thresholds import positive_class, precision_recall_figure

        names = contract.axes["class"].labels or ()
        if _answers_sets(contract):
            return {}
        return {
            "precision-recall": precision_recall_figure(names, totals, *positive_class(contract, totals)),
            "confusion": confusion_figure(names, totals["macro_f1"][0].total[:-1]),
            "calibration": calibration_figure(totals["ece"][0].total),
        }


def _answers_sets(contract: Contract) -> bool:
    """Whether an example may have several classes: of each it is decided."""
    return any(t.name == "label" and len(t.dims) > 1 for t in contract.outputs)


def _few(names: tuple[str, ...], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
