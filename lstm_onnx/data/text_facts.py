"""What was found about a text table while it was read, beside its cells: kept for errors and notes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_KEPT = 16
"""Files of which the last reading is remembered."""


@dataclass(frozen=True)
class TextFacts:
    """How a file of text became a table.

    Attributes:
        mark: what separates its cells.
        rows: number of each data row in the file, from 1; None where the second line of the file is the first row.
        notes: one line for each thing that was repaired or passed over.
    """

    mark: str
    rows: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()


_FACTS: OrderedDict[str, TextFacts] = OrderedDict()


def remember(path: Path | str, facts: TextFacts | None) -> None:
    """Keep what was found at the newest reading of a file; None where there is nothing to keep."""
    _FACTS.pop(str(path), None)
    if facts is not None:
        _FACTS[str(path)] = facts
        while len(_FACTS) > _KEPT:
            _FACTS.popitem(last=False)


def facts_of(path: Path | str) -> TextFacts | None:
    """Return what was found at the newest reading of a file of text."""
    return _FACTS.get(str(path))


def reading_notes(path: Path | str) -> tuple[str, ...]:
    """Return what was repaired or passed over at the newest reading of a file."""
    facts = facts_of(path)
    return facts.notes if facts is not None else ()
