"""Rows of numbers that were computed once, found again by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.data.room import Room

IN_MEMORY = 1 << 25
"""Bytes of rows in memory, where there is room elsewhere."""
_TOGETHER = 1024


class KeptRows:
    """Rows by their keys: the first in memory, or on the GPU where they come from there, others in a room.

    Args:
        most: bytes of rows at most; others are not kept.
        room: for what is beyond `IN_MEMORY`; all is in memory without it.
    """

    def __init__(self, most: int, room: Room | None = None) -> None:
        self.most, self.room = most, room
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._places, self._blocks, self._is_full = dict[bytes, int](), list[Tensor](), False

    def __deepcopy__(self, memo: object) -> KeptRows:
        """Return an empty one: what a copy of a model computes is its own, and files cannot be copied."""
        return KeptRows(self.most, self.room)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        """Whether there is a row of this key."""
        return key in self._places

    def __getitem__(self, key: bytes) -> Tensor:
        """Return the row of a key, (size,); raises `KeyError`."""
        block, at = divmod(self._places[key], _TOGETHER)
        found = self._blocks[block][at]
        self._touched(found)
        return found

    def add(self, key: bytes, row: Tensor) -> None:
        """Keep a copy of a row (size,), float32, unless there is no more room."""
        block, at = divmod(len(self), _TOGETHER)
        if (len(self) + 1) * row.nbytes > self.most or self._is_full:
            return
        if block == len(self._blocks):
            try:
                self._blocks.append(self._block(row))
            except UserError:  # the disk is full: others are computed again, which takes longer
                self._is_full = True
                return
        self._blocks[block][at] = row
        self._places[key] = len(self)
        self._touched(row)

    def _block(self, like: Tensor) -> Tensor:
        if self.room is None or like.is_cuda or len(self._blocks) * _TOGETHER * like.nbytes < IN_MEMORY:
            return like.new_empty((_TOGETHER, *like.shape))
        return torch.from_numpy(self.room.empty((_TOGETHER, *like.shape), np.float32))

    def _touched(self, row: Tensor) -> None:
        if self.room is not None:
            self.room.touched(row.nbytes)
