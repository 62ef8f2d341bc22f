"""The classifier fed in pieces: a running answer for all that was fed since the reset."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_onnx.contract import Axis, StateSpec, Stream, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.task import GraphSpec
from lstm_onnx_classification.model import SeriesClassifier
from lstm_onnx_classification.options import Config, Info
from lstm_onnx_classification.spec import TOLERANCE, channel_axis, label_stage, outer_axes, outputs, series_inputs

_LOWEST = -1.0
"""What the largest hidden state begins with: none is smaller."""


class StreamingClassifier(nn.Module):
    """A series classifier whose LSTM, and whose mean and maximum so far, go in and out as states."""

    def __init__(self, model: SeriesClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, values: Tensor, hidden: Tensor, cell: Tensor, count: Tensor, average: Tensor, largest: Tensor
    ) -> tuple[Tensor, ...]:
        """Answer after a piece.

        Args:
            values: (batch, time, channel).
            hidden: (layer, batch, unit), as are the cells.
            cell: see there.
            count: steps so far, (batch,).
            average: mean of the hidden states so far, (batch, unit).
            largest: the largest of them, (batch, unit).

        Returns:
            probabilities, the states in their order, and the number of the label.
        """
        model = self.model
        lengths = torch.full_like(values[:, 0, 0], values.shape[1], dtype=torch.int64)
        states, (hidden, cell) = model.lstm(model.see(values, lengths), state=(hidden, cell))
        before, count = count.unsqueeze(1), count + values.shape[1]
        average = (average * before + states.sum(dim=1)) / count.unsqueeze(1)
        largest = torch.maximum(largest, states.amax(dim=1))
        pools = {"last": hidden[-1], "mean": average, "max": largest}
        pooled = torch.cat([pools[kind] for kind in model.pooling.kinds], dim=1)
        probabilities, number = model.answer(model.head(pooled))
        return probabilities, hidden, cell, count, average, largest, number


def streaming_spec(model: nn.Module, config: Config, info: Info) -> GraphSpec:
    """Describe the streaming graph of a classifier.

    Raises:
        UserError: something in the model needs the whole sequence; says what, and the option to do without.
    """
    if not isinstance(model, SeriesClassifier):
        raise UserError("texts are classified whole: there is no streaming variant of a text classifier")
    needs = {
        "--bidirectional reads from the end": config.bidirectional and "--no-bidirectional",
        "--scaling sequence needs the mean of the whole sequence": config.scaling == "sequence" and "--scaling global",
        "--pooling attention weighs all steps at once": "attention" in config.pooling and "--pooling mean max",
        "--convolutions look ahead": bool(config.convolutions) and "no --convolutions",
    }
    for why, instead in needs.items():
        if instead:
            raise UserError(f"{why}, so there is no streaming variant; train with {instead}")
    values, _ = series_inputs(info)
    before = _states("")
    after = _states("_out")
    label, probabilities = outputs()
    return GraphSpec(
        module=StreamingClassifier(model),
        inputs=(values, *before),
        outputs=(label, probabilities, *after),
        axes={
            **outer_axes(info),
            "time": Axis(example_size=info.typical, meaning="steps of a piece, the first first"),
            "channel": channel_axis(info),
            "layer": Axis(size=config.layers, meaning="layers of the LSTM"),
            "unit": Axis(size=config.hidden, meaning="units of a layer"),
        },
        description="A running answer: which class all steps since the reset belong to.",
        table=info.table,
        states=tuple(
            StateSpec(output=b.name, input=a.name, reset=_LOWEST if a.name == "largest" else 0.0)
            for a, b in zip(before, after, strict=True)
        ),
        stream=Stream(axis="time", context=info.typical),
        tolerance=TOLERANCE,
        after=label_stage(info),
    )


def _states(ending: str) -> tuple[TensorSpec, ...]:
    dims = {
        "hidden": (("layer", "batch", "unit"), "what the LSTM remembers"),
        "cell": (("layer", "batch", "unit"), "what the LSTM remembers for long"),
        "count": (("batch",), "steps so far"),
        "average": (("batch", "unit"), "mean of the hidden states so far"),
        "largest": (("batch", "unit"), "largest of the hidden states so far"),
    }
    return tuple(
        TensorSpec(name=name + ending, dtype="float32", dims=shape, meaning=meaning)
        for name, (shape, meaning) in dims.items()
    )
