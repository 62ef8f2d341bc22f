"""What has no weight in it, such as scaling, computed for many batches at once ahead of the steps that learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

ROWS = 1024
"""Examples that are made ready at once."""


@runtime_checkable
class MakesReady(Protocol):
    """A model that can compute a part of its loss ahead of the step."""

    @property
    def makes_ready(self) -> bool:
        """Whether there is such a part."""
        ...

    @property
    def keeps_batch(self) -> bool:
        """Whether the loss takes it beside the batch, and not in its place."""
        ...

    def ready(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what the loss takes beside the batch, or in its place, with a row for each example."""
        ...


def made_ready(batches: Iterator[dict[str, Tensor]], model: nn.Module, size: int) -> Iterator[dict[str, Tensor]]:
    """Yield the same batches, or what the model made of them, perhaps beside them; either is what its loss takes.

    Batches that are padded to different lengths are padded to the longest for that, and stay as they are otherwise.

    Args:
        batches: tensors by name.
        model: that learns from them.
        size: examples of a batch.
    """
    if not isinstance(model, MakesReady) or not model.makes_ready:
        yield from batches
        return
    while held := list(islice(batches, max(1, ROWS // size))):
        made = model.ready({name: _joined([batch[name] for batch in held]) for name in held[0]})
        sizes = [len(next(iter(batch.values()))) for batch in held]
        pieces = {name: torch.split(tensor, sizes) for name, tensor in made.items()}
        for k, batch in enumerate(held):
            yield {**(batch if model.keeps_batch else {}), **{name: parts[k] for name, parts in pieces.items()}}


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    """Put tensors one below the other, with zeros at the ends of those that are shorter in another dimension."""
    sizes = [max(column) for column in zip(*(t.shape[1:] for t in tensors), strict=True)]
    missing = [
        [n for size, own in zip(reversed(sizes), reversed(t.shape[1:]), strict=True) for n in (0, size - own)]
        for t in tensors
    ]
    return torch.cat([functional.pad(t, m) if any(m) else t for t, m in zip(tensors, missing, strict=True)])
