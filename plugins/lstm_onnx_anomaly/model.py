"""The module: an LSTM forecasts the next row; how wrong it is, beside how wrong it usually is, is the score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.nn.lstm import LSTM
from lstm_onnx.nn.tail import exceeded_by
from lstm_onnx.plugin import Learnt, Rows
from lstm_onnx_anomaly.options import Config

ROWS, EXPECTED, SCORE, ALARM, REASON = "rows", "expected", "score", "alarm", "reason"
LEVEL = 0.99
"""Share of normal errors of a column below its level, by which columns are made comparable."""


class Detector(nn.Module):
    """Forecasts each row from those before it, and says how far off the row is.

    Args:
        options: of the task.
        learnt: the features; `rows` scales.
    """

    levels: Tensor
    threshold: Tensor
    center: Tensor
    spread: Tensor

    def __init__(self, options: Config, learnt: Learnt) -> None:
        super().__init__()
        rows = learnt[ROWS]
        assert isinstance(rows, Rows) and rows.center is not None and rows.spread is not None
        self.options, self.columns, self.gaps = options, len(rows.columns), rows.gaps
        self.lstm = LSTM(rows.size, options.hidden)
        self.head = nn.Linear(options.hidden, self.columns)
        self.register_buffer("center", torch.tensor(rows.center))
        self.register_buffer("spread", torch.tensor(rows.spread))
        self.register_buffer("levels", torch.ones(self.columns))
        self.register_buffer("threshold", torch.ones(()))

    def forward(
        self, rows: Tensor, lengths: Tensor | None, state: dict[str, Any] | None
    ) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what was expected (batch, step, column), in the units of the data, and score, alarm and reason.

        Args:
            rows: (batch, step, columns) scaled, twice as wide where values may be missing.
            lengths: steps that count; None for all.
            state: LSTM, newest row, errors and rows seen, or None at the start.
        """
        x, known = self._values(rows)
        seen = rows + self.options.noise * torch.randn_like(rows) if self.training and self.options.noise else rows
        start = self._start(rows) if state is None else state
        states, lstm = self.lstm(seen, lengths, start["lstm"])
        before = torch.cat([start["lstm"][0].transpose(0, 1), states[:, :-1]], dim=1)
        newest = torch.cat([start["newest"], x[:, :-1]], dim=1)
        forecast = newest + self.head(before)
        errors = torch.where(known, (x - forecast).abs(), torch.zeros_like(x))
        after = {"lstm": lstm, "newest": x[:, -1:]}
        if self.options.smoothing > 1:
            joined = torch.cat([start["errors"], errors], dim=1)
            after["errors"] = joined[:, 1 - self.options.smoothing :]
            averaged = functional.avg_pool1d(joined.transpose(1, 2), self.options.smoothing, stride=1)
            errors = averaged.transpose(1, 2)
        number = torch.ones_like(x[:, :, :1]).cumsum(dim=1) + start["count"]
        after["count"] = number[:, -1:]
        relative = errors / self.levels
        watching = (number.squeeze(2) > self.options.settle).to(x.dtype)
        score = relative.amax(dim=2) / self.threshold * watching
        return {
            EXPECTED: forecast * self.spread + self.center,
            SCORE: score,
            ALARM: (score > 1 / self.options.sensitivity).to(torch.int64),
            REASON: relative.argmax(dim=2),
        }, after

    def _values(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scaled values, and whether each is known."""
        x = rows[:, :, : self.columns]
        return x, rows[:, :, self.columns :] < 0.5 if self.gaps else torch.ones_like(x) > 0

    def _start(self, rows: Tensor) -> dict[str, Any]:
        zeros = rows.new_zeros(1, rows.shape[0], self.options.hidden)
        row = torch.zeros_like(rows[:, :1, : self.columns])
        start = {"lstm": (zeros, zeros), "newest": row, "count": row[:, :, :1]}
        return (
            start | {"errors": row.expand(-1, self.options.smoothing - 1, -1)} if self.options.smoothing > 1 else start
        )

    def loss(self, answers: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean Huber loss of the forecast, in spreads, of normal rows."""
        errors = (batch[ROWS] - answers[EXPECTED]) / self.spread
        counts = _normal(batch).unsqueeze(2) & torch.isfinite(errors)
        errors = torch.where(counts, errors, torch.zeros((), device=errors.device))
        total = functional.huber_loss(errors, torch.zeros_like(errors), reduction="sum")
        return total / counts.sum().clamp(min=1)

    def calibrate(self, found: list[tuple[Tensor, Tensor]], share: float) -> None:
        """Set levels and threshold so that `share` of normal rows is above it, from what `errors` found of batches."""
        errors = torch.cat([e[keep] for e, keep in found])
        self.levels.copy_(torch.quantile(errors, LEVEL, dim=0).clamp(min=1e-6))
        self.threshold.copy_(exceeded_by((errors / self.levels).amax(dim=1), share).clamp(min=1e-6))

    def errors(self, batch: Mapping[str, Tensor], answers: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return averaged errors (batch, step, column) of a whole batch, in spreads, and which rows are normal."""
        wrong = ((batch[ROWS] - answers[EXPECTED]) / self.spread).abs()
        wrong = torch.where(torch.isfinite(wrong), wrong, torch.zeros((), device=wrong.device))
        padded = functional.pad(wrong.transpose(1, 2), (self.options.smoothing - 1, 0))
        averaged = functional.avg_pool1d(padded, self.options.smoothing, stride=1).transpose(1, 2)
        normal = _normal(batch)
        normal[:, : self.options.settle] = False
        return averaged, normal


def _normal(batch: Mapping[str, Tensor]) -> Tensor:
    """Return which rows count and are not known as anomalies, (batch, step)."""
    steps = torch.arange(batch[ROWS].shape[1], device=batch[ROWS].device)
    return (steps < batch["lengths"].unsqueeze(1)) & (batch[ALARM] != 1)
