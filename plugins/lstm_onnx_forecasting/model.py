"""The forecaster, between the encoder of a `Series` and the decoder of its `Ahead`.

An LSTM reads the scaled window; a small head, the same for every step ahead, joins its last state with what is known of
that step (calendar, covariates, the value one season before) and corrects a simple forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.features.graphs import Remembered
from lstm_onnx.features.series_coding import AheadDecoder, SeriesTensors, last_known
from lstm_onnx.nn.lstm import LSTM
from lstm_onnx_forecasting.calendar import Phases, grid_of, periods
from lstm_onnx_forecasting.combination import Combination
from lstm_onnx_forecasting.holes import filled
from lstm_onnx_forecasting.loss import forecast_loss, truth_for_loss
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.theta import theta_matrix

MEMORY = {
    name: Remembered(meaning, dims, enters=f"{name}_in")
    for name, dims, meaning in (
        ("hidden", ("layer", "batch", "unit"), "hidden state of the LSTM"),
        ("cell", ("layer", "batch", "unit"), "cell state of the LSTM"),
        (
            "recent",
            ("batch", "season", "value"),
            "the newest rows, scaled, which the naive forecast looks up; then 1 where such a value is known, else 0",
        ),
        ("last", ("batch", "one", "target"), "the newest known value, scaled"),
        ("known", ("batch", "one", "target"), "how many values are known so far"),  # kept by the series' encoder
    )
}
"""What is remembered in a stream."""
SOLVED_BY = 8192
"""Examples of the training part that combined forecasts get their first weights from, at most."""


class Forecaster(nn.Module):
    """LSTM encoder and direct multi-horizon head.

    Args:
        config: sizes and choices.
        info: columns, step, season and scales of the data.
    """

    lags: Tensor
    theta: Tensor | None
    combination: Combination | None

    def __init__(self, config: Config, info: Info) -> None:
        super().__init__()
        series, targets, hidden = info.features, len(info.target), config.hidden
        self.config = config
        found = periods(series.step, info.span) if config.calendar else ()
        self.phases = Phases(found, series.step.per_second, grid_of(series)) if found else None
        calendar = self.phases.features if self.phases else 0
        combined = config.base == "combined"
        known_ahead = calendar + len(series.future) + len(series.static) + targets * (config.seasons + combined)
        dropout = config.dropout or 0.0
        self.encoder = LSTM(series.size + calendar, hidden, config.layers, dropout=dropout)
        self.from_state = nn.Linear(hidden, hidden)
        self.from_step = nn.Linear(known_ahead, hidden, bias=False)
        self.by_step = nn.Parameter(torch.zeros(config.horizon, hidden))
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, info.ahead.width)
        self.decoder = AheadDecoder(info.ahead)
        self.targets, self.season = targets, info.season
        self.phases_ahead = min(info.season, config.horizon)
        self.fills_holes = info.fills_holes
        two_fit = info.fills_holes and 1 < info.season <= info.window // 2
        self.fills_from = info.season if two_fit else 0  # how many rows before a hole its value is looked up
        rows = info.season * max(config.seasons, 1 + two_fit)
        has_theta = combined or config.base == "theta"
        self.looked_up = max(rows, info.window if has_theta else 0)
        self.register_buffer("lags", season_lags(info.season, config.horizon), persistent=False)
        theta = theta_matrix(info.window, info.season, config.horizon) if has_theta else None
        self.register_buffer("theta", theta, persistent=False)
        count = 3 if info.season > 1 else 2  # with a season of 1, the last value is that of the season before
        self.combination = Combination(config.horizon, targets, count, hidden) if combined else None

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
        rows = torch.cat([series.values, series.known], dim=2)
        start = None if state is None else (state["hidden"], state["cell"])
        _, (hidden, cell) = self.encoder(self._read(series, rows), None, start)
        last, recent = self._newest(series, rows, state)
        answer = self._head(hidden[-1], *self._ahead(series, recent, last))
        if self.config.scaling == "window":
            return {"forecast": answer}, None
        return {"forecast": answer}, {"hidden": hidden, "cell": cell, "recent": recent, "last": last}

    def ready(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return all that `learn` takes: what of its loss has no weight in it, a row for each example.

        Args:
            batch: `series`, and the truth as in `truth_for_loss`.
        """
        series = batch["series"]
        rows = torch.cat([series.values, series.known], dim=2)
        last, recent = self._newest(series, rows, None)
        ahead, base = self._ahead(series, recent, last)
        seen = {"rows": self._read(series, rows), "ahead": ahead, "base": base}
        return seen | truth_for_loss(self.config, self.decoder, batch)

    def solve_first(self, batches: Iterator[dict[str, Any]]) -> None:
        """Begin with the weights of combined forecasts that are good on the training part, if there are any.

        Of many examples every second is taken, or every fourth, and so on: they lie in the order of series and time.
        """
        if self.combination is None:
            return
        kept: dict[str, Tensor] = {}
        seen, apart = 0, 1
        for batch in batches:
            ready = self.ready(batch)
            size = len(ready["base"])
            picked = torch.arange(-seen % apart, size, apart, device=ready["base"].device)
            seen += size
            for name in ready.keys() - {"rows", "ahead"}:
                some = ready[name][picked]
                kept[name] = torch.cat([kept[name], some]) if name in kept else some
            while len(kept["base"]) > SOLVED_BY:
                kept, apart = {name: tensor[::2] for name, tensor in kept.items()}, 2 * apart
        gaps = torch.zeros(self.out.out_features - self.targets)

        def loss(forecast: Tensor) -> Tensor:
            answer = torch.cat([forecast, gaps.to(forecast).expand(*forecast.shape[:2], -1)], dim=2)
            return forecast_loss(self.config, self.decoder, answer, kept)

        if kept:
            self.combination.solve(kept["base"], loss)

    def learn(self, ready: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss over the known steps."""
        _, (hidden, _) = self.encoder(ready["rows"])
        answer = self._head(hidden[-1], ready["ahead"], ready["base"])
        return forecast_loss(self.config, self.decoder, answer.float(), ready)

    def _newest(self, series: SeriesTensors, rows: Tensor, state: Mapping[str, Tensor] | None) -> tuple[Tensor, Tensor]:
        """Return the newest known value, (batch, 1, target), and the newest rows, which the base is made of."""
        last, count = last_known(series.values, series.known), self.looked_up
        if state is None:
            rows = functional.pad(rows, (0, 0, count, 0))
        else:
            # counted as the series' encoder counts, so that a graph does it once
            last = torch.where(series.known.sum(dim=1, keepdim=True) > 0, last, state["last"])
            rows = torch.cat([state["recent"], rows], dim=1)
        return last, rows[:, -count:]

    def _read(self, series: SeriesTensors, rows: Tensor) -> Tensor:
        """Join what the LSTM reads of each row: (batch, time, feature), values and whether they are known first."""
        seen = [rows]
        if self.phases is not None:
            seen.append(self.phases(series.time))
        if series.past is not None:
            seen.append(series.past)
        return torch.cat(seen, dim=2)

    def _ahead(self, series: SeriesTensors, recent: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """Join what is known of each step ahead, (batch, horizon, known), and what is corrected; see `_base`."""
        found, times = [], series.times_ahead
        if self.phases is not None:
            found.append(self.phases(times))
        if series.future is not None:
            found.append(series.future)
        if series.static is not None:
            found.append(series.static.unsqueeze(1).expand(-1, times.shape[1], -1))
        whole, count = filled(recent, last, self.fills_from)
        newest = self._newest_season(recent, whole, count, last)
        seasonal = self._over_horizon(newest)
        found.append(seasonal)
        older = newest
        for k in range(1, self.config.seasons):
            x, known = self._season_before(recent, k)
            older = torch.where(known > 0, x, older)  # what is out of the window repeats the season after it
            found.append(self._over_horizon(older) - seasonal)
        base = self._base(whole, seasonal, last)
        if self.combination is not None:
            found.append(base[..., 0] - seasonal)
        return torch.cat(found, dim=2), base

    def _base(self, whole: Tensor, seasonal: Tensor, last: Tensor) -> Tensor:
        """Return the simple forecast that is corrected, (batch, horizon or 1, target).

        Of combined ones, all of them: (batch, horizon, target, forecast), Theta first.
        """
        if self.theta is None:
            return seasonal if self.config.base == "season" else last
        theta = (whole[:, -len(self.theta) :].transpose(1, 2) @ self.theta).transpose(1, 2)
        if self.combination is None:
            return theta
        simple = (theta, seasonal, last.expand_as(theta))
        return torch.stack(simple[: self.combination.by_step.shape[2]], dim=3)

    def _head(self, state: Tensor, ahead: Tensor, base: Tensor) -> Tensor:
        """Correct the simple forecast; what is answered for quantiles stays as it is."""
        joined = self.from_state(state).unsqueeze(1) + self.from_step(ahead) + self.by_step
        seen = self.dropout(torch.relu(joined))
        out: Tensor = self.out(seen)
        if self.config.base == "none":
            return out
        if self.combination is not None:
            base = self.combination(base, seen)
        if not self.config.quantiles:
            return out + base
        return torch.cat([out[:, :, : self.targets] + base, out[:, :, self.targets :]], dim=2)

    def _newest_season(self, recent: Tensor, whole: Tensor, count: Tensor, last: Tensor) -> Tensor:
        """The value one season before each phase ahead, (batch, phase, target); of those before the window the newest.

        Args:
            recent: rows of the newest seasons, (batch, row, value): targets, and 1 where each is known, else 0.
            whole: their values, filled, (batch, row, target).
            count: how many of them are known up to each row, likewise.
            last: the newest known value, (batch, 1, target).
        """
        if self.season == 1:
            return last
        if not self.fills_holes:
            x, known = self._season_before(recent, 0)
            return torch.where(known > 0, x, last)
        first = self.looked_up - self.season
        phases = slice(first, first + self.phases_ahead)
        return torch.where(count[:, phases] > 0, whole[:, phases], last)

    def _season_before(self, recent: Tensor, more: int) -> tuple[Tensor, Tensor]:
        """For each phase ahead, the value one season and `more` before it, and 1 where it is known, else 0.

        Args:
            recent: rows of the newest seasons, (batch, row, value): targets, and 1 where each is known, else 0.
            more: seasons.

        Returns:
            (batch, phase, target) each.
        """
        first = self.looked_up - self.season * (1 + more)
        x, known = torch.split(recent[:, first : first + self.phases_ahead], self.targets, dim=2)
        return x, known

    def _over_horizon(self, phases: Tensor) -> Tensor:
        """Repeat phases, (batch, phase, target), as often as the horizon is long: (batch, horizon, target)."""
        if len(self.lags) == self.phases_ahead:
            return phases
        return phases.index_select(1, self.lags + self.season)


def season_lags(season: int, horizon: int) -> Tensor:
    """For each step ahead, the row to look at, counted from the row after the newest: -1 is the newest."""
    ahead = torch.arange(1, horizon + 1)
    return ahead - 1 - season * ((ahead + season - 1) // season)
