"""Windows of series, gathered from one long array without a copy of each.

All series lie one after another in a `WindowStore`, each with `window` empty rows in front of it, so that a window may
begin before the first known value: its values are NaN there and its times go on backwards. An example is one number,
the row of its forecast origin (the newest past row); a batch is one fancy index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Step
from lstm_onnx.data.frequency import advance
from lstm_onnx.data.time_series import Series

Array = NDArray[Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WindowStore:
    """All series, one after another.

    Attributes:
        time: int64 unix seconds (rows,).
        values: float32 (rows, target), NaN where missing.
        past: float32 (rows, past + future columns).
        future: float32 (rows, future columns).
        static: float32 (series, static columns).
        scale: float32 (series, target), the denominator of MASE.
        owner: the series of each row (rows,).
        window: rows in an example's past.
        horizon: rows in an example's future.
    """

    time: Ints
    values: Array
    past: Array
    future: Array
    static: Array
    scale: Array
    owner: Ints
    window: int
    horizon: int


def make_bank(
    series: Sequence[Series],
    step: Step,
    *,
    targets: int,
    pasts: int,
    static: Array,
    scale: Array,
    window: int,
    horizon: int,
) -> tuple[WindowStore, Ints]:
    """Lay out the series.

    Args:
        series: values (rows, targets + past + future + static): columns in this order.
        step: the distance between rows.
        targets: how many of the columns are targets.
        pasts: how many columns after these are known in the past only.
        static: (series, static columns).
        scale: (series, targets).
        window: rows in an example's past.
        horizon: rows in an example's future.

    Returns:
        the bank, and the row at which each series begins (behind its padding).
    """
    lengths = np.array([len(s.time) for s in series], dtype=np.int64)
    begins = np.cumsum(lengths + window) - lengths
    total = int((lengths + window).sum())
    numbers = series[0].values.shape[1] - static.shape[1]
    everything = np.full((total, numbers), np.nan, dtype=np.float32)
    time = np.empty(total, dtype=np.int64)
    before = np.arange(-window, 0)
    for begin, one in zip(begins, series, strict=True):
        everything[begin : begin + len(one.time)] = one.values[:, :numbers]
        time[begin : begin + len(one.time)] = one.time
        time[begin - window : begin] = advance(one.time[:1], step, before)
    bank = WindowStore(
        time=time,
        values=everything[:, :targets],
        past=everything[:, targets:],
        future=everything[:, targets + pasts :],
        static=np.asarray(static, dtype=np.float32),
        scale=np.asarray(scale, dtype=np.float32),
        owner=np.repeat(np.arange(len(series)), lengths + window),
        window=window,
        horizon=horizon,
    )
    return bank, begins


class WindowSplit:
    """The windows of one split; implements `lstm_onnx.task.Split`.

    A batch holds `values` (batch, window, target) with NaN where missing, `time` (batch, window) in unix seconds,
    `actual` (batch, horizon, target), `mase_scale` (batch, target), and where there are such columns `past`
    (batch, window, past + future), `future` (batch, horizon, future) and `static` (batch, static). All in the user's
    units; float32 but for the time.
    """

    def __init__(self, bank: WindowStore, origins: Ints) -> None:
        """Keep a reference to the bank, and the rows of the forecast origins."""
        self.bank = bank
        self.origins = origins

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.origins)

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[dict[str, Array]]:
        """Yield every window once, `size` at a time, series by series or in the order drawn from `shuffle`."""
        order = self.origins if shuffle is None else self.origins[shuffle.permutation(len(self.origins))]
        for i in range(0, len(order), size):
            yield self.gather(order[i : i + size])

    def gather(self, origins: Ints) -> dict[str, Array]:
        """Return the batch of these origins."""
        bank = self.bank
        rows = origins[:, None] + np.arange(1 - bank.window, 1)
        ahead = origins[:, None] + np.arange(1, bank.horizon + 1)
        owner = bank.owner[origins]
        batch = {
            "values": bank.values[rows],
            "time": bank.time[rows],
            "actual": bank.values[ahead],
            "mase_scale": bank.scale[owner],
        }
        if bank.past.shape[1]:
            batch["past"] = bank.past[rows]
        if bank.future.shape[1]:
            batch["future"] = bank.future[ahead]
        if bank.static.shape[1]:
            batch["static"] = bank.static[owner]
        return batch


def usable(bank: WindowStore, origins: Ints, least: int) -> Ints:
    """Keep the origins whose window has at least `least` rows with a known target, and whose future has one."""
    known = np.append(0, np.cumsum(~np.isnan(bank.values).all(axis=1)))
    seen = known[origins + 1] - known[origins + 1 - bank.window]
    ahead = known[origins + 1 + bank.horizon] - known[origins + 1]
    kept: Ints = origins[(seen >= least) & (ahead > 0)]
    return kept
