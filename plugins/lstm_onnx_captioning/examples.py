"""Pictures with captions, as they were found or drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.data.parts import Part

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size with their captions.

    Attributes:
        images: of each picture (size, size, 3), red, green and blue.
        captions: of each picture, normalised, one at least.
        parts: where each picture belongs; None where that is not said.
    """

    images: Sequence[Pixels] | Pixels
    captions: Sequence[tuple[str, ...]]
    parts: Sequence[Part] | None = None

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.captions)
