"""The forecaster, between the encoder of a `Series` and the decoder of its `Ahead`.

An LSTM reads the scaled window; a small head, the same for every step ahead, joins its last state with what is known of
that step (calendar, covariates, the value one season before) and corrects a naive forecast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lstm_onnx.features.graphs import Remembered
from lstm_onnx.features.series_coding import AheadDecoder, SeriesTensors, last_known
from lstm_onnx.nn.lstm import LSTM
from lstm_onnx_forecasting.calendar import Phases, periods
from lstm_onnx_forecasting.loss import forecast_loss
from lstm_onnx_forecasting.options import Config, Info

MEMORY = {
    name: Remembered(meaning, dims, enters=f"{name}_in")
    for name, dims, meaning in (
        ("hidden", ("layer", "batch", "unit"), "hidden state of the LSTM"),
        ("cell", ("layer", "batch", "unit"), "cell state of the LSTM"),
        ("recent", ("batch", "season", "target"), "the newest rows, scaled: the naive forecast looks them up"),
        ("recent_known", ("batch", "season", "target"), "1 where such a value is known, else 0"),
        ("last", ("batch", "one", "target"), "the newest known value, scaled"),
        ("known", ("batch", "one", "target"), "how many values are known so far"),  # kept by the series' encoder
    )
}
"""What is remembered in a stream."""


class Forecaster(nn.Module):
    """LSTM encoder and direct multi-horizon head.

    Args:
        config: sizes and choices.
        info: columns, step, season and scales of the data.
    """

    lags: Tensor

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__()
        series, targets, hidden = info.features, len(info.target), config.hidden
        self.config = config
        found = periods(series.step, info.span) if config.calendar else ()
        self.phases = Phases(found, series.step.per_second) if found else None
        calendar = self.phases.features if self.phases else 0
        known_ahead = calendar + len(series.future) + len(series.static) + targets * config.seasons
        dropout = config.dropout or 0.0
        self.encoder = LSTM(series.size + calendar, hidden, config.layers, dropout=dropout)
        self.from_state = nn.Linear(hidden, hidden)
        self.from_step = nn.Linear(known_ahead, hidden, bias=False)
        self.by_step = nn.Parameter(torch.zeros(config.horizon, hidden))
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, info.ahead.width)
        self.decoder = AheadDecoder(info.ahead)
        self.targets, self.season = targets, info.season
        self.register_buffer("lags", season_lags(info.season, config.horizon), persistent=False)

    def forward(
        self, series: SeriesTensors, state: Mapping[str, Tensor] | None = None
    ) -> tuple[dict[str, Tensor], dict[str, Tensor] | None]:
        """Forecast in scaled units.

        Args:
            series: the window or, in a stream, the rows since the last call, one or more.
            state: what was remembered, as in `MEMORY`; None at the start.

        Returns:
            what the feature `forecast` takes, (batch, horizon, targets * (1 + quantiles)); and what to remember, None
            where each window is scaled by itself, so that there is no stream.
        """
        x, known = series.values, series.known
        start = None if state is None else (state["hidden"], state["cell"])
        _, (hidden, cell) = self.encoder(self._read(series), None, start)
        last = last_known(x, known)
        if state is not None:
            last = torch.where(known.amax(dim=1, keepdim=True) > 0, last, state["last"])
            x = torch.cat([state["recent"], x], dim=1)
            known = torch.cat([state["recent_known"], known], dim=1)
        answer = self._head(hidden[-1], *self._ahead(series, x, known, last))
        if self.config.scaling == "window":
            return {"forecast": answer}, None
        if state is None:
            none = torch.zeros_like(x[:, :1]).expand(-1, self.season * self.config.seasons, -1)
            x, known = torch.cat([none, x], dim=1), torch.cat([none, known], dim=1)
        newest = slice(-self.season * self.config.seasons, None)
        after = {
            "hidden": hidden, "cell": cell, "recent": x[:, newest], "recent_known": known[:, newest], "last": last
        }  # fmt: skip
        return {"forecast": answer}, after

    def loss(self, answers: Mapping[str, Tensor], batch: Mapping[str, Any]) -> Tensor:
        """Return the mean loss over the known steps."""
        return forecast_loss(self.config, self.decoder, answers["forecast"], batch)

    def _read(self, series: SeriesTensors) -> Tensor:
        """Join what the LSTM reads of each row: (batch, time, feature)."""
        seen = [series.values, series.known]
        if self.phases is not None:
            seen.append(self.phases(series.time))
        if series.past is not None:
            seen.append(series.past)
        return torch.cat(seen, dim=2)

    def _ahead(self, series: SeriesTensors, x: Tensor, known: Tensor, last: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Join what is known of each step ahead: (batch, horizon, known); the seasonal value of each; the last one."""
        found, times = [], series.times_ahead
        if self.phases is not None:
            found.append(self.phases(times))
        if series.future is not None:
            found.append(series.future)
        if series.static is not None:
            found.append(series.static.unsqueeze(1).expand(-1, times.shape[1], -1))
        seasonal = self._seasons_before(x, known, last, 0)
        found.append(seasonal)
        older = seasonal
        for k in range(1, self.config.seasons):
            older = self._seasons_before(x, known, older, k)  # what is out of the window repeats the season after it
            found.append(older - seasonal)
        return torch.cat(found, dim=2), seasonal, last

    def _head(self, state: Tensor, ahead: Tensor, seasonal: Tensor, last: Tensor) -> Tensor:
        """Correct the naive forecast; what is answered for quantiles stays as it is."""
        joined = self.from_state(state).unsqueeze(1) + self.from_step(ahead) + self.by_step
        out: Tensor = self.out(self.dropout(torch.relu(joined)))
        if self.config.base == "none":
            return out
        base = seasonal if self.config.base == "season" else last
        if not self.config.quantiles:
            return out + base
        return torch.cat([out[:, :, : self.targets] + base, out[:, :, self.targets :]], dim=2)

    def _seasons_before(self, x: Tensor, known: Tensor, otherwise: Tensor, more: int) -> Tensor:
        """For each step ahead, the value the fewest whole seasons and `more` before it, else `otherwise`."""
        row = self.lags + (x.shape[1] - more * self.season)
        inside = row.clamp(min=0)
        there = known.index_select(1, inside) * (row >= 0).to(x.dtype).unsqueeze(1)
        return torch.where(there > 0, x.index_select(1, inside), otherwise)


def season_lags(season: int, horizon: int) -> Tensor:
    """For each step ahead, the row to look at, counted from the row after the newest: -1 is the newest."""
    ahead = torch.arange(1, horizon + 1)
    return ahead - 1 - season * ((ahead + season - 1) // season)
