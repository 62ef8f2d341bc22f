"""How much memory a file may ask for: a small one can ask for a lot, by accident or on purpose.

What is compressed 20 to 1 at most is believed at any size; beyond that, a file may become a gigabyte. Whoever knows
better says so: `LSTM_ONNX_MAX_MB=8000`.
"""

from __future__ import annotations

import os
from pathlib import Path

from lstm_onnx.errors import UserError

VARIABLE = "LSTM_ONNX_MAX_MB"
"""Environment variable: megabytes that what is read from one file may take, whatever the size of the file."""
_ALWAYS = 1 << 30
_USUAL_RATIO = 20


def refuse_bomb(path: Path, needed: int, ratio: float = _USUAL_RATIO, always: int = _ALWAYS) -> None:
    """Refuse a file that would take much more memory than it has bytes.

    Args:
        path: the file.
        needed: bytes that its content takes.
        ratio: how many times the size of the file are usual.
        always: bytes that are allowed to any file.

    Raises:
        UserError: it needs too much; says how much, and how to allow it.
    """
    size = path.stat().st_size
    if needed <= _given(max(always, int(ratio * size))):
        return
    raise UserError(
        f"{path}: {size / 1e6:,.3g} MB that would take {needed / 1e6:,.0f} MB of memory, as files do that are made to "
        f"fill it; if it is sound, allow that with the environment variable {VARIABLE}={-(-needed // 1_000_000)}"
    )


def _given(usual: int) -> int:
    text = os.environ.get(VARIABLE)
    if text is None:
        return usual
    try:
        return int(float(text) * 1e6)
    except (ValueError, OverflowError):
        raise UserError(f"{VARIABLE}={text}: must be a number of megabytes, such as 8000") from None
