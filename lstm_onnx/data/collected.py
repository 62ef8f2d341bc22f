"""A total of metrics that keeps every value, for those that are no sums."""

from __future__ import annotations

import numpy as np

from lstm_onnx.contract import Array


class Collected:
    """Examples that a metric needs all at once, such as scores to rank: added up, they are laid end to end.

    Each part is kept as it came until `arrays` is asked for, so that adding costs no copy.

    Args:
        columns: by name, each with an entry for every example.
    """

    def __init__(self, **columns: Array) -> None:
        self._parts: tuple[dict[str, Array], ...] = (columns,) if columns else ()

    def __add__(self, other: Collected | float) -> Collected:
        """Put `other` behind; nothing is added to 0, from which sums begin."""
        both = Collected()
        both._parts = self._parts + (other._parts if isinstance(other, Collected) else ())
        return both

    __radd__ = __add__

    def arrays(self) -> dict[str, Array]:
        """Return all that was collected, by name."""
        first = self._parts[0] if self._parts else {}
        return {name: np.concatenate([part[name] for part in self._parts]) for name in first}
