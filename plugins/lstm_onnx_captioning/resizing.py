"""Makes any picture a square of fixed size, the same way in PyTorch, in the graph and by Pillow.

The filter is Pillow's BILINEAR: a triangle, as wide as the picture shrinks but never narrower than two pixels, at half-pixel
centres, its weights adding up to 1 at the edges too. It is written as two matrix products, so that every runtime computes
the same; ONNX's `Resize` differs from runtime to runtime where it filters at all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

GREY = 128.0
"""What is added to the short side where the picture is padded."""


class Square(nn.Module):
    """Cuts, pads or stretches pictures, and resizes them.

    Args:
        size: pixels of a side.
        fit: "crop" keeps the middle of the long side, "pad" adds grey to both ends of the short one, "stretch" neither.
    """

    def __init__(self, size: int, fit: str) -> None:
        super().__init__()
        self.size, self.fit = size, fit

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, 3, size, size), from 0 to 1, from bytes (batch, height, width, 3)."""
        x = image.permute(0, 3, 1, 2).to(torch.float32)
        height, width = x.shape[2], x.shape[3]
        down, rest = self._weights(height, height, width, x.device), torch.zeros((), device=x.device)
        across = self._weights(width, height, width, x.device)
        x = down @ x @ across.transpose(0, 1)
        if self.fit == "pad":
            covered = down.sum(dim=1, keepdim=True) @ across.sum(dim=1, keepdim=True).transpose(0, 1)
            rest = GREY * (1 - covered)
        return (x + rest) / 255

    def _weights(self, count: int, height: int, width: int, device: torch.device) -> Tensor:
        """Return how much each of `count` pixels counts in each of those that are made, (size, count)."""
        own, *sides = (torch.scalar_tensor(n, device=device) for n in (count, height, width))
        side = {"crop": torch.minimum(*sides), "pad": torch.maximum(*sides), "stretch": own}[self.fit]
        # the window that becomes the square lies around the middle; where it begins is a whole pixel
        begin = torch.sign(own - side) * torch.floor((own - side).abs() / 2)
        scale = side / self.size
        centre = ((torch.arange(self.size, device=device) + 0.5) * scale).unsqueeze(1)
        reach = scale.clamp(min=1)

        def triangle(pixel: Tensor) -> Tensor:
            inside = (pixel >= 0) & (pixel < side)
            return ((1 - (pixel + 0.5 - centre).abs() / reach).clamp(min=0)) * inside

        whole = triangle(torch.arange(height + width, device=device)).sum(dim=1, keepdim=True)  # more than any window
        return triangle(torch.arange(count, device=device) - begin) / whole
