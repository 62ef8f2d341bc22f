"""Captioning as a task: what the core asks, answered. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lstm_onnx.contract import Array, Contract
from lstm_onnx.errors import UserError
from lstm_onnx.task import Answer, Arrays, GraphSpec, PrimaryMetric, ScoredData, Task, TaskData, Totals
from lstm_onnx_captioning import options

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor as TorchTensor
    from torch import nn

    from lstm_onnx_captioning.model import Captioner


def _captioner(model: nn.Module) -> Captioner:
    from lstm_onnx_captioning.model import Captioner

    assert isinstance(model, Captioner)
    return model


class Captioning(Task[options.Config, options.Info]):
    """A sentence about a picture."""

    name = "captioning"
    summary = "a sentence about a picture, found by beam search inside the graph"
    primary_metric = PrimaryMetric("cider", mode="max")
    Config = options.Config
    Info = options.Info
    adjustable: ClassVar[tuple[str, ...]] = ("beam", "length_penalty")
    training: ClassVar[dict[str, Any]] = {"batch_size": 64, "epochs": 30, "patience": 8, "learning_rate": 3e-3}
    small: ClassVar[dict[str, Any]] = {"scenes": 200, "size": 16, "channels": (6, 8, 12), "hidden": 24, "embedding": 10}

    def load_data(self, source: Path | None, config: options.Config, seed: int) -> TaskData[options.Info]:
        """Read pictures with captions, or draw scenes, and split them by picture; see `lstm_onnx_captioning.data`."""
        from lstm_onnx_captioning.data import load

        return load(source, config, seed)

    def data_files(self, source: Path | None, config: options.Config) -> Sequence[Path]:
        """The captions, every picture that they name, and the encoder's file."""
        from lstm_onnx_captioning.data import files_of

        return files_of(source, config)

    def load_scored(self, source: Path, config: options.Config, info: options.Info) -> ScoredData:
        """Read all of other pictures with captions."""
        from lstm_onnx_captioning.scored import load_scored

        return load_scored(source, config, info)

    def truth(self, batch: Arrays, config: options.Config, info: options.Info) -> Arrays:
        """All captions of each picture."""
        from lstm_onnx_captioning.scored import truth

        return truth(batch)

    def build_model(self, config: options.Config, info: options.Info) -> nn.Module:
        """Make a fresh captioner."""
        from lstm_onnx_captioning.model import build

        return build(config, info)

    def loss(self, model: nn.Module, batch: Mapping[str, TorchTensor]) -> TorchTensor:
        """Mean cross-entropy of the next word, and the penalty on attention."""
        return _captioner(model).loss(batch)

    def metrics(self, outputs: Arrays, batch: Arrays, config: options.Config) -> Totals:
        """Exact match, BLEU, ROUGE-L and CIDEr; see `lstm_onnx_captioning.metrics`."""
        from lstm_onnx_captioning.metrics import totals

        if "caption" not in outputs:
            raise UserError("captions are scored as words, and this file gives their numbers: score the run instead")
        return totals(outputs, batch)

    def finish(self, totals: Totals) -> dict[str, float]:
        """Take them over all captions, as CIDEr counts words over the whole part."""
        from lstm_onnx_captioning.metrics import finish

        return finish(totals)

    def baselines(self, config: options.Config, info: options.Info) -> dict[str, Answer]:
        """Always the most frequent caption; the nearest picture's caption comes with the data."""
        from lstm_onnx_captioning.baselines import most_frequent

        return {"most frequent": most_frequent(info)}

    def graphs(self, model: nn.Module, config: options.Config, info: options.Info) -> list[GraphSpec]:
        """One graph: picture, encoder, search, and the words of the caption."""
        from lstm_onnx_captioning.spec import graph_spec

        return [graph_spec(_captioner(model), config, info)]

    def sample(self, graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
        """Pictures with coloured shapes."""
        from lstm_onnx_captioning.samples import sample

        return sample(graph, sizes, seed)

    def plots(
        self, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None
    ) -> dict[str, Figure]:
        """Draw pictures with their captions, and where the model looked for each word."""
        from lstm_onnx_captioning.plots import figures

        return figures(contract, inputs, outputs, truth)
