"""What has no weight in it, such as scaling, computed for many batches at once ahead of the steps that learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

ROWS = 1024
"""Examples that are made ready at once."""


@runtime_checkable
class MakesReady(Protocol):
    """A model that can compute a part of its loss ahead of the step."""

    @property
    def makes_ready(self) -> bool:
        """Whether there is such a part."""
        ...

    def ready(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what takes the place of the batch, with a row for each example."""
        ...


def made_ready(batches: Iterator[dict[str, Tensor]], model: nn.Module, size: int) -> Iterator[dict[str, Tensor]]:
    """Yield the same batches, or what the model made of them; either is what its loss takes.

    Args:
        batches: tensors by name.
        model: that learns from them.
        size: examples of a batch.
    """
    if not isinstance(model, MakesReady) or not model.makes_ready:
        yield from batches
        return
    while held := list(islice(batches, max(1, ROWS // size))):
        made = model.ready({name: torch.cat([batch[name] for batch in held]) for name in held[0]})
        sizes = [len(next(iter(batch.values()))) for batch in held]
        pieces = {name: torch.split(tensor, sizes) for name, tensor in made.items()}
        for k in range(len(held)):
            yield {name: parts[k] for name, parts in pieces.items()}
