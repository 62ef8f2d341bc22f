"""Classification as a task: what the core asks, answered. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Array, Contract
from lstm_onnx.task import Answer, Arrays, DataSet, GraphSpec, PrimaryMetric, ScoredData, Task, TaskData, Totals
from lstm_onnx_classification import metrics, options

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure
    from torch import Tensor as TorchTensor
    from torch import nn

    from lstm_onnx_classification.model import Classifier


def _classifier(model: nn.Module) -> Classifier:
    from lstm_onnx_classification.model import Classifier

    assert isinstance(model, Classifier)
    return model


def _logits(model: nn.Module, batch: Mapping[str, TorchTensor]) -> TorchTensor:
    x = batch["tokens"] if "tokens" in batch else batch["values"]
    return _classifier(model).logits(x, batch["lengths"])


class Classification(Task[options.Config, options.Info]):
    """Which class a sequence or a text belongs to."""

    name = "classification"
    summary = "which class a sequence of numbers or a text belongs to, with probabilities"
    primary_metric = PrimaryMetric("accuracy", mode="max")
    Config = options.Config
    Info = options.Info
    training: ClassVar[dict[str, Any]] = {"batch_size": 32, "epochs": 60, "patience": 12, "weight_decay": 1e-2}

    def load_data(self, source: Path | None, config: options.Config, seed: int) -> TaskData[options.Info]:
        """Read sequences or texts, and split them; see `lstm_onnx_classification.data`."""
        from lstm_onnx_classification.data import load
        from lstm_onnx_classification.encode import task_data

        return task_data(load(source, config, seed))

    def load_scored(self, source: Path, config: options.Config, info: options.Info) -> ScoredData:
        """Read all of other data; a class that was never learnt counts as wrong."""
        from lstm_onnx_classification.scored import load_scored

        return load_scored(source, config, info)

    def scoring_info(self, info: options.Info) -> options.Info:
        """All but the words."""
        from lstm_onnx_classification.scored import scoring_info

        return scoring_info(info)

    def truth(self, batch: Arrays, config: options.Config, info: options.Info) -> Arrays:
        """The true classes, as labels."""
        from lstm_onnx_classification.scored import truth

        return truth(batch, info)

    def tables(self, contract: Contract, totals: Totals) -> dict[str, pl.DataFrame]:
        """Precision, recall and more of each class."""
        from lstm_onnx_classification.class_table import class_table

        return {"classes": class_table(contract.axes["class"].labels or (), totals)}

    def data_files(self, source: Path | None, config: options.Config) -> Sequence[Path]:
        """The source, and the test part that is given by an option or lies beside it."""
        from lstm_onnx_classification.reading import files_of

        return super().data_files(None, config) if source is None else files_of(source, config)

    def data_sets(self) -> tuple[DataSet, ...]:
        """The Japanese vowels."""
        from lstm_onnx_classification.data import VOWELS

        return (VOWELS,)

    def build_model(self, config: options.Config, info: options.Info) -> nn.Module:
        """Make a fresh classifier."""
        from lstm_onnx_classification.model import build

        return build(config, info)

    def loss(self, model: nn.Module, batch: Mapping[str, TorchTensor]) -> TorchTensor:
        """Mean cross-entropy."""
        return _classifier(model).loss(_logits(model, batch), batch["target"])

    def metrics(self, outputs: Arrays, batch: Arrays, config: options.Config) -> Totals:
        """Accuracy, plain and balanced, macro F1, cross-entropy, AUC, and expected calibration error."""
        return metrics.totals(outputs["probabilities"], batch["target"])

    def finish(self, totals: Totals) -> dict[str, float]:
        """Take them from what was added up."""
        return metrics.finish(totals)

    def calibrate(self, model: nn.Module, validation: Iterator[dict[str, TorchTensor]], config: options.Config) -> None:
        """Fit the temperature of the probabilities."""
        import torch

        from lstm_onnx_classification.model import fit_temperature

        pairs = [(_logits(model, batch), batch["target"]) for batch in validation]
        logits, targets = (torch.cat(column) for column in zip(*pairs, strict=True))
        _classifier(model).temperature.fill_(fit_temperature(logits, targets))

    def baselines(self, config: options.Config, info: options.Info) -> dict[str, Answer]:
        """Always the most frequent class, with the shares of all classes as probabilities."""
        shares = np.array(info.priors)

        def majority(batch: Arrays) -> dict[str, Array]:
            return {"probabilities": np.tile(shares, (len(batch["target"]), 1))}

        return {"majority": majority}

    def graphs(self, model: nn.Module, config: options.Config, info: options.Info) -> list[GraphSpec]:
        """One graph: the classifier, with the words before it and the label after it."""
        from lstm_onnx_classification.spec import graph_spec

        return [graph_spec(model, config, info)]

    def streaming(self, model: nn.Module, config: options.Config, info: options.Info) -> GraphSpec:
        """A running answer after each step; only where nothing needs the end of the sequence."""
        from lstm_onnx_classification.streaming import streaming_spec

        return streaming_spec(model, config, info)

    def sample(self, graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
        """Sequences like waves with values missing here and there; texts of made-up words."""
        from lstm_onnx_classification.samples import sample

        return sample(graph, sizes, seed)

    def plots(
        self, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None
    ) -> dict[str, Figure]:
        """Draw examples with their probabilities."""
        from lstm_onnx_classification.plots import example_figure

        return {"examples": example_figure(contract, inputs, outputs, truth)}

    def charts(self, contract: Contract, totals: Totals) -> dict[str, Figure]:
        """Draw the confusion matrix, and how far confidence can be trusted."""
        from lstm_onnx_classification.plots import calibration_figure, confusion_figure

        names = contract.axes["class"].labels or ()
        return {
            "confusion": confusion_figure(names, totals["confusion"][0]),
            "calibration": calibration_figure(totals["calibration"][0]),
        }
