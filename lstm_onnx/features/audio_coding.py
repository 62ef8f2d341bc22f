"""What stands in torch between blocks of sound and the spectra that an author's `forward` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from lstm_onnx.features.log_mel import FLOOR, Bank


class LogMel(nn.Module):
    """Makes log-mel spectra of blocks of sound, and scales each band by its mean and spread in training.

    Args:
        name: of the blocks; other tensors are handed on.
        constants: of the spectra.
        center: mean of each band of each spectrum.
        spread: its standard deviation.
    """

    memory = "heard"
    """Key of what is remembered from piece to piece: the block that was heard last."""
    waves: Tensor
    bands: Tensor
    center: Tensor
    spread: Tensor

    def __init__(self, name: str, constants: Bank, center: Sequence[float], spread: Sequence[float]) -> None:
        super().__init__()
        self.name, self.starts = name, constants.starts
        for what, array in (("waves", constants.waves), ("bands", constants.bands)):
            self.register_buffer(what, torch.from_numpy(array.copy()), persistent=False)
        self.register_buffer("center", torch.tensor(center, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def forward(self, **tensors: Tensor) -> dict[str, Tensor]:
        """Return the tensors, that of `name` as spectra (batch, block, frames * mels); before it there is silence."""
        return self.go_on(tensors, None)[0]

    def go_on(self, tensors: Mapping[str, Tensor], before: Tensor | None) -> tuple[dict[str, Tensor], Tensor]:
        """Return what `forward` does, and the last block, (batch, 1, samples).

        Args:
            tensors: by name.
            before: the last block of the piece before, or None for silence.
        """
        blocks = tensors[self.name].clamp(-1, 1)  # (batch, block, samples)
        if before is None:
            before = torch.zeros_like(blocks[:, :1])
        joined = torch.cat([before, blocks], dim=1)
        both = torch.cat([joined[:, :-1], joined[:, 1:]], dim=2)
        bins, window = self.bands.shape[0], self.waves.shape[0]
        found = []
        for start in self.starts:
            waves = both[:, :, start : start + window] @ self.waves
            power = waves[:, :, :bins].square() + waves[:, :, bins:].square()
            found.append(torch.log(power @ self.bands + FLOOR))
        spectra = (torch.cat(found, dim=2) - self.center) / self.spread
        return {**tensors, self.name: spectra}, joined[:, -1:]
