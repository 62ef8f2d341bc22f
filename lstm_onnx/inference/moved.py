"""How far answers moved, where no metric can say what that costs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lstm_onnx.task import Arrays


def moved(pairs: Iterable[tuple[Arrays, Arrays]]) -> float:
    """Percent by which answers moved: of numbers the distance beside their size, of anything else how many changed.

    The worst output counts. NaN on one side alone is a change of the whole number.

    Args:
        pairs: outputs of batches before and after.
    """
    apart: dict[str, float] = {}
    size: dict[str, float] = {}
    for before, after in pairs:
        for name, one in before.items():
            other = after[name]
            if one.dtype.kind == "f":
                a, b = (np.nan_to_num(x.astype(np.float64)) for x in (one, other))
                lost = np.where(np.isnan(one) == np.isnan(other), np.abs(a - b), np.abs(a) + np.abs(b))
                whole = np.abs(a)
            else:
                lost, whole = one != other, np.ones(one.shape)
            apart[name] = apart.get(name, 0.0) + float(lost.sum())
            size[name] = size.get(name, 0.0) + float(whole.sum())
    return max((100 * d / size[name] if size[name] else np.inf * d for name, d in apart.items() if d), default=0.0)
