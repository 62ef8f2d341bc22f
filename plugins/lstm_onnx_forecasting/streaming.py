"""The forecaster fed row by row: what it must remember between calls goes out as states and comes in again."""

from __future__ import annotations

import dataclasses
from typing import cast

import torch
from torch import Tensor, nn

from lstm_onnx.contract import Axis, StateSpec, Stream, TensorSpec, Tolerance
from lstm_onnx.errors import UserError
from lstm_onnx.task import GraphSpec
from lstm_onnx_forecasting.model import Forecaster
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.scaling import last_known
from lstm_onnx_forecasting.spec import graph_spec

MEMORY = {
    "hidden": (("layer", "batch", "unit"), "hidden state of the LSTM"),
    "cell": (("layer", "batch", "unit"), "cell state of the LSTM"),
    "recent": (("batch", "season", "target"), "the newest rows, scaled: the naive forecast looks them up"),
    "recent_known": (("batch", "season", "target"), "1 where such a value is known, else 0"),
    "last": (("batch", "one", "target"), "the newest known value, scaled"),
    "known": (("batch", "one", "target"), "how many values are known so far"),
}


class StreamingForecaster(nn.Module):
    """The same forecaster, with its memory as explicit inputs and outputs.

    Args:
        forecaster: a trained one whose scaling does not depend on the window.
    """

    def __init__(self, forecaster: Forecaster) -> None:
        super().__init__()
        self.forecaster = forecaster

    def forward(
        self,
        values: Tensor,
        time: Tensor,
        hidden_in: Tensor,
        cell_in: Tensor,
        recent_in: Tensor,
        recent_known_in: Tensor,
        last_in: Tensor,
        known_in: Tensor,
        past: Tensor | None = None,
        future: Tensor | None = None,
        static: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Forecast from the new rows and from what was remembered.

        Args:
            values: (batch, time, target), the rows since the last call, one or more.
            time: (batch, time) int64 unix seconds.
            hidden_in: (layer, batch, unit), zeros at first, as all states.
            cell_in: (layer, batch, unit).
            recent_in: (batch, season, target).
            recent_known_in: (batch, season, target).
            last_in: (batch, 1, target).
            known_in: (batch, 1, target).
            past: (batch, time, covariate).
            future: (batch, horizon, known) of the rows after the newest.
            static: (batch, constant).

        Returns:
            The outputs of `Forecaster.forward`, then the six states.
        """
        own = self.forecaster
        x, known, _ = own.scaler(values)
        count = known_in + known.sum(dim=1, keepdim=True)
        _, (hidden, cell) = own.encoder(own.features(x, known, time, past), None, (hidden_in, cell_in))
        last = torch.where(known.amax(dim=1, keepdim=True) > 0, last_known(x, known), last_in)
        rows = recent_in.shape[1]
        recent, recent_known = torch.cat([recent_in, x], dim=1), torch.cat([recent_known_in, known], dim=1)
        times = own.steps_ahead(time[:, -1:])
        ahead = own.ahead(recent, recent_known, last, times, future, static)
        answer = own.answer(own.scaler.fixed(count), *own.head(hidden[-1], *ahead), times)
        return (*answer, hidden, cell, recent[:, -rows:], recent_known[:, -rows:], last, count)


def streaming_spec(model: nn.Module, config: Config, info: Info) -> GraphSpec:
    """Describe the streaming graph of a forecaster.

    Raises:
        UserError: each window is scaled by its own mean and spread.
    """
    if config.scaling == "window":
        raise UserError(
            "the variant streaming: this forecaster scales each window by its own mean (--scaling window), and a "
            "stream has no window; train it with --scaling global"
        )
    whole = graph_spec(model, config, info)
    memory = {
        name: TensorSpec(name=name, dtype="float32", dims=dims, meaning=meaning)
        for name, (dims, meaning) in MEMORY.items()
    }
    axes = {
        "layer": Axis(size=config.layers, meaning="layers of the LSTM"),
        "unit": Axis(size=config.hidden, meaning="units of a layer"),
        "season": Axis(size=info.season * config.seasons, meaning="rows that are remembered"),
        "one": Axis(size=1),
    }
    return dataclasses.replace(
        whole,
        module=StreamingForecaster(cast(Forecaster, model)),
        inputs=(*whole.inputs, *(t.model_copy(update={"name": f"{n}_in"}) for n, t in memory.items())),
        outputs=(*whole.outputs, *(t.model_copy(update={"name": f"{n}_out"}) for n, t in memory.items())),
        axes=whole.axes | axes,
        states=tuple(StateSpec(output=f"{name}_out", input=f"{name}_in") for name in MEMORY),
        stream=Stream(axis="time", context=info.window),
        # states are scaled: dividing by the small spread of logarithms blows up the last digit of the logarithm
        tolerance=Tolerance(atol=1e-4) if config.transform == "log" else whole.tolerance,
        name="streaming",
    )
