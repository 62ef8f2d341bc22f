"""Names of features, made of what columns are called."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Sequence

RESERVED = ("batch", "lengths", "self", "state", "time", "word")
"""Names that a model on features has already: of axes, of inputs beside the features, and of what goes round."""


def identifiers(columns: Sequence[str]) -> list[str]:
    """Return a name for the feature of each column: letters, digits and _, each once, as near as may be.

    Args:
        columns: what a person's table calls them, each once.
    """
    found: list[str] = []
    for column in columns:
        plain = unicodedata.normalize("NFKD", column).encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") or "column"
        name = f"column_{name}" if name[0].isdigit() else name
        name = f"{name}_value" if name in RESERVED or keyword.iskeyword(name) else name
        number = 2
        unique = name
        while unique in found:
            unique, number = f"{name}_{number}", number + 1
        found.append(unique)
    return found
