"""The forecaster: raw values in, forecasts in the same units out, in one module for training and for export.

An LSTM reads the scaled window; a small head, the same for every step ahead, joins its last state with what is known of
that step (calendar, covariates, the value one season before) and corrects a naive forecast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.nn.lstm import LSTM
from lstm_onnx_forecasting.calendar import Phases, StepsAhead, periods
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.scaling import Covariates, Scaler


class Forecaster(nn.Module):
    """LSTM encoder and direct multi-horizon head.

    Args:
        config: sizes and choices.
        info: columns, step, season and scales of the data.
    """

    lags: Tensor
    spreading: Tensor

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__()
        targets, hidden = len(info.target), config.hidden
        self.config = config
        self.scaler = Scaler(config, info)
        self.past_scaler = Covariates(info, (*info.past, *info.future))
        self.future_scaler = Covariates(info, info.future)
        self.static_scaler = Covariates(info, info.static)
        self.steps_ahead = StepsAhead(info.step, config.horizon)
        found = periods(info.step, info.span) if config.calendar else ()
        self.phases = Phases(found, info.step.per_second) if found else None
        calendar = self.phases.features if self.phases else 0
        known_ahead = calendar + len(info.future) + len(info.static) + targets * config.seasons
        self.encoder = LSTM(
            2 * targets + calendar + len(info.past) + len(info.future), hidden, config.layers, dropout=config.dropout
        )
        self.from_state = nn.Linear(hidden, hidden)
        self.from_step = nn.Linear(known_ahead, hidden, bias=False)
        self.by_step = nn.Parameter(torch.zeros(config.horizon, hidden))
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(hidden, targets * (1 + len(config.quantiles)))
        self.targets, self.season = targets, info.season
        self.register_buffer("lags", season_lags(info.season, config.horizon), persistent=False)
        self.register_buffer("spreading", spreading(config.quantiles), persistent=False)

    def forward(
        self,
        values: Tensor,
        time: Tensor,
        past: Tensor | None = None,
        future: Tensor | None = None,
        static: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Forecast in the user's units.

        Args:
            values: (batch, time, target), missing where NaN or infinite.
            time: (batch, time) int64 unix seconds, one step apart.
            past: (batch, time, past + future columns), missing where not finite.
            future: (batch, horizon, future columns).
            static: (batch, static columns).

        Returns:
            forecast (batch, horizon, target), time of each step ahead (batch, horizon), and with quantiles
            (batch, horizon, target, quantile), in ascending order. A target without any known value in its window
            gets NaN.
        """
        times = self.steps_ahead(time[:, -1:])
        scaled, point, wings = self.scaled(values, time, times, past, future, static)
        center, spread = scaled
        return self.answer(point, wings, times, center, spread)

    def answer(
        self, point: Tensor, wings: Tensor | None, times: Tensor, center: Tensor, spread: Tensor
    ) -> tuple[Tensor, ...]:
        """Go back to the user's units; outputs as in `forward`."""
        forecast = self.scaler.undo(point, center, spread)
        if wings is None:
            return forecast, times
        quantiles = self.scaler.undo(point.unsqueeze(3) + wings, center.unsqueeze(3), spread.unsqueeze(3))
        return forecast, times, quantiles

    def scaled(
        self,
        values: Tensor,
        time: Tensor,
        times: Tensor,
        past: Tensor | None = None,
        future: Tensor | None = None,
        static: Tensor | None = None,
    ) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor | None]:
        """Forecast in scaled units, as the loss wants it.

        Returns:
            center and spread (batch, 1, target) of the scaling, the point forecast (batch, horizon, target), and the
            distance of each quantile from it (batch, horizon, target, quantile).
        """
        x, known, center, spread = self.scaler(values)
        _, state = self.encoder.hidden_states(self.features(x, known, time, past))
        ahead = self.ahead(x, known, last_known(x, known), times, future, static)
        return (center, spread), *self.head(state[-1], *ahead)

    def features(self, x: Tensor, known: Tensor, time: Tensor, past: Tensor | None) -> Tensor:
        """Join what the LSTM reads of each row: (batch, time, feature)."""
        seen = [x, known]
        if self.phases is not None:
            seen.append(self.phases(time))
        if past is not None:
            seen.append(self.past_scaler(past))
        return torch.cat(seen, dim=2)

    def ahead(
        self, x: Tensor, known: Tensor, last: Tensor, times: Tensor, future: Tensor | None, static: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Join what is known of each step ahead: (batch, horizon, known); the seasonal value of each; the last one."""
        found = []
        if self.phases is not None:
            found.append(self.phases(times))
        if future is not None:
            found.append(self.future_scaler(future))
        if static is not None:
            found.append(self.static_scaler(static).unsqueeze(1).expand(-1, times.shape[1], -1))
        seasonal = self._seasons_before(x, known, last, 0)
        found.append(seasonal)
        older = seasonal
        for k in range(1, self.config.seasons):
            older = self._seasons_before(x, known, older, k)  # what is out of the window repeats the season after it
            found.append(older - seasonal)
        return torch.cat(found, dim=2), seasonal, last

    def head(self, state: Tensor, ahead: Tensor, seasonal: Tensor, last: Tensor) -> tuple[Tensor, Tensor | None]:
        """Correct the naive forecast: the point forecast, and the distance of each quantile from it."""
        joined = self.from_state(state).unsqueeze(1) + self.from_step(ahead) + self.by_step
        out = self.out(self.dropout(torch.relu(joined)))  # (batch, horizon, targets * (1 + quantiles))
        point = out if self.spreading.shape[0] == 0 else out[:, :, : self.targets]
        if self.config.base == "season":
            point = point + seasonal
        elif self.config.base == "last":
            point = point + last
        if self.spreading.shape[0] == 0:
            return point, None
        gaps = functional.softplus(out[:, :, self.targets :].unflatten(2, (self.targets, -1)))
        return point, gaps @ self.spreading

    def _seasons_before(self, x: Tensor, known: Tensor, otherwise: Tensor, more: int) -> Tensor:
        """For each step ahead, the value the fewest whole seasons and `more` before it, else `otherwise`."""
        row = self.lags + (x.shape[1] - more * self.season)
        inside = row.clamp(min=0)
        there = known.index_select(1, inside) * (row >= 0).to(x.dtype).unsqueeze(1)
        return torch.where(there > 0, x.index_select(1, inside), otherwise)


def last_known(x: Tensor, known: Tensor) -> Tensor:
    """Pick the newest known value of x (batch, time, target), as (batch, 1, target); 0 where there is none."""
    row = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(1)
    newest = (row * known).amax(dim=1, keepdim=True)  # 0 where none is known: x is 0 there
    return x.gather(1, (newest - 1).clamp(min=0).to(torch.int64))


def season_lags(season: int, horizon: int) -> Tensor:
    """For each step ahead, the row to look at, counted from the row after the newest: -1 is the newest."""
    ahead = torch.arange(1, horizon + 1)
    return ahead - 1 - season * ((ahead + season - 1) // season)


def spreading(quantiles: tuple[float, ...]) -> Tensor:
    """Return the matrix that adds up positive gaps to distances from the median: never crossing, by construction.

    Column q adds the gaps between the median and quantile q, upwards or downwards; the median's own column is 0.
    """
    matrix = torch.zeros(len(quantiles), len(quantiles))
    for column, q in enumerate(quantiles):
        for row, p in enumerate(quantiles):
            if 0.5 < p <= q:
                matrix[row, column] = 1
            elif q <= p < 0.5:
                matrix[row, column] = -1
    return matrix
