"""Random convolutions, as in MiniRocket (Dempster, Schmidt and Webb 2021): features of a sequence that are not learnt.

All 84 kernels of nine weights, three of which are 2 and six -1, slide over a sequence, stretched by some dilations. A
feature is the share of steps at which a kernel gives more than a threshold, one of the quantiles of what it gives for
examples to learn from. Half of the kernels see zeros beyond the ends, and half stay within the sequence. Of several
columns each kernel adds up a few, at random; where they stand there in several ways, scaled in each, those of one way.

A share moves by whole steps, so that rounding must not decide what is above a threshold: values are cut to multiples
of a power of two, which float32 adds up without rounding, in any order, and thresholds lie halfway between two such
multiples. So it is the same to the last bit in every runtime, and in every batch.

Which steps count is a column more, 1 there: kernels add a number to what they give where it counts, so large that
without it no threshold is reached. That takes one operator instead of four over all steps of all kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.nn.dilations import SPAN, dilations
from lstm_onnx.nn.kept_rows import KeptRows

if TYPE_CHECKING:
    from lstm_onnx.data.room import Room

_RAISED = tuple(combinations(range(SPAN), 3))
KERNELS = len(_RAISED)
MOST_COLUMNS = 9
"""That a kernel adds up."""
FARTHEST = 10.0
"""Scaled values beyond this are cut."""
LEAST_SPREAD = 0.01
"""What a feature is divided by, at least: one step in a hundred more or less is not to count for much."""
_AT_ONCE = 1 << 21
"""Comparisons that are held in memory, in PyTorch."""
MOST_KEPT = 1 << 28
"""Bytes of features that are kept while a model learns."""
_GOLDEN = (5**0.5 + 1) / 2


class RandomConvolutions(nn.Module):
    """Features of sequences, standardised and divided by the root of their number; zeros before `fit`.

    Args:
        columns: numbers of a step.
        count: how many features, at least; made a multiple of 84, `size`.
        steps: of a usual sequence, which says how far kernels are stretched.
        seed: draws columns, and the examples that thresholds are taken from.
        ways: places of the columns that a kernel may read together; all if not given.
        room: for the features of more examples than are kept in memory; see `KeptRows`.
    """

    center: Tensor
    scale: Tensor
    reach: Tensor

    def __init__(
        self,
        columns: int,
        count: int,
        steps: int,
        seed: int,
        ways: Sequence[Sequence[int]] | None = None,
        room: Room | None = None,
    ) -> None:
        super().__init__()
        ways = ways or (range(columns),)
        each = -(-count // KERNELS)
        self.size, self.seed = each * KERNELS, seed
        self.spread = dilations(steps, each)
        added = min(max(map(len, ways)), MOST_COLUMNS)
        self.lift = 256.0 * added  # more than twice what nine weights and these columns make of values of 10
        # the largest sum has 23 bits: halfway between two is still a number of float32, and further
        self.grid = 2.0 ** np.floor(np.log2(2**22 / (2.5 * self.lift)))
        random = np.random.default_rng(seed)
        for k in range(len(self.spread)):
            self.register_buffer(f"kernels_{k}", _kernels(columns, ways, self.lift, _within(k), random))
        for k, (_, thresholds) in enumerate(self.spread):
            self.register_buffer(f"thresholds_{k}", torch.zeros(KERNELS, thresholds))
        self._kept = KeptRows(MOST_KEPT, room)
        beyond = [np.repeat((SPAN - 1) * dilation * _within(k), n) for k, (dilation, n) in enumerate(self.spread)]
        self.register_buffer("reach", torch.from_numpy(np.concatenate(beyond)), persistent=False)
        self.register_buffer("center", torch.zeros(self.size))
        self.register_buffer("scale", torch.zeros(self.size))

    @property
    def is_fitted(self) -> bool:
        """Whether thresholds are known."""
        return bool(self.scale.any())

    @torch.no_grad()
    def fit(self, x: Tensor, lengths: Tensor) -> None:
        """Take thresholds from examples to learn from, and learn how each feature is spread over them.

        Args:
            x: (batch, time, column), zero in the padding.
            lengths: steps that count, (batch,).
        """
        self._kept.clear()
        random = np.random.default_rng([self.seed, 1])
        drawn = 0
        for k, (dilation, each) in enumerate(self.spread):
            enough = (lengths > (SPAN - 1) * dilation).nonzero()[:, 0]
            enough = enough if len(enough) else torch.arange(len(x), device=x.device)
            rows = enough[torch.from_numpy(random.integers(len(enough), size=KERNELS)).to(x.device)]
            found = self._convolved(self._cut(x[rows], lengths[rows]), k, dilation).double().cpu().numpy()
            at = (np.arange(drawn + 1, drawn + 1 + KERNELS * each) * _GOLDEN % 1).reshape(KERNELS, each)
            drawn += at.size
            thresholds = np.repeat(self.lift * (1 + _within(k)[:, None]), each, axis=1)
            for kernel in range(KERNELS):
                values = found[kernel, kernel]
                values = values[values > (0.5 + _within(k)[kernel]) * self.lift]  # where it counts
                if len(values):
                    thresholds[kernel] = np.quantile(values, at[kernel])
            halfway = (np.floor(thresholds * self.grid) + 0.5) / self.grid
            self._thresholds(k).copy_(torch.from_numpy(halfway))
        shares = self.shares(x, lengths).double()
        spread = shares.std(dim=0, correction=0)
        self.center.copy_(shares.mean(dim=0))
        wanted = self.size**-0.5 / spread.clamp(min=LEAST_SPREAD)
        self.scale.copy_(torch.where(spread > 0, wanted, torch.zeros_like(wanted)))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, size) from x (batch, time, column), which is zero in the padding."""
        return (self.shares(x, lengths) - self.center) * self.scale

    @torch.no_grad()
    def kept(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return what `forward` does, of sequences that were here before without computing it again."""
        rows = zip(x.detach().cpu(), lengths.tolist(), strict=True)
        keys = [blake2b(row[:length].contiguous().numpy().tobytes(), digest_size=16).digest() for row, length in rows]
        new = {key: k for k, key in enumerate(keys) if key not in self._kept}
        places = list(new.values())
        fresh = dict(zip(new, self(x[places], lengths[places]), strict=True)) if new else {}
        found = torch.stack([fresh[key] if key in fresh else self._kept[key] for key in keys])
        for key, row in fresh.items():
            self._kept.add(key, row)
        return found

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], *others: Any) -> None:
        self._kept.clear()  # of other thresholds
        super()._load_from_state_dict(state_dict, *others)

    def shares(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the share of steps above each threshold, (batch, size)."""
        if torch.compiler.is_exporting():
            return self._shares(x, lengths)
        rows = max(1, _AT_ONCE // (self.size // len(self.spread) * x.shape[1]))
        pieces = zip(torch.split(x, rows), torch.split(lengths, rows), strict=True)
        with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
            return torch.cat([self._shares(*piece) for piece in pieces])

    def _shares(self, x: Tensor, lengths: Tensor) -> Tensor:
        found, cut = [], self._cut(x, lengths)
        for k, (dilation, _) in enumerate(self.spread):
            given = self._convolved(cut, k, dilation).unsqueeze(2)  # (batch, kernel, 1, time)
            found.append((given > self._thresholds(k).unsqueeze(2)).to(x.dtype).sum(dim=3).flatten(1))
        counts = (lengths.unsqueeze(1) - self.reach).clamp(min=1)
        return torch.cat(found, dim=1) / counts.to(x.dtype)

    def _cut(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, column, time) on the grid, and one column more that says which steps count."""
        cut = (x.clamp(-FARTHEST, FARTHEST) * self.grid).to(torch.int32).to(x.dtype) * (1 / self.grid)
        counts = (torch.arange(x.shape[1], device=x.device) < lengths.unsqueeze(1)).to(x.dtype)
        return torch.cat([cut.transpose(1, 2), counts.unsqueeze(1)], dim=1)

    def _convolved(self, cut: Tensor, k: int, dilation: int) -> Tensor:
        """Return (batch, kernel, time), lifted above where kernels do not count."""
        return functional.conv1d(cut, self._kernels(k), padding=SPAN // 2 * dilation, dilation=dilation)

    def _kernels(self, k: int) -> Tensor:
        return self.get_buffer(f"kernels_{k}")

    def _thresholds(self, k: int) -> Tensor:
        return self.get_buffer(f"thresholds_{k}")


def _within(k: int) -> NDArray[np.int64]:
    """Return 1 for each kernel that stays within the sequence at dilation number k, 0 where it sees zeros beyond."""
    return (np.arange(KERNELS) + k) % 2


def _kernels(
    columns: int,
    ways: Sequence[Sequence[int]],
    lift: float,
    within: NDArray[np.int64],
    random: np.random.Generator,
) -> Tensor:
    """Return weights (kernel, column and one more, 9): each kernel reads a few columns of one way, all of them alike.

    The last column is 1 where steps count: what is there at the middle, or at both ends of a kernel, lifts the sum.
    """
    kernels = torch.zeros(KERNELS, columns + 1, SPAN)
    for k, raised in enumerate(_RAISED):
        way = ways[0] if len(ways) == 1 else ways[int(random.integers(len(ways)))]
        most = np.log2(min(len(way), MOST_COLUMNS) + 1)
        read = random.choice(np.asarray(way), size=int(2 ** random.uniform(0, most)), replace=False)
        kernels[k, read] = -1.0
        for place in raised:
            kernels[k, read, place] = 2.0
        kernels[k, -1, [0, -1] if within[k] else SPAN // 2] = lift
    return kernels
